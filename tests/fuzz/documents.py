"""Random job documents: good ones with some of their parts replaced, moved, doubled or broken.

Every choice is drawn from a source of integers, so that hypothesis, a seed, or a coverage-guided
fuzzer can make it.
"""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar

from jobspec.document_rules.keywords import MEMBERS, SHARED, SOURCES, STEPS
from jobspec.document_rules.wishes import ON_ERROR, STRATEGIES
from jobspec.sql.functions import FORMS, FUNCTIONS, OPERATORS
from jobspec.types import ValueType
from tests.corpus import files

T = TypeVar("T")
Draw = Callable[[int], int]
"""Gives an integer from 0 up to what it is given, exclusive."""

_NUMBERS = (0, -1, 1, 1.5, -0.0, 1e308, 2**31, 2**53, 2**63, 2**64, -(2**63), 10**40, 0.1)
_WORDS = ("", " ", "n", "NULL", "é😀", "\0", "x" * 300, "a.b", '"', "'", "--", "/*", ";", "$1")
_WISHES = (
    *(*ON_ERROR, *STRATEGIES, "SKIP", "fastest ", "2030-01-31T12:00:00Z", "2030-01-31t12:00z"),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2030-02-30T12:00:00Z"),
    *("2030-01-31", "2030-01-31T12:00:00", "2030-01-31T24:00:00Z", "2030-W05-4T12:00Z"),
    *("2030-01-31T12:00:00+25:00", "٢٠٣٠-01-31T12:00:00Z", "0000-01-01T00:00:00Z"),
)
_TOKENS = (
    *("(", ")", "((((", "))))", ",", "'", '"', " ", "\n", "--", "/*", "::", ".", "1", "1e9"),
    *("NULL", "AND", "OR", "NOT", "CASE", "WHEN", "THEN", "END", "IN (", "BETWEEN", "LIKE", "IS"),
    *("CAST(", " AS ", "INTERVAL '1' day", "DATE '2026-01-01'", "e0", "0x1F", "999999999999"),
    *("a{1000}", "(a|b)*", "[^", "\\\\", "%", "n", "x", "s", "d", "~", " ~ '(a|b)*x.{7}'"),
    *("regexp_matches(s, '", "regexp_replace(s, '(a)?", "' ESCAPE '", "0.999999999999999999"),
    *("DATE '5874897-12-31'", "INTERVAL '9223372036854775807' month", "FILTER (WHERE n > 1)"),
)
_CODE = (
    *("\n", "    ", "def f(n: i64) -> i64:", "return n", "while True:", "for i in range(10**9):"),
    *("if n:", "else:", "n = n * n", "x = [0.0] * 1000", "x[n]", "import os", "lambda: 0", "f(n)"),
    *("n ** 60", "**", "1 << 200", "[[", "]]", "(", ")", ":", "yield", "'a'", "0.1", "n, m = m, n"),
)
_GOOD: list[dict[str, Any]] = [
    {
        "name": "flights",
        "source": {"range": {"n": [1, 1000]}},
        "functions": {
            "flight": "def flight(n: i64) -> i32:\n    s = 0\n    while n != 1:\n"
            "        n = n // 2 if n % 2 == 0 else 3 * n + 1\n        s += 1\n    return s"
        },
        "steps": [
            {"derive": {"s": "flight(n)"}},
            {"aggregate": {"m": "max(s)", "at": "arg_max(n, s)"}},
        ],
    },
    {
        "name": "words",
        "source": {"rows": [{"s": "a b", "x": 1.5}, {"s": None, "x": -2}]},
        "steps": [{"filter": "x > 0"}, {"aggregate": {"c": "count(*)"}, "by": ["s"]}],
    },
    {
        "name": "shared",
        "source": {"range": {"n": [0, 3]}},
        "shared": {
            "m": {"values": [[1, 2.5], [3, 4]], "type": "f64"},
            "t": {"rows": [{"k": 1, "d": "2024-02-29"}], "columns": {"d": "date"}},
        },
        "functions": {"at": "def at(m: f64[:, :], i: i64) -> f64:\n    return m[i % 2][0]"},
        "steps": [{"derive": {"x": "at(m, n)"}}, {"join": {"table": "t", "on": {"n": "k"}}}],
    },
    {
        "name": "types",
        "source": {
            "rows": [{"b": "a\\xFF", "d": "2024-02-29", "t": "2024-02-29 12:00", "m": "1.50"}],
            "columns": {"b": "binary", "d": "date", "t": "timestamp", "m": "decimal(9,2)"},
        },
        "steps": [{"aggregate": {"x": "max(d)", "y": "min(m)"}, "by": ["b", "t"]}],
    },
    {
        "name": "picture",
        "source": {"range": {"y": [0, 3], "x": [0, 4, 2]}},
        "steps": [
            {"sample": {"fraction": 0.5, "seed": 1}},
            {"derive": {"v": "x * y"}},
            {"sort": ["v desc nulls first", "x"], "limit": 5},
        ],
        "finish": [{"filter": "v >= 0"}, {"distinct": ["x", "y"]}],
        "trust": {"verify": "v < 100"},
        "output": {
            "formats": ["csv"],
            "image": {"x": "x", "y": "y", "value": "v", "palette": ["#000000", "#ffffff"]},
            "npy": {"value": "v", "axes": ["y", "x"]},
        },
    },
    {
        "name": "search",
        "source": {"range": {"n": [0, 10]}},
        "steps": [{"stop_when": "n * n > 50"}],
        "finish": [{"sample": {"rows": 1}}],
        "deadline": "2030-01-31T12:00:00.5+05:30",
        "strategy": "least_loaded",
        "on_error": "skip",
        "requires": {"score": 2.5, "memory_bytes": 1000, "mobile": False},
        "split": {"seconds": 0.5},
        "priority": 0,
    },
    {
        "name": "elsewhere",
        "source": {"url": "https://example.org/a.csv", "format": "csv", "columns": {"a": "i64"}},
        "shared": {"u": {"upload": "0" * 64, "format": "npy"}},
        "steps": [{"filter": "a > 1"}],
    },
]


def document(draw: Draw) -> bytes:
    """The text of a document that is nearly good."""
    found = copy.deepcopy(_one(draw, _good()))
    for _ in range(1 + draw(4)):
        _change(draw, found)
    text = json.dumps(found)
    if draw(10) == 0:
        at = draw(len(text) + 1)
        text = (
            text[:at] + _one(draw, [*'{}[],:"0', "\\ud800", "null", "1e999"]) + text[at + draw(3) :]
        )
    return text.encode("utf-8", "surrogatepass")


@cache
def _good() -> list[dict[str, Any]]:
    return [*_GOOD, *(job for job in files.jobs() if "upload" not in job["source"])]


def _change(draw: Draw, document: dict[str, Any]) -> None:
    """Change one place of the document."""
    places = list(_places(document))
    container, key = _one(draw, places)
    value = container[key]
    match draw(8):
        case 0:
            container[key] = _json(draw, 3)
        case 1 if isinstance(container, dict):
            container[_one(draw, (*_WORDS, *MEMBERS, *STEPS, *SOURCES, *SHARED))] = container.pop(
                key
            )
        case 2:
            del container[key]
        case 3:
            other, at = _one(draw, places)
            container[key] = copy.deepcopy(other[at]) if at in _keys(other) else value
        case 4 if isinstance(container, list):
            container.extend([value] * draw(200))
        case _ if key == "wasm" and isinstance(value, str):
            container[key] = _module(draw, value)
        case _ if key in ("deadline", "strategy", "on_error"):
            container[key] = _one(draw, _WISHES)
        case _ if isinstance(value, str):
            container[key] = _text(draw, value)
        case _:
            container[key] = _json(draw, 1)


def _text(draw: Draw, text: str) -> str:
    """An expression or a function with pieces put in, taken out or repeated."""
    pieces: Sequence[str] = _CODE if "\n" in text else (*_TOKENS, *_names())
    for _ in range(1 + draw(5)):
        at, end = sorted((draw(len(text) + 1), draw(len(text) + 1)))
        match draw(5):
            case 0:
                text = text[:at] + text[end:]
            case 1 if len(text) < 5000:
                text = text[:at] + text[at:end] * (2 + draw(40)) + text[end:]
            case 2:
                name = _one(draw, sorted(FUNCTIONS))
                text = f"{name}({', '.join([text] * (1 + draw(3)))})" if len(text) < 3000 else text
            case _:
                text = text[:at] + _one(draw, pieces) + text[at:]
    return text


def _module(draw: Draw, text: str) -> str:
    """A WebAssembly module with some of its bytes changed."""
    try:
        wasm = bytearray(base64.b64decode(text))
    except ValueError:  # it was changed before
        return text
    for _ in range(1 + draw(3)):
        if wasm:
            wasm[draw(len(wasm))] = draw(256)
    return base64.b64encode(wasm).decode()


def _names() -> list[str]:
    return [*OPERATORS, *FUNCTIONS, *FORMS, *(f"CAST(n AS {type_})" for type_ in ValueType)]


def _json(draw: Draw, depth: int) -> Any:
    match draw(7 if depth else 5):
        case 0:
            return _one(draw, _NUMBERS)
        case 1:
            return _one(draw, _WORDS)
        case 2:
            return _one(draw, (None, True, False))
        case 3 | 4:
            return _text(draw, _one(draw, ("n + 1", "s", "lower(s)", "x > 0", "sum(x)")))
        case 5:
            return [_json(draw, depth - 1) for _ in range(draw(4))]
    keys = (*_WORDS, *MEMBERS, *STEPS, *SOURCES, *SHARED)
    return {_one(draw, keys): _json(draw, depth - 1) for _ in range(draw(4))}


def _places(value: Any) -> Any:
    for key in _keys(value):
        yield value, key
        yield from _places(value[key])


def _keys(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value)
    return list(range(len(value))) if isinstance(value, list) else []


def _one(draw: Draw, options: Sequence[T]) -> T:
    return options[draw(len(options))]
