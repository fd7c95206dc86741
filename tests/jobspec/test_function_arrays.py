"""Arrays and several results in researchers' functions."""

from __future__ import annotations

import math

import pytest

from jobspec.types import ArrayType, ValueType
from tests.jobspec.functions_running import Functions

I64, F64, U8 = ValueType.I64, ValueType.F64, ValueType.U8

# --- programs people write ------------------------------------------------------------------------

SIEVE = """def primes_below(n: i64) -> i64:
    composite = [False] * 1000
    count = 0
    for i in range(2, n):
        if not composite[i]:
            count += 1
            for j in range(i * i, n, i):
                composite[j] = True
    return count"""

QUEENS = """def queens(n: i64) -> i64:
    column_of = [0] * 12
    solutions = 0
    row = 0
    column_of[0] = -1
    while row >= 0:
        column_of[row] += 1
        while column_of[row] < n and attacked(column_of, row):
            column_of[row] += 1
        if column_of[row] < n:
            if row == n - 1:
                solutions += 1
            else:
                row += 1
                column_of[row] = -1
        else:
            row -= 1
    return solutions"""

ATTACKED = """def attacked(column_of: i64[:], row: i64) -> bool:
    for other in range(row):
        distance = abs(column_of[other] - column_of[row])
        if distance == 0 or distance == row - other:
            return True
    return False"""

FIBONACCI = """def fibonacci(n: i64) -> i64:
    m = [[1, 1], [1, 0]]
    result = [[1, 0], [0, 1]]
    scratch = [[0] * 2 for _ in range(2)]
    while n > 0:
        if n % 2 == 1:
            multiply(result, m, scratch)
            result, scratch = scratch, result
        multiply(m, m, scratch)
        m, scratch = scratch, m
        n //= 2
    return result[0][1]"""

MULTIPLY = """def multiply(a: i64[:, :], b: i64[:, :], out: i64[:, :]) -> None:
    for i in range(len(a)):
        for j in range(len(b[0])):
            total = 0
            for k in range(len(b)):
                total += a[i, k] * b[k][j]
            out[i, j] = total"""

SORTED_MEDIAN = """def median(a: f64, b: f64, c: f64, d: f64, e: f64) -> f64:
    xs = [a, b, c, d, e]
    for i in range(1, len(xs)):
        j = i
        while j > 0 and xs[j - 1] > xs[j]:
            xs[j - 1], xs[j] = xs[j], xs[j - 1]
            j -= 1
    return xs[len(xs) // 2]"""

LIFE = """def life(seed: u64, generations: i64) -> i64:
    now: u8[:] = [0] * 64
    then: u8[:] = [0] * 64
    for i in range(64):
        now[i] = int(seed >> i & 1)
    for _ in range(generations):
        for y in range(8):
            for x in range(8):
                near = 0
                for dy in range(7, 10):
                    for dx in range(7, 10):
                        near += now[(y + dy) % 8 * 8 + (x + dx) % 8]
                then[y * 8 + x] = 1 if near == 3 or (near == 4 and now[y * 8 + x] == 1) else 0
        now, then = then, now
    alive = 0
    for cell in now:
        alive += cell
    return alive"""


def test_a_sieve_counts_primes() -> None:
    functions = Functions(SIEVE)
    assert [functions("primes_below", n) for n in (2, 10, 100, 1000)] == [0, 4, 25, 168]
    assert functions("primes_below", 1001) == ("index_out_of_range", 8)


def test_queens_are_placed_by_a_function_that_reads_an_array() -> None:
    functions = Functions(QUEENS, ATTACKED)
    assert [functions("queens", n) for n in range(1, 8)] == [1, 0, 0, 2, 10, 4, 40]


def test_matrices_are_multiplied_in_place_and_swapped() -> None:
    functions = Functions(FIBONACCI, MULTIPLY)
    assert [functions("fibonacci", n) for n in (0, 1, 2, 10, 90)] == [
        0,
        1,
        1,
        55,
        2880067194370816120,
    ]
    assert functions.compiled["multiply"].writes == {"out"}
    assert functions.compiled["multiply"].result is None


def test_elements_are_swapped_and_sorted() -> None:
    functions = Functions(SORTED_MEDIAN)
    assert functions("median", 5.0, 1.0, 4.0, 2.0, 3.0) == 3.0
    assert functions("median", -math.inf, 1.0, 1.0, 0.5, 7.0) == 1.0


def test_arrays_take_turns() -> None:
    functions = Functions(LIFE)
    glider = 1 << 1 | 1 << 10 | 7 << 16
    blinker = 7 << 9
    assert [functions("life", glider, n) for n in range(5)] == [5] * 5
    assert [functions("life", blinker, n) for n in range(3)] == [3] * 3
    assert functions("life", 1, 1) == 0


# --- how arrays are made --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("display", "expected"),
    [
        ("[1, 2, 3]", [1, 2, 3]),
        ("[n, 2 * n, 3]", [5, 10, 3]),
        ("[0] * 3", [0, 0, 0]),
        ("3 * [7]", [7, 7, 7]),
        ("[1, n] * 3", [1, 5] * 3),
        ("[4, 5, 6, 7, 8, -9]", [4, 5, 6, 7, 8, -9]),
        ("[i * i for i in range(4)]", [0, 1, 4, 9]),
        ("[i + n for i in range(6, 0, -2)]", [11, 9, 7]),
        ("[0 for _ in range(2)]", [0, 0]),
        ("[max(n, i) for i in range(3, 10, 3)]", [5, 6, 9]),
        ("[n] * (2 * 2)", [5] * 4),
    ],
)
def test_displays_hold_their_elements(display: str, expected: list[int]) -> None:
    functions = Functions(
        f"def f(n: i64, i: i64) -> i64:\n    xs = {display}\n    return xs[i]",
        f"def size(n: i64) -> i64:\n    xs = {display}\n    return len(xs)",
    )
    assert functions("size", 5) == len(expected)
    assert [functions("f", 5, i) for i in range(len(expected))] == expected
    for outside in (-1, len(expected), 2**62, -(2**63)):
        assert functions("f", 5, outside) == ("index_out_of_range", 3)


@pytest.mark.parametrize(
    ("display", "expected"),
    [
        ("[[1.5, 2.0], [3.0, x]]", [[1.5, 2.0], [3.0, 9.0]]),
        ("[[0.0] * 3 for _ in range(2)]", [[0.0] * 3] * 2),
        ("[[x * i + j for j in range(3)] for i in range(2)]", [[0.0, 1.0, 2.0], [9.0, 10.0, 11.0]]),
        ("[[i, x] for i in range(2)]", [[0.0, 9.0], [1.0, 9.0]]),
        ("[[0] * 2, [1, 2], [i * x for i in range(2)]]", [[0.0, 0.0], [1.0, 2.0], [0.0, 9.0]]),
    ],
)
def test_rows_are_arrays_too(display: str, expected: list[list[float]]) -> None:
    functions = Functions(
        f"def f(x: f64, i: i64, j: i64) -> f64:\n    m = {display}\n    return m[i][j]",
        f"def g(x: f64, i: i64, j: i64) -> f64:\n    m = {display}\n    row = m[i]\n"
        "    row[j] += 1.0\n    return m[i, j]",
        f"def size(x: f64) -> i64:\n    m = {display}\n    return len(m) * 10 + len(m[0])",
    )
    assert functions("size", 9.0) == len(expected) * 10 + len(expected[0])
    for i, row in enumerate(expected):
        for j, number in enumerate(row):
            assert functions("f", 9.0, i, j) == number
            assert functions("g", 9.0, i, j) == number + 1
        assert functions("f", 9.0, i, len(row)) == ("index_out_of_range", 3)
    assert functions("f", 9.0, len(expected), 0) == ("index_out_of_range", 3)


def test_a_cube_has_three_indexes() -> None:
    functions = Functions(
        "def f(i: i64, j: i64, k: i64) -> i64:\n"
        "    c = [[[100 * x + 10 * y + z for z in range(4)] for y in range(3)] for x in range(2)]\n"
        "    return c[i][j][k] + c[i, j, k] + c[i][j, k]"
    )
    assert functions("f", 1, 2, 3) == 3 * 123
    assert functions("f", 1, 3, 0) == ("index_out_of_range", 3)


@pytest.mark.parametrize(
    ("declared", "number", "limit"),
    [
        ("bool", True, None),
        ("i8", -128, 128),
        ("u8", 255, 256),
        ("i16", -(2**15), 2**15),
        ("u16", 2**16 - 1, -1),
        ("i32", -(2**31), 2**31),
        ("u32", 2**32 - 1, 2**32),
        ("i64", -(2**63), None),
        ("f32", 0.1, None),
        ("f64", 0.1, None),
    ],
)
def test_elements_have_the_type_that_is_written(
    declared: str, number: float, limit: int | None
) -> None:
    plain = "f64" if declared[0] == "f" else declared if declared == "bool" else "i64"
    zero = "False" if declared == "bool" else "0"
    functions = Functions(
        f"def f(n: {plain}, i: i64) -> {plain}:\n    xs: {declared}[:] = [{zero}] * 5\n"
        "    xs[i] = n\n    return xs[i]",
        f"def sizes(n: {plain}) -> {plain}:\n    xs: {declared}[:] = [n] * 3\n"
        "    xs[1] = xs[0]\n    return xs[2]",
    )
    expected = 0.10000000149011612 if declared == "f32" else number
    assert functions("f", number, 3) == expected
    assert functions("sizes", number) == expected
    if limit is not None:
        assert functions("f", limit, 3) == ("cast_overflow", 3)


def test_an_array_is_made_anew_each_time() -> None:
    functions = Functions(
        "def f(n: i64) -> i64:\n    total = 0\n    for i in range(n):\n        xs = [0] * 3\n"
        "        xs[i % 3] += i\n        total += xs[0] + xs[1] + xs[2]\n    return total"
    )
    assert functions("f", 10) == functions("f", 10) == 45


def test_an_array_can_be_made_of_its_own_elements() -> None:
    functions = Functions(
        "def f(n: i64) -> i64:\n    xs = [0, 1]\n    for _ in range(n):\n"
        "        xs = [xs[1], xs[0] + xs[1]]\n    return xs[0]"
    )
    assert [functions("f", n) for n in range(8)] == [0, 1, 1, 2, 3, 5, 8, 13]


def test_assignments_go_on_as_in_python() -> None:
    functions = Functions(
        "def f(n: i64) -> i64:\n"
        "    xs = [10, 20, 30, 40]\n"
        "    i = 0\n"
        "    i, xs[i] = 2, n\n"  # the new i
        "    xs[1] = xs[3] = 7\n"
        "    ys = xs\n"
        "    ys[0] += 1\n"
        "    xs, zs = [1, 2, 3, 4], ys\n"
        "    return ((xs[0] * 100 + zs[0]) * 100 + ys[1]) * 100 + zs[2] - zs[3]"
    )
    assert functions("f", 5) == ((100 + 11) * 100 + 7) * 100 + 5 - 7


def test_the_right_side_is_computed_before_the_place() -> None:
    functions = Functions(
        "def take(xs: i64[:]) -> i64:\n    xs[0] += 1\n    return xs[0]",
        "def f() -> i64:\n    xs = [0, 0, 0, 0]\n    xs[take(xs)] = take(xs) * 10\n"
        "    xs[take(xs)] += take(xs)\n"
        "    return xs[2] * 100 + xs[3] + (xs[0] * 10 + take(xs)) * 10000",
    )
    # take gives 1 as the value, 2 as the index, then 3 as the index and 4 as what is added.
    assert functions("f") == 10 * 100 + 4 + (4 * 10 + 5) * 10000


def test_elements_read_before_a_call_keep_their_value() -> None:
    functions = Functions(
        "def bump(xs: i64[:]) -> i64:\n    xs[0] += 1\n    return 0",
        "def f() -> i64:\n    xs = [5]\n    return xs[0] * 100 + bump(xs) + xs[0] * 10",
        "def g() -> i64:\n    xs = [5]\n    a = xs[0] // (bump(xs) + 1)\n    return a * 10 + xs[0]",
        "def h() -> i64:\n    xs = [5]\n    b = xs[0] > 5 or bump(xs) == 0 and xs[0] > 5\n"
        "    return xs[0] * 10 + int(b)",
    )
    assert functions("f") == 560
    assert functions("g") == 56
    assert functions("h") == 61


def test_a_loop_goes_over_the_elements_that_are_there() -> None:
    functions = Functions(
        "def f(n: i64) -> i64:\n    xs = [1, 2, 3]\n    total = 0\n    for x in xs:\n"
        "        xs[2] = n\n        total = total * 100 + x\n        if x == 2 and n == 0:\n"
        "            xs = [9, 9, 9]\n    return total + sum_of([x for x in range(0, 30, 10)])",
        "def sum_of(xs: i64[:]) -> i64:\n    total = 0\n    for x in xs:\n        if x == 10:\n"
        "            continue\n        total += x\n    return total",
    )
    assert functions("f", 7) == 10207 + 20
    assert functions("f", 0) == 10200 + 20


def test_arrays_are_folded_from_the_first_element_to_the_last() -> None:
    functions = Functions(
        "def f(x: f64, y: f64, z: f64) -> f64:\n    return sum([x, y, z])",
        "def low(x: f64, y: f64, z: f64) -> f64:\n    return min([x, y, z])",
        "def high(x: f64, y: f64, z: f64) -> f64:\n    return max([x, y, z])",
        "def whole(n: i64) -> i64:\n    xs: i16[:] = [n, 3, -5]\n"
        "    return sum(xs) * 100 + max(xs) * 10 + min(xs)",
        "def true(n: i64) -> i64:\n    return sum([n > i for i in range(9)])",
        "def wide(n: u64) -> u64:\n    return sum([n, n]) + max([n, 1])",
        "def row(m: i64[:, :], k: i64) -> i64:\n    return max(m[k]) - min(m[k])",
        "def rows(k: i64) -> i64:\n    return row([[1, 9], [4, 6]], k)",
    )
    assert functions("f", 1e308, 1e308, -1e308) == math.inf
    assert functions("f", 1e16, 1.0, 1.0) == 1e16 + 1.0 + 1.0
    assert math.copysign(1, functions("f", -0.0, -0.0, -0.0)) == 1
    for numbers in ((3.0, 1.0, 2.0), (math.nan, 1.0, 2.0), (1.0, math.nan, 0.0), (0.0, -0.0, 0.0)):
        assert repr(functions("low", *numbers)) == repr(min(numbers))
        assert repr(functions("high", *numbers)) == repr(max(numbers))
    assert functions("whole", 30000) == 29998 * 100 + 300000 - 5
    assert functions("true", 4) == 4
    assert functions("wide", -1) == -3
    assert [functions("rows", k) for k in (0, 1)] == [8, 2]


def test_a_comprehension_keeps_its_variable_to_itself() -> None:
    functions = Functions(
        "def f() -> i64:\n    i = 5\n    xs = [i for i in range(3)]\n    return i * 10 + xs[2]"
    )
    assert functions("f") == 52


def test_constant_tables_are_part_of_the_program_once() -> None:
    table = list(range(1000, 1100))
    functions = Functions(
        f"def f(i: i64) -> i64:\n    xs: u16[:] = {table}\n    return xs[i]",
        f"def g(i: i64) -> i64:\n    xs: u16[:] = {table}\n    xs[3] = 7\n    return xs[i]",
    )
    assert functions("f", 99) == 1099
    assert functions("g", 3) == 7
    assert functions("g", 2) == 1002
    assert functions("f", 3) == 1003


# --- parameters -----------------------------------------------------------------------------------


def test_the_types_of_array_parameters_are_those_of_their_annotations() -> None:
    source = (
        "def f(a: f64[:], b: u8[:, :], c: list[float], d: list[list[int]]) -> i64:\n    return 1"
    )
    compiled = Functions(source).compiled["f"]
    assert [declared for _, declared in compiled.params] == [
        ArrayType(F64, (None,)),
        ArrayType(U8, (None, None)),
        ArrayType(F64, (None,)),
        ArrayType(I64, (None, None)),
    ]
    assert str(compiled.params[1][1]) == "u8[:, :]"
    assert len(compiled.function.params) == 2 + 3 + 2 + 3


def test_parameters_stand_for_the_callers_array() -> None:
    functions = Functions(
        "def fill(xs: f64[:], x: f64) -> None:\n    for i in range(len(xs)):\n        xs[i] = x",
        "def f(x: f64) -> f64:\n    m = [[1.0, 2.0, 3.0] for _ in range(2)]\n    fill(m[1], x)\n"
        "    return m[0][2] * 100.0 + m[1][0] + m[1][2]",
    )
    assert functions("f", 0.5) == 301.0


def test_parameters_that_may_be_written_to_are_known() -> None:
    functions = Functions(
        "def a(xs: i64[:], ys: i64[:]) -> i64:\n    return xs[0] + len(ys)",
        "def b(xs: i64[:], ys: i64[:]) -> i64:\n    for i in range(2):\n        zs = xs\n"
        "        zs[i] = 1\n        if i > 5:\n            xs = ys\n    return 0",
        "def c(m: i64[:, :], xs: i64[:]) -> i64:\n    row = m[0]\n    return b(xs, row)",
        "def d(m: i64[:, :], xs: i64[:]) -> i64:\n    ys = [1, 2]\n    ys[0] = 2\n"
        "    return a(m[0], xs) + b(ys, ys)",
    )
    written = {name: set(item.writes) for name, item in functions.compiled.items()}
    assert written == {"a": set(), "b": {"xs", "ys"}, "c": {"m", "xs"}, "d": set()}


def test_lengths_travel_with_the_array() -> None:
    functions = Functions(
        "def at(m: i64[:, :], i: i64, j: i64) -> i64:\n    return m[i][j] * 100 + len(m) * 10"
        " + len(m[i])",
        "def first(xs: i64[:]) -> i64:\n    return xs[0] * 10 + xs[3]",
        "def last(m: i64[:, :]) -> i64:\n    return m[1, 2]",
        "def f(i: i64, j: i64) -> i64:\n    return at([[1, 2, 3], [4, 5, 6]], i, j)",
        "def g() -> i64:\n    return first([1, 2, 3])",
        "def h() -> i64:\n    return first([1, 2, 3, 4])",
        "def k() -> i64:\n    return last([[1, 2, 3], [4, 5, 6]])",
    )
    assert functions("f", 1, 2) == 623
    assert functions("f", 2, 0) == ("index_out_of_range", 2)
    assert functions("f", 0, 3) == ("index_out_of_range", 2)
    assert functions("g") == ("index_out_of_range", 2)
    assert functions("h") == 14
    assert functions("k") == 6


# --- several results ------------------------------------------------------------------------------


def test_functions_give_several_results() -> None:
    functions = Functions(
        "def split(x: f64) -> tuple[i64, f64, bool, u8]:\n    n = int(x)\n"
        "    return n, x - n, x < 0.0, n % 7",
        "def again(x: f64) -> tuple[i64, f64, bool, u8]:\n    return split(x * 2.0)",
        "def f(x: f64) -> f64:\n    n, rest, low, small = again(x)\n"
        "    return n * 1000 + rest + small * 100 if low or n > 0 else -1.0",
        "def g(a: i64, b: i64) -> i64:\n    q, r = divmod(a, b)\n    q, r = r, q\n"
        "    return q * 1000 + r",
    )
    assert functions("f", 4.125) == 8000.25 + 100
    assert functions("g", -7, 2) == 1000 - 4
    assert functions("g", 7, 0) == ("division_by_zero", 2)
    assert functions.compiled["split"].results == (I64, F64, ValueType.BOOL, U8)


def test_results_are_computed_in_order_and_before_any_is_handed_over() -> None:
    functions = Functions(
        "def two(n: i64) -> tuple[i64, i64]:\n    if n == 0:\n        return 1, 2\n"
        "    a, b = 0, 0\n    for _ in range(n):\n        a, b = two_more(a, b)\n    return b, a",
        "def two_more(a: i64, b: i64) -> tuple[i64, i64]:\n    return b + 1, a + 10",
        "def f(n: i64) -> i64:\n    a, b = two(n)\n    c, d = two(n + 1)\n"
        "    return ((a * 100 + b) * 100 + c) * 100 + d",
    )
    assert functions("f", 1) == ((10 * 100 + 1) * 100 + 11) * 100 + 11


def test_results_outside_their_type_trap_in_the_callee() -> None:
    functions = Functions(
        "def two(n: i64) -> tuple[u8, i8]:\n    return n, n",
        "def f(n: i64) -> i64:\n    a, b = two(n)\n    return a + b",
    )
    assert functions("f", 100) == 200
    assert functions("f", 200) == ("cast_overflow", 2)
