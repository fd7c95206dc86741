"""Floats as text and back: shortest, closest, laid out as in DuckDB, and correctly rounded."""

from __future__ import annotations

import math
import struct
from fractions import Fraction
from random import Random

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jobspec import kernels
from jobspec.functions.kernel import compile_kernel, read_source, variable_types
from jobspec.ir import Function, GetGlobal, Kind, Return
from tests.jobspec.running import Instance

KERNELS = (
    *("str_from_f64", "str_from_f32", "str_to_f64", "str_to_f32"),
    *("power_of_ten", "alloc", "heap_reset"),
)
READ_GLOBALS = {"ten_low": Kind.I64, "str_parsed": Kind.I32}
RUN = Instance(
    *(found for name in KERNELS if (found := kernels.function(name))),
    *(
        Function(name=f"get_{name}", result=kind, body=(Return(GetGlobal(name, kind)),))
        for name, kind in READ_GLOBALS.items()
    ),
    memory_bytes=1 << 22,
)
SAMPLE = 4000


def written(value: float, kind: str = "f64") -> str:
    RUN.call("heap_reset")
    packed = RUN.call(f"str_from_{kind}", value)
    address, length = packed & 0xFFFFFFFF, packed >> 32
    return bytes(RUN.memory.read(RUN.store, address, address + length)).decode()


def read(text: str, kind: str = "f64") -> float | None:
    """The number, or None for what is none."""
    RUN.call("heap_reset")
    data = text.encode()
    address = RUN.call("alloc", len(data))
    RUN.memory.write(RUN.store, data, address)
    value: float = RUN.call(f"str_to_{kind}", len(data) << 32 | address)
    return value if RUN.call("get_str_parsed") else None


def f64s(count: int) -> list[float]:
    random = Random(7)
    values = [0.0, -0.0, math.inf, -math.inf, 5e-324, 2.2250738585072014e-308, 1e22, 1e23, 0.1]
    values += [1.7976931348623157e308, 2.0**53, 9999999999999998.0, 1e16, 1e-4, 1e-5, 123456.789]
    values += [math.ldexp(1.0, exponent) for exponent in range(-1074, 1024)]
    while len(values) < count:
        values.append(struct.unpack("<d", random.randbytes(8))[0])
        values.append(random.uniform(-1e6, 1e6))
        values.append(random.randrange(10**17) / 10 ** random.randrange(17))
    return [value for value in values if not math.isnan(value)]


def f32s(count: int) -> list[float]:
    random = Random(8)
    bits = [field << 23 | fraction for field in range(255) for fraction in (0, 1, 0x7FFFFF)]
    bits += [random.getrandbits(32) for _ in range(count)]
    values = np.array(bits, dtype=np.uint32).view(np.float32)
    return [float(value) for value in values if not np.isnan(value)]


# --- powers of ten --------------------------------------------------------------------------------


def test_every_power_of_ten_has_its_first_128_digits() -> None:
    for exponent in range(-351, 351):
        power = Fraction(10) ** exponent
        length = power.numerator.bit_length() - power.denominator.bit_length()
        digits = int(power * Fraction(2) ** (130 - length))
        digits >>= digits.bit_length() - 128
        high = RUN.call("power_of_ten", exponent) % 2**64
        assert high << 64 | RUN.call("get_ten_low") % 2**64 == digits, exponent


# --- writing --------------------------------------------------------------------------------------


def test_doubles_are_written_as_python_does() -> None:
    for value in f64s(SAMPLE):
        assert written(value) == repr(value)


@pytest.mark.parametrize(
    ("kind", "arrow", "values"),
    [("f64", pa.float64(), f64s(SAMPLE)), ("f32", pa.float32(), f32s(SAMPLE))],
)
def test_floats_are_written_as_duckdb_does(
    kind: str, arrow: pa.DataType, values: list[float]
) -> None:
    rows = pa.table({"x": pa.array(values, type=arrow)})  # noqa: F841 - DuckDB reads it by name
    expected = duckdb.sql("SELECT x::VARCHAR FROM rows").fetchall()
    different = 0
    for value, (text,) in zip(values, expected, strict=True):
        ours = written(value, kind)
        different += ours != text  # where DuckDB has a digit too many, or another number
    assert different < len(values) / 100


def test_narrow_floats_have_the_shortest_digits() -> None:
    for value in f32s(SAMPLE):
        if math.isfinite(value):
            ours, theirs = written(value, "f32"), np.format_float_scientific(np.float32(value))
            assert Fraction(ours) == Fraction(theirs)


def test_nan_is_written_without_a_sign() -> None:
    assert written(math.nan) == written(math.nan, "f32") == "nan"
    assert written(struct.unpack("<d", b"\xff" * 8)[0]) == "nan"


ROUND_TRIPS = '''
def differing(first: u32, step: u32) -> i32:
    """How many f32 change by being written and read, among every so many."""
    count: i32 = 0
    bits = first
    while bits < 0x7F800000:
        heap_reset()
        if bits_of_f32(str_to_f32(str_from_f32(f32_of_bits(i32(bits))))) != i32(bits):
            count += 1
        bits += step
    return count
'''


def test_two_hundred_thousand_floats_read_back_as_they_were() -> None:
    source = read_source("test", ROUND_TRIPS)
    compiled = compile_kernel(
        source,
        "differing",
        callee=kernels.kernel,
        callee_names=kernels.names,
        globals_=variable_types(ROUND_TRIPS),
    )
    instance = Instance(compiled.function, memory_bytes=1 << 22)
    assert instance.call("differing", 1, 10007) == 0


# --- reading --------------------------------------------------------------------------------------

NUMBERS = st.from_regex(
    r"[ \t]?[-+]?[0-9]{1,25}(\.[0-9]{0,25})?([eE][-+]?[0-9]{1,3})? ?", fullmatch=True
)
NEARLY = st.text(st.sampled_from([*"0123456789..eE+-__ infaIN", "\n", "é"]), max_size=9)


@given(NUMBERS)
@example("9007199254740993")
@example("9007199254740993." + "0" * 900 + "1")
@example("2.4703282292062327208299439e-324")
@example("1.7976931348623158079e308")
@example("1.7976931348623159e308")
@example("0." + "0" * 400 + "1e400")
@example("1" + "0" * 400 + "e-400")
@example("1e99999999999999999999")
@example("0e99999999999999999999")
def test_doubles_are_read_as_python_does(text: str) -> None:
    assert repr(read(text)) == repr(float(text))


@given(
    st.floats(0, 1.7976931348623155e308), st.sampled_from(["", "0", "1", "9" * 30]), st.booleans()
)
@example(5e-324, "", False)
@example(2.2250738585072009e-308, "", False)
@example(0.0, "1", False)
def test_texts_at_the_middle_between_two_floats_are_rounded_right(
    low: float, further: str, below: bool
) -> None:
    """The middle in all its digits, a bit more, and a bit less than it."""
    middle = (Fraction(low) + Fraction(math.nextafter(low, math.inf))) / 2
    power = middle.denominator.bit_length() - 1
    digits = middle.numerator * 5**power - below
    text = f"{digits}{further}e{-power - len(further)}"
    assert read(text) == float(text)


@given(st.integers(0, 0x7F7FFFFE), st.sampled_from([-1, 0, 1]))
@example(0, 0)
@example(0x7FFFFF, 0)
@example(0x3F800000, 0)
@example(0x7F7FFFFE, 1)
def test_narrow_floats_are_rounded_once(bits: int, nudge: int) -> None:
    """By way of an f64, what is a bit more than the middle would go to the middle first."""
    low, high = (struct.unpack("<f", struct.pack("<I", one))[0] for one in (bits, bits + 1))
    middle = (Fraction(low) + Fraction(high)) / 2
    power = middle.denominator.bit_length() - 1 + 40
    text = f"{middle.numerator * 5 ** (power - 40) * 10**40 + nudge}e{-power}"
    even = high if bits & 1 else low
    assert read(text, "f32") == {-1: low, 0: even, 1: high}[nudge]


@pytest.mark.parametrize("kind", ["f64", "f32"])
def test_what_is_a_number_is_what_is_one_in_duckdb(kind: str) -> None:
    random = Random(9)
    texts = [
        "1.",
        ".",
        "-.5",
        "1e",
        "1e+",
        "e5",
        "1_0",
        "1__0",
        "_1",
        "1_",
        "1._5",
        "1_.5",
        "1e1_0",
    ]
    texts += ["inf", "-INF", "+Infinity", "infinit", "nan", "-nan", "0x10", "", " ", "1 2", "1e400"]
    texts += ["\t1\n", "\u00a01", "1\v", "++1", "1f", "1e5.5", "1.5.5", "- 1", "é", "1e-400", "-0"]
    alphabet = [*"0123456789..ee+-__ ", "inf", "nan", "E"]
    texts += ["".join(random.choices(alphabet, k=random.randrange(8))) for _ in range(2000)]
    rows = pa.table({"s": texts})  # noqa: F841 - DuckDB reads it by name
    type_ = {"f64": "DOUBLE", "f32": "FLOAT"}[kind]
    expected = duckdb.sql(f"SELECT TRY_CAST(s AS {type_}) FROM rows").fetchall()
    for text, (value,) in zip(texts, expected, strict=True):
        if text.lstrip().startswith("+-"):  # a number for DuckDB
            continue
        assert repr(read(text, kind)) == repr(value), text


@given(NEARLY)
def test_reading_any_text_ends(text: str) -> None:
    value = read(text)
    assert value is None or isinstance(value, float)
