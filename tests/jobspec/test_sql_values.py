"""What single expressions give: against DuckDB, and under NULL and traps."""

from __future__ import annotations

import math
from decimal import Decimal

import duckdb
import pytest

from jobspec.types import Column, ValueType
from tests.fuzz.compare import agree
from tests.jobspec.expressions import Expressions, Trapped, evaluate

AS_IN_DUCKDB = r"""
1/0    0/0    -1/0    1//0    1%0    7.5e0 % 2    -7.5e0 % 2    5e0 % 0    -7 // 2
-7 % 2    7 % -2    mod(5, 3)
(-9223372036854775808) // -1    (-9223372036854775808) % -1    9223372036854775807 + 1
0.1 + 0.2    0.1 + 0.2 = 0.3    1.5 * 1.5    -0.1    - (0.1 + 0.2) = -0.3    1e400    -1e400
1e308 * 10    .5    1.    1_000    - - 5    + 5    - 5 % 3
abs(-0e0)    sign(-5)    floor(5)    floor(2.5)    floor(-2.5e0)    ceil(-0.5e0)
round(2.5e0)    round(-2.5e0)    round(-0.4e0)    round(0.49999999999999994e0)
round(4503599627370497.5e0)    round(2.567e0, 2)    round(15e0, -1)    round(1e308, 5)
round(123.456e0, 400)    round(123.456e0, -400)    round(25, -1)    round(-15, -1)    round(15, 2)
round(9223372036854775807, -1)    round(1234567, -20)    trunc(-2.7e0)    sqrt(2)    sqrt(-1)
least(1, 2, NULL)    greatest(1, NULL)    coalesce(NULL, 1)    nullif(1, 1)    nullif(1, 2.5e0)
ifnull(NULL, 2)    if(TRUE, 1, 2)    coalesce(1, 1 // 0)    CASE WHEN FALSE THEN 1 // 0 ELSE 5 END
length('aé😀')    strlen('aé😀')    concat('a', NULL, 'b')    concat('a', 1)    'a' || NULL
'a' || 1    'a' || TRUE    1 + 2 || 3
substring('hello', 2)    substring('hello', 0)    substring('hello', 0, 2)
substring('hello', -2)    substring('hello', -2, 1)    substring('hello', -10, 7)
substring('hello', 2, -1)    substring('hello', 4, -2)    substring('hello', -2, -2)
substring('hello', 10, -7)    substring('hello', 1, 0)    substring('aé😀b', 2, 2)
substring('hello', 2, NULL)    left('hello', -2)    left('aé😀', 2)    left('hello', -10)
right('hello', -2)    right('hello', 0)    right('hello', 9223372036854775807)
right('hello', -9223372036854775808)
starts_with('hello', 'he')    starts_with('hello', '')    ends_with('hello', 'lo')
contains('hello', '')    strpos('aé😀b', 'b')    strpos('hello', 'z')    strpos('', '')
trim('  a b  ')    trim('xyaxy', 'xy')    trim('éaé', 'é')
ltrim('xxa', '')    trim('a', NULL)    replace('hello', 'l', 'LL')    replace('hello', '', 'x')
replace('aaa', 'aa', 'b')    reverse('aé😀b')
'abc' LIKE 'a%'    'abc' LIKE '_b_'    'é' LIKE '_'    'a%b' LIKE 'a\%b'    'abc' LIKE '%b%'
'a%b' LIKE 'a\%b' ESCAPE '\'    'a!' LIKE 'a!!' ESCAPE '!'    'ab' LIKE 'a!b' ESCAPE '!'
'' LIKE '%'    '' LIKE ''    'a' LIKE '%%%a%%'    'a' LIKE NULL
1 IN (1, 2, NULL)    3 IN (1, 2, NULL)    NULL IN (1)    2 BETWEEN 1 AND NULL
0 BETWEEN 1 AND NULL    TRUE AND NULL    FALSE AND NULL    NULL IS TRUE    NULL IS NOT TRUE
1 IS DISTINCT FROM NULL    NULL IS NOT DISTINCT FROM NULL    NULL IS NULL    NOT NULL
5 & 3    5 | 3    xor(5, 3)    1 << -1    -1 << 1    -8 >> 1    8 >> 64    8 >> -1    0 << 100
CAST(1 AS bigint) << 62    CAST(1 AS bigint) << 63    CAST(5 AS bigint) << 61
CAST(1 AS ubigint) << 63    CAST(3 AS ubigint) << 63    -1 & 255    1 | 2 + 4 & 3    1 << 2 + 1
CAST(2.5e0 AS int)    CAST(3.5e0 AS int)    CAST(2.5 AS int)    CAST(-2.5 AS int)
CAST(9223372036854775807e0 AS bigint)    CAST(9.3e18 AS ubigint)    CAST(-0.5e0 AS ubigint)
CAST(-0.6e0 AS utinyint)    CAST(127.5e0 AS tinyint)    CAST(-128.5e0 AS tinyint)
CAST(300 AS tinyint)    TRY_CAST(300 AS tinyint)    CAST(-1 AS utinyint)    CAST(TRUE AS int)
CAST(2 AS bool)    CAST(0.5e0 AS bool)    CAST(-0e0 AS bool)    CAST(1e300 AS float)
TRY_CAST(1e300 AS float)    CAST(1e-60 AS float)    CAST(16777217 AS float)
CAST(9007199254740993 AS double)    CAST(9223372036854775807 AS float)
CAST(' 12 ' AS int)    CAST('+12' AS int)    CAST('- 12' AS int)    CAST('12.5' AS int)
CAST('1e3' AS int)    CAST('15e-1' AS int)    CAST('-.25e1' AS int)    CAST('1.8e19' AS ubigint)
CAST('1e19' AS bigint)    CAST('0e99' AS int)    CAST('1e' AS int)    CAST('1e-400' AS int)
CAST('4999999999999999999e-19' AS int)    CAST('5000000000000000000e-19' AS int)
CAST('.5' AS double)    CAST(' -1_0.5e1 ' AS double)    CAST('-Infinity' AS float)
CAST('1e400' AS double)    CAST('16777217' AS float)    CAST('abc' AS double)
TRY_CAST('1.' AS double)    TRY_CAST('.' AS double)    CAST(1e15 AS varchar)
CAST(1e16 AS varchar)    CAST(0.0001e0 AS varchar)    CAST(0.00001e0 AS varchar)
CAST(-0e0 AS varchar)    CAST(CAST(0.1 AS float) AS varchar)    1.5e0 || ' m'
concat(0.1e0 + 0.2e0, NULL, 1e300)
CAST('-12.5' AS int)    CAST('12.' AS int)    CAST('.5' AS int)    CAST('.' AS int)
CAST('' AS int)    CAST('1_000' AS int)    CAST('1_' AS int)    CAST('1__0' AS int)
CAST('1.5_5' AS int)
CAST('1._5' AS int)    CAST('-' AS int)    CAST('-.5' AS int)    CAST('1.2.3' AS int)
CAST('9223372036854775807' AS bigint)    CAST('9223372036854775808' AS bigint)
CAST('-9223372036854775808' AS bigint)    CAST('9223372036854775807.5' AS bigint)
CAST('18446744073709551615' AS ubigint)    CAST('18446744073709551616' AS ubigint)
CAST('-0' AS ubigint)    CAST('-0.0' AS ubigint)    CAST('-0.4' AS utinyint)    CAST('abc' AS int)
CAST(18446744073709551615 AS varchar)    CAST(-9223372036854775808 AS varchar)
FALSE < TRUE    'a' < 'B'    'é' < 'z'    'a' < 'ab'    CAST(1 AS ubigint) > -1
CASE WHEN NULL THEN 1 ELSE 2 END    CASE 1 WHEN NULL THEN 1 WHEN 1 THEN 3 END
NOT 1 = 2    NOT TRUE = FALSE    1 = 1 IS NULL    NOT 2 BETWEEN 3 AND 4    1 + 1 IN (2)
'a' || 'b' LIKE 'ab'    'a' || 'b' = 'ab'    TRUE OR FALSE AND FALSE    NOT TRUE OR TRUE
-7 // 2 * 2    2 + 3 * 4 - 5 // 2    2 BETWEEN 1 AND 3 AND TRUE    -1::int    NOT NULL IS NULL
"""


def listed(text: str) -> list[str]:
    """The expressions, which four spaces or the end of a line divide."""
    parts = [part.strip() for line in text.splitlines() for part in line.split("    ")]
    control_characters = ["trim('\ta\n')", "trim('\u00a0a\u3000')", "'a\nb' LIKE 'a_b'"]
    return [part for part in parts if part] + control_characters


@pytest.mark.parametrize("expression", listed(AS_IN_DUCKDB))
def test_expression_gives_what_duckdb_gives(expression: str) -> None:
    try:
        expected = duckdb.connect().execute(f"SELECT {expression}").fetchall()[0][0]
    except duckdb.Error:
        expected = Trapped()
    ours = evaluate(expression)
    if isinstance(expected, Decimal) and isinstance(ours, float):
        expected = float(expected)  # it has more digits than our decimals
    if isinstance(expected, int) and isinstance(ours, float):
        expected = float(expected)
    assert agree(ours, expected), f"{ours!r}, not {expected!r}"


TRAPS = [
    ("i // j", "division_by_zero", (1, 0)),
    ("i % j", "division_by_zero", (1, 0)),
    ("i // j", "integer_overflow", (-(2**63), -1)),
    ("i + j", "integer_overflow", (2**63 - 1, 1)),
    ("i - j", "integer_overflow", (-(2**63), 1)),
    ("i * j", "integer_overflow", (2**62, 2)),
    ("-i", "integer_overflow", (-(2**63), 0)),
    ("abs(i)", "integer_overflow", (-(2**63), 0)),
    ("i << j", "integer_overflow", (1, 63)),
    ("round(i, -1)", "integer_overflow", (2**63 - 1, 0)),
    ("CAST(i AS i8)", "cast_overflow", (128, 0)),
    ("CAST(i AS u64)", "cast_overflow", (-1, 0)),
]
_PAIR = (Column("i", ValueType.I64, nullable=True), Column("j", ValueType.I64, nullable=True))


@pytest.mark.parametrize(("expression", "code", "row"), TRAPS)
def test_what_has_no_value_traps_by_its_code(
    expression: str, code: str, row: tuple[int, int]
) -> None:
    (value,) = Expressions([expression], _PAIR).run(row)
    assert isinstance(value, Trapped)
    assert value.code == code


@pytest.mark.parametrize("operand", ["i", "j"])
@pytest.mark.parametrize(("expression", "_code", "row"), TRAPS)
def test_null_operand_gives_null_and_never_traps(
    expression: str, _code: str, row: tuple[int, int], operand: str
) -> None:
    if operand not in expression:
        return
    nulled = tuple(
        None if name == operand else value for name, value in zip("ij", row, strict=True)
    )
    assert Expressions([expression], _PAIR).run(nulled) == [None]


def test_null_text_is_no_number_and_does_not_trap() -> None:
    assert evaluate("CAST(s AS i64)", s=None) is None
    assert evaluate("s || 'x'", s=None) is None
    assert evaluate("s LIKE 'x%'", s=None) is None
    assert evaluate("length(s)", s=None) is None


def test_user_function_is_not_called_with_null() -> None:
    functions = {"inverse": "def inverse(n: i64) -> i64:\n    return 10 // n"}
    compiled = Expressions(["inverse(i)", "inverse(j) + 1"], _PAIR, functions)
    assert compiled.run((0, 5))[0] == Trapped()
    assert compiled.run((None, 5)) == [None, 3]


def test_arguments_are_converted_to_the_types_of_parameters() -> None:
    functions = {
        "half": "def half(x: f64) -> f64:\n    return x / 2",
        "small": "def small(n: i8) -> i64:\n    return n * 2",
        "less": "def less(x: f32) -> f64:\n    return x - 1",
    }
    texts = ["half(i)", "small(i)", "less(0.5)", "half(0.5)", "half(NULL)"]
    compiled = Expressions(texts, _PAIR, functions)
    assert compiled.run((7, 0)) == [3.5, 14, -0.5, 0.25, None]
    assert compiled.run((128, 0))[1] == Trapped()


@pytest.mark.parametrize(
    "expression",
    [
        "coalesce(i, i // 0)",
        "CASE WHEN i = 1 THEN i ELSE i // 0 END",
        "if(i = 1, i, i // 0)",
        "CASE i WHEN 1 THEN 1 WHEN i // 0 THEN 2 END",
    ],
)
def test_part_that_is_not_needed_does_not_trap(expression: str) -> None:
    assert evaluate(expression, i=1) == 1
    assert evaluate(expression, i=2) in {2, Trapped()}


def test_connectives_stop_at_the_answer() -> None:
    assert evaluate("i <> 0 AND 10 // i > 1", i=0) is False
    assert evaluate("i = 0 OR 10 // i > 1", i=0) is True
    assert evaluate("i <> 0 AND 10 // i > 1 AND 10 // i < 9", i=5) is True
    assert evaluate("10 // i > 1 AND i <> 0", i=0) == Trapped()
    assert evaluate("s IS NOT NULL AND CAST(s AS i64) > 1", s="2") is True
    assert evaluate("s IS NOT NULL AND CAST(s AS i64) > 1", s=None) is False


def test_hundreds_of_branches_are_chosen_from() -> None:
    branches = " ".join(f"WHEN i = {n} THEN {n * n}" for n in range(300))
    assert evaluate(f"CASE {branches} ELSE -1 END", i=299) == 299 * 299
    assert evaluate(f"CASE {branches} ELSE -1 END", i=300) == -1
    assert evaluate(f"CASE {branches} END", i=300) is None
    assert evaluate(f"i IN ({', '.join(map(str, range(1500)))})", i=1499) is True
    nulls = ", ".join(f"nullif(i, {n})" for n in [5] * 400)
    assert evaluate(f"coalesce({nulls}, 7)", i=5) == 7


def test_text_beyond_the_memory_traps() -> None:
    wide = "replace(replace(replace(s, 'a', s), 'a', s), 'a', s)"
    value = evaluate(wide, s="a" * 200)
    assert isinstance(value, Trapped)
    assert value.code == "out_of_memory"


def test_zero_keeps_its_sign_and_nan_is_the_greatest() -> None:
    nan = math.nan
    assert math.copysign(1, evaluate("-x", x=0.0)) == -1
    assert math.copysign(1, evaluate("least(x, 0e0)", x=-0.0)) == -1
    assert evaluate("x = x AND x >= 1e300 AND NOT x < 1e300 AND x > 1e300", x=nan) is True
    assert evaluate("x <> x OR x < 1 OR x <= 1", x=nan) is False
    assert evaluate("1e300 < x AND 1 <= x AND NOT 1 > x AND 1 <> x", x=nan) is True


@pytest.mark.parametrize("factor", [2, 3, 7, -1, -2, -3, 2**62, -(2**62), 2**63 - 1, -(2**63)])
def test_product_with_a_literal_overflows_exactly_where_it_does_not_fit(factor: int) -> None:
    compiled = Expressions([f"i * ({factor})", f"({factor}) * i"], _PAIR)
    least, most = sorted((-(2**63) // factor, (2**63 - 1) // factor))
    values = [edge + offset for edge in (least, most, 0) for offset in (-2, -1, 0, 1, 2)]
    for value in values:
        if not -(2**63) <= value < 2**63:
            continue
        product = value * factor
        expected = product if -(2**63) <= product < 2**63 else Trapped()
        assert compiled.run((value, 0)) == [expected, expected], value


def test_same_expression_gives_the_same_bytes() -> None:
    text = "CASE WHEN i > 3 THEN i * j + 1 ELSE coalesce(j, 0) END"
    assert Expressions([text], _PAIR).wasm == Expressions([text], _PAIR).wasm


def test_checks_of_overflow_are_left_out_where_none_can_be() -> None:
    narrow = (Column("i", ValueType.I32), Column("j", ValueType.U16))

    def sites(text: str, schema: tuple[Column, ...]) -> int:
        return len(Expressions([text], schema).trap_sites)

    assert sites("i + j * 2 - 1", narrow) == sites("i", narrow)
    assert sites("i + j", _PAIR) == sites("i", _PAIR) + 1
