"""The rows over which the examples of aggregate functions are told, and run in the tests."""

from __future__ import annotations

COLUMNS = {"n": "i64", "word": "string", "price": "decimal(4,2)", "x": "f64", "day": "date"}

ROWS: tuple[dict[str, object], ...] = (
    {"n": 3, "word": "pear", "price": None, "x": 0.1, "day": "2024-02-29"},
    {"n": 1, "word": "fig", "price": "1.25", "x": 0.2, "day": "2025-01-01"},
    {"n": None, "word": "pear", "price": "1.25", "x": 0.3, "day": None},
    {"n": 2, "word": "apple", "price": "3.50", "x": 0.4, "day": "2025-01-01"},
    {"n": 2, "word": "fig", "price": "1.25", "x": 10.0, "day": "2026-11-21"},
)
