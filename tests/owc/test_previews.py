"""The first rows of a table as text."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa

from owc.services.previews import PREVIEW_CHARS, PREVIEW_ROWS, preview_of


def test_values_of_every_type_are_shown_as_sql_casts_them() -> None:
    row = {
        "b": True,
        "n": -7,
        "f": 0.5,
        "s": "é",
        "x": b"a\xff",
        "d": date(2024, 2, 29),
        "t": datetime.fromisoformat("2024-02-29 12:00:00.500"),
        "m": Decimal("1.50"),
        "none": None,
    }
    assert preview_of(pa.Table.from_pylist([row])) == {
        "columns": list(row),
        "rows": [
            [
                "true",
                "-7",
                "0.5",
                "é",
                "a\\xFF",
                "2024-02-29",
                "2024-02-29 12:00:00.5",
                "1.50",
                None,
            ]
        ],
    }


def test_long_values_and_later_rows_are_cut() -> None:
    table = pa.table({"s": ["x" * 1000] * 100, "b": [bytes(1000)] * 100})
    rows = preview_of(table)["rows"]
    assert len(rows) == PREVIEW_ROWS
    assert all(len(text) == PREVIEW_CHARS and text.endswith("…") for text in rows[0])
