"""Decimals in expressions: random pairs of types against DuckDB, types of results, and traps."""

from __future__ import annotations

import math
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from jobspec import sql
from jobspec.problems import ProblemList
from jobspec.types import Column, ValueType
from tests.jobspec.expressions import DuckDB, Expressions, Trapped, evaluate

TYPES = [
    *(ValueType.decimal(*digits) for digits in ((2, 2), (4, 1), (9, 4), (12, 0), (18, 2), (18, 9))),
    *(ValueType.I8, ValueType.I64, ValueType.U32, ValueType.U64),
]
EXPRESSIONS = [
    *(f"a {operator} b" for operator in ("+", "-", "*", "/", "%")),
    *(f"a {operator} b" for operator in ("=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM")),
    *("a BETWEEN b AND 0.5", "a IN (b, 1, 2.5)", "coalesce(a, b)", "nullif(a, b)"),
    *("least(a, b)", "greatest(a, b, 0.25)", "CASE WHEN a < b THEN a ELSE b END"),
    *("a * 0.5 + b", "a - 1", "2 * b - 0.75", "a + CAST(0.5 AS f32)", "b + 1e0", "a || ''"),
]
OF_ONE = [
    *("-a", "abs(a)", "sign(a)", "floor(a)", "ceil(a)", "trunc(a)", "round(a)", "sqrt(abs(a))"),
    *(f"round(a, {digits})" for digits in (-20, -3, -1, 0, 1, 3, 20)),
    *(f"trunc(a, {digits})" for digits in (-20, -2, 0, 1, 3)),
]


def value(rng: Random, type_: ValueType) -> Any:
    low, high = type_.minimum, type_.maximum
    number = rng.choice(
        [
            *(0, 1, -1, low, high, rng.randint(-1000, 1000), rng.randint(low, high)),
            rng.randint(low, high) // 10 ** rng.randrange(0, 18),
            rng.choice([1, -1]) * 10 ** rng.randrange(0, 19),
            rng.choice([1, -1]) * 5 * 10 ** rng.randrange(0, 18) + rng.choice([0, -1]),
        ]
    )
    number = max(low, min(high, number))
    return Decimal(number).scaleb(-type_.scale) if type_.is_decimal else number


def in_both(
    texts: list[str], schema: tuple[Column, ...], rows: list[tuple[Any, ...]]
) -> list[tuple[str, tuple[Any, ...], Any, Any]]:
    """Expression, row, our value and DuckDB's; Trapped for an error."""
    compiled = Expressions(texts, schema)
    ours = [compiled.run(row) for row in rows]
    engine = DuckDB(schema, rows)
    found = []
    for index, text in enumerate(texts):
        theirs = engine.run(text.replace(" AS f32", " AS FLOAT"))
        for row, values, expected in zip(rows, ours, theirs, strict=True):
            found.append((text, row, values[index], expected))
    engine.close()
    return found


def both_nan(ours: Any, expected: Any) -> bool:
    return all(isinstance(side, float) and math.isnan(side) for side in (ours, expected))


def digits_of(expected: Any) -> int:
    """Of the number without its point."""
    return len(expected.as_tuple().digits) if isinstance(expected, Decimal) else 0


@pytest.mark.parametrize("left", TYPES, ids=str)
def test_decimals_are_computed_as_in_duckdb(left: ValueType) -> None:
    rng = Random(str(left))
    compared = 0
    for right in TYPES:
        if not (left.is_decimal or right.is_decimal):
            continue
        schema = (Column("a", left), Column("b", right))
        texts = [text for text in EXPRESSIONS if is_good(text, schema)]
        assert len(texts) >= len(EXPRESSIONS) - 2  # products may have too many digits
        rows = [(value(rng, left), value(rng, right)) for _ in range(12)]
        for text, row, ours, expected in in_both(texts, schema, rows):
            if isinstance(ours, Trapped) and ours.code != "division_by_zero":
                codes = {"decimal_overflow", "cast_overflow", "integer_overflow"}
                assert ours.code in codes, (text, row)
                continue
            assert ours == expected or both_nan(ours, expected), (text, left, right, row)
            compared += 1
    assert compared > 600


def is_good(text: str, schema: tuple[Column, ...]) -> bool:
    scope = {column.name: column for column in schema}
    parsed = sql.parse_expression(text, "", ProblemList(), scope=scope, functions={})
    return parsed is not None


@pytest.mark.parametrize("type_", [type_ for type_ in TYPES if type_.is_decimal], ids=str)
def test_decimals_are_rounded_as_in_duckdb(type_: ValueType) -> None:
    rng = Random(str(type_))
    rows = [(value(rng, type_),) for _ in range(40)]
    for text, row, ours, expected in in_both(OF_ONE, (Column("a", type_),), rows):
        if isinstance(ours, Trapped):
            assert digits_of(expected) > type_.precision, (text, row)
        else:
            assert ours == expected, (text, row)


TYPES_OF_RESULTS = [
    ("1.5", "decimal(2,1)"),
    ("0.05", "decimal(3,2)"),
    ("-0.10", "decimal(3,2)"),
    ("1.5 + 2.25", "decimal(4,2)"),
    ("1.5 * 2.25", "decimal(5,3)"),
    ("1.5 % 0.25", "decimal(3,2)"),
    ("1.5 / 2", "f64"),
    ("1.5 + 1", "decimal(12,1)"),
    ("k * 0.5", "decimal(12,1)"),
    ("i + 0.5", "decimal(18,1)"),
    ("m * m", "decimal(18,4)"),
    ("m + 1e0", "f64"),
    ("f * 1.5", "f32"),
    ("f + m", "f32"),
    ("3.14159265358979323846", "f64"),
    ("f * 3.14159265358979323846", "f32"),
    ("coalesce(m, 0)", "decimal(9,2)"),
    ("coalesce(m, 0.125)", "decimal(10,3)"),
    ("coalesce(i, 0.5)", "decimal(18,1)"),
    ("round(m)", "decimal(9,0)"),
    ("round(m, 1)", "decimal(9,1)"),
    ("round(m, 5)", "decimal(9,2)"),
    ("floor(m)", "decimal(9,0)"),
    ("sqrt(m)", "f64"),
    ("sign(m)", "i64"),
    ("CAST(i AS decimal)", "decimal(18,3)"),
    ("CAST(i AS numeric(5))", "decimal(5,0)"),
]


@pytest.mark.parametrize(("text", "type_name"), TYPES_OF_RESULTS)
def test_type_of_a_decimal_follows_from_its_operands(text: str, type_name: str) -> None:
    scope = {
        "i": Column("i", ValueType.I64),
        "k": Column("k", ValueType.I32),
        "m": Column("m", ValueType.decimal(9, 2)),
        "f": Column("f", ValueType.F32),
    }
    problems = ProblemList()
    found = sql.parse_expression(text, "", problems, scope=scope, functions={})
    assert not problems
    assert found is not None
    assert found.type == type_name


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (
            "CAST(999999999999999999 AS decimal(18,0)) + CAST(n AS decimal(18,0))",
            "decimal_overflow",
        ),
        ("CAST(-999999999999999999 AS decimal(18,0)) - n", "decimal_overflow"),
        ("CAST(n AS decimal(18,0)) * 1000000000000000000", "decimal_overflow"),
        ("(9223372036854775806 + n) * 0.5", "decimal_overflow"),
        ("round(CAST(999999999999999999 AS decimal(18,0)) * n, -3)", "decimal_overflow"),
        ("1.5 % (n - 1)", "division_by_zero"),
        ("CAST(99.95 * n AS decimal(3,1))", "cast_overflow"),
        ("CAST(127.5 * n AS i8)", "cast_overflow"),
        ("CAST(n / 0 AS decimal(18,0))", "cast_overflow"),
        ("0.5 + 1000000000000000000 * n", "cast_overflow"),
    ],
)
def test_what_has_too_many_digits_traps(text: str, code: str) -> None:
    found = evaluate(text, n=1)
    assert isinstance(found, Trapped)
    assert found.code == code
    nullable = (Column("n", ValueType.I64, nullable=True),)
    assert Expressions([text], nullable).run((None,)) == [None]


def test_comparisons_see_numbers_that_no_decimal_can_hold() -> None:
    assert evaluate("n > 0.000000000000000001", n=2**63 - 1) is True
    assert evaluate("n < -0.000000000000000001", n=-(2**63)) is True
    assert evaluate("CAST(n AS u64) + 9223372036854775808 > 0.5", n=5) is True
    assert evaluate("n BETWEEN -0.5 AND 9.9", n=2**63 - 1) is False


def test_a_product_with_too_many_digits_after_the_point_is_a_problem() -> None:
    problems = ProblemList()
    scope = {"m": Column("m", ValueType.decimal(18, 10))}
    assert sql.parse_expression("m * m", "", problems, scope=scope, functions={}) is None
    (problem,) = problems
    assert "20 digits after the point" in problem.message
    assert "CAST" in problem.hint
