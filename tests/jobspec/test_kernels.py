"""The kernel language, and the kernels for memory and numbers, against CPython."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jobspec import ir, kernels
from jobspec.errors import CompilerError
from jobspec.functions.kernel import compile_kernel, function_names, read_source, variable_types
from jobspec.ir import Function, Kind, Module, Return
from jobspec.types import ValueType
from jobspec.wasm.codegen import assemble
from tests.jobspec.running import Instance

I32, I64 = Kind.I32, Kind.I64
LOW, HIGH = -(2**63), 2**63 - 1
EDGES = [0, 1, -1, 2, LOW, LOW + 1, HIGH, HIGH - 1, 2**32, -(2**32), 2**31, 3037000500]
integers = st.one_of(st.sampled_from(EDGES), st.integers(-1000, 1000), st.integers(LOW, HIGH))
floats = st.one_of(st.floats(-100, 100), st.floats(), st.sampled_from([0.0, -0.0, 5e-324]))


def linked(*names: str, memory_bytes: int = 1 << 20) -> Instance:
    found = [kernels.function(name) for name in names]
    return Instance(*(item for item in found if item), memory_bytes=memory_bytes)


ALL = linked(*kernels.names(), memory_bytes=4 << 20)


def kernel(source: str) -> Instance:
    """The functions of a kernel source of its own."""
    read, variables = read_source("test", source), variable_types(source)

    def compiled(name: str) -> Any:
        if name not in read.functions:
            return kernels.kernel(name)
        return compile_kernel(read, name, callee=compiled, callee_names=list, globals_=variables)

    functions = tuple(compiled(name).function for name in read.functions)
    return Instance(*functions)


def same(a: float, b: float) -> bool:
    return repr(a) == repr(b)


# --- numbers --------------------------------------------------------------------------------------


@given(integers, integers)
@example(LOW, -1)
@example(-7, 2)
def test_integers_divide_as_in_python(a: int, b: int) -> None:
    if b == 0:
        return
    wrapped = (a // b + 2**63) % 2**64 - 2**63
    assert ALL.call("floor_divide_i64", a, b) == wrapped
    assert ALL.call("floor_modulo_i64", a, b) == a % b


@given(st.integers(-(2**31), 2**31 - 1), st.integers(-(2**31), 2**31 - 1))
@example(-(2**31), -1)
def test_narrow_integers_divide_as_in_python(a: int, b: int) -> None:
    if b == 0:
        return
    wrapped = (a // b + 2**31) % 2**32 - 2**31
    assert ALL.call("floor_divide_i32", a, b) == wrapped
    assert ALL.call("floor_modulo_i32", a, b) == a % b


@given(integers, integers)
@example(LOW, -1)
@example(-1, LOW)
@example(HIGH, HIGH)
@example(2**32, 2**31)
@example(-(2**32), 2**31)
def test_overflow_is_seen(a: int, b: int) -> None:
    assert bool(ALL.call("multiply_overflows_i64", a, b)) == (not LOW <= a * b <= HIGH)


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_the_upper_half_of_a_product(a: int, b: int) -> None:
    assert ALL.call("multiply_high_u64", signed(a), signed(b)) % 2**64 == a * b >> 64


def signed(value: int) -> int:
    return value - 2**64 if value >= 2**63 else value


@given(floats, floats)
@example(1e300, 5e-324)
@example(5e-324, 3e-310)
@example(-7.5, 2.0)
@example(math.inf, 2.0)
@example(2.0, -math.inf)
def test_float_remainders_are_exact(x: float, y: float) -> None:
    if y == 0:
        return
    expected = math.nan if math.isinf(x) or math.isnan(y) else math.fmod(x, y)
    assert same(ALL.call("float_remainder", x, y), expected)
    assert same(ALL.call("float_modulo", x, y), x % y)
    assert same(ALL.call("float_floor_divide", x, y), x // y)


@given(st.binary(max_size=40), st.binary(max_size=40), st.integers(0, 7))
def test_texts_are_hashed_by_their_bytes(a: bytes, b: bytes, shift: int) -> None:
    hashes = []
    for text, start in ((a, 4096), (b, 8192 + shift)):
        ALL.memory.write(ALL.store, text + b"x", start)
        hashes.append(ALL.call("hash_text", 0, len(text) << 32 | start))
    assert (hashes[0] == hashes[1]) == (a == b)


@given(st.binary(max_size=40), st.binary(max_size=40), st.integers(0, 7))
def test_memory_is_compared_as_bytes(a: bytes, b: bytes, shift: int) -> None:
    first, second = 4096, 8192 + shift
    ALL.memory.write(ALL.store, a + b"x", first)
    ALL.memory.write(ALL.store, b + b"y", second)
    length = min(len(a), len(b))
    order = (a[:length] > b[:length]) - (a[:length] < b[:length])
    assert ALL.call("memory_compare", first, second, length) == order
    assert bool(ALL.call("memory_equal", first, second, length)) == (order == 0)


def test_hashes_spread_small_numbers() -> None:
    low_bits = {ALL.call("hash_word", 0, n) & 1023 for n in range(1024)}
    assert len(low_bits) > 500


# --- memory ---------------------------------------------------------------------------------------


def test_allocations_are_aligned_and_apart() -> None:
    heap = linked("heap_reset", "alloc")
    heap.call("heap_reset")
    addresses = [heap.call("alloc", size) for size in (1, 8, 0, 13, 100_000)]
    assert all(address % 8 == 0 for address in addresses)
    assert addresses == [64, 72, 80, 80, 96]
    assert heap.memory.data_len(heap.store) >= 100_096


def test_a_reset_forgets_what_was_allocated() -> None:
    heap = linked("heap_reset", "alloc")
    heap.call("heap_reset")
    first = heap.call("alloc", 24)
    assert heap.call("alloc", 8) != first
    heap.call("heap_reset")
    assert heap.call("alloc", 24) == first


@pytest.mark.parametrize("size", [1 << 20, 2**31 - 1, -1, -(2**31)])
def test_memory_that_is_not_there_traps(size: int) -> None:
    heap = linked("heap_reset", "alloc")
    heap.call("heap_reset")
    assert heap.call("alloc", size) == 0
    number = heap.trap()
    assert number is not None
    assert ir.STANDARD_TRAPS[number].code == "out_of_memory"


def test_memory_can_be_used_to_its_last_page() -> None:
    heap = linked("heap_reset", "alloc", memory_bytes=1 << 20)
    heap.call("heap_reset")
    while heap.memory.data_len(heap.store) < 1 << 20:
        heap.call("alloc", 40_000)
    assert heap.trap() is None


# --- the language ---------------------------------------------------------------------------------


def test_narrow_and_unsigned_arithmetic_wraps() -> None:
    instance = kernel(
        "def add(a: i32, b: i32) -> i32:\n    return a + b\n"
        "def high(a: u32) -> u32:\n    return a >> 1\n"
        "def less(a: u32, b: u32) -> bool:\n    return a < b\n"
        "def half(a: u64) -> u64:\n    return a // 3 + a % 3 + div(a, 3) - rem(a, 3)\n"
        "def cut(a: i64) -> i32:\n    return i32(a)\n"
        "def widen(a: i32) -> i64:\n    return i64(a) + i64(u32(a))\n"
    )
    assert instance.call("add", 2**31 - 1, 1) == -(2**31)
    assert instance.call("high", -2) == 2**31 - 1
    assert instance.call("less", 1, -1) == 1
    assert instance.call("half", -1) % 2**64 == 2 * ((2**64 - 1) // 3)
    assert instance.call("cut", 2**32 + 5) == 5
    assert instance.call("widen", -1) == 2**32 - 2


def test_every_width_is_loaded_and_stored() -> None:
    instance = kernel(
        "def f(p: i32) -> i64:\n"
        "    store8(p, 255)\n"
        "    store16(p, 65534, 2)\n"
        "    store32(p, -3, 4)\n"
        "    store64(p + 8, -4)\n"
        "    storef64(p, 0.5, 16)\n"
        "    storef32(p, f32(0.25), 24)\n"
        "    store_string(p, string_pack(7, 9), 32)\n"
        "    s = load_string(p, 32)\n"
        "    total = i64(load8u(p)) + i64(load8s(p)) + i64(load16u(p, 2)) + i64(load16s(p, 2))\n"
        "    total += i64(load32(p, 4)) + load64(p, 8)\n"
        "    total += i64(loadf64(p, 16) * 4.0) + i64(loadf32(p, 24) * f32(8.0))\n"
        "    return total + i64(string_ptr(s)) + i64(string_len(s))\n"
    )
    assert instance.call("f", 1000) == 255 - 1 + 65534 - 2 - 3 - 4 + 2 + 2 + 7 + 9


def test_bit_operations() -> None:
    instance = kernel(
        "def f(a: i32) -> i32:\n    return clz(a) + ctz(a) * 100 + popcnt(a) * 10000\n"
        "def g(a: u64, n: u64) -> u64:\n    return rotl(a, n) ^ rotr(a, 64 - n)\n"
        "def h(a: i32) -> i32:\n    return extend8(a) + extend16(a)\n"
        "def k(a: i32, b: i32) -> i32:\n    return select(a < b, a, b)\n"
        "def r(x: f64) -> f64:\n    return nearest(x) + trunc(x) * 10.0 + copysign(100.0, x)\n"
    )
    assert instance.call("f", 0b10100) == 27 + 200 + 20000
    assert instance.call("g", 12345, 7) == 0
    assert instance.call("h", 0x80FF) == -1 + 0x80FF - 0x10000
    assert instance.call("k", 3, -3) == -3
    assert instance.call("r", -2.5) == -2 - 20 - 100


def test_globals_and_constants() -> None:
    source = (
        "STEP = 5\n"
        "count: i64 = 7\n"
        "def next() -> i64:\n"
        "    global count\n"
        "    count += STEP\n"
        "    return count\n"
    )
    read, variables = read_source("test", source), variable_types(source)
    compiled = compile_kernel(
        read, "next", callee=kernels.kernel, callee_names=list, globals_=variables
    )
    assert read.globals["count"] == ir.Global(name="count", kind=I64, initial=7)
    listed = [type(statement).__name__ for statement in compiled.function.body]
    assert listed == ["SetGlobal", "Return"]


def test_operands_are_computed_before_calls_that_change_memory() -> None:
    instance = kernel(
        "def bump(p: i32) -> i32:\n"
        "    if load32(p) > 1000:\n"
        '        trap("out_of_memory")\n'
        "    store32(p, load32(p) + 1)\n"
        "    return load32(p)\n"
        "def f(p: i32) -> i32:\n"
        "    return load32(p) * 100 + bump(p) * 10 + (bump(p) if load32(p) > 0 else 0)\n"
    )
    instance.memory.write(instance.store, b"\x03", 512)
    assert instance.call("f", 512) == 300 + 40 + 5


def test_a_trap_in_a_kernel_ends_its_callers() -> None:
    instance = kernel(
        'def inner(n: i32) -> i32:\n    if n == 0:\n        trap("bad_chunk")\n    return n\n'
        "def middle(p: i32, n: i32) -> None:\n    inner(n)\n    store32(p, n)\n"
        "def outer(p: i32, n: i32) -> i32:\n    middle(p, n)\n    store32(p, n, 4)\n    return 1\n"
    )
    assert instance.call("outer", 512, 5) == 1
    assert instance.call("outer", 512, 0) == 0
    assert instance.trap() == 1
    assert instance.memory.read(instance.store, 512, 520) == b"\5\0\0\0" * 2


def test_text_constants_are_strings() -> None:
    instance = kernel('def f() -> i32:\n    return string_len("grün") * 100 + string_len("")\n')
    assert instance.call("f") == 500


def test_bytes_constants_are_tables() -> None:
    instance = kernel(
        'TABLE = b"\\x00\\xff" b"\\x07"\nHALF = 0.5\n'
        "def at(i: i32) -> i32:\n    return load8u(string_ptr(TABLE) + i)\n"
        'def f(i: i32) -> f64:\n    return f64(at(i) + string_len(b"\\xc3\\n")) + HALF\n'
    )
    assert [instance.call("f", i) for i in range(3)] == [2.5, 257.5, 9.5]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("return a + b", "i32 meets i64"),
        ("return i64(a) + 1.0", "i64 meets f64"),
        ("return a", "the result is i64, not i32"),
        ("return u32(-1)", "-1 does not fit u32"),
        ("return load64(b)", "i32 is needed, not i64"),
        ("return load64(a, a)", "an offset is a literal"),
        ("return load63(a)", "did you mean 'load64'?"),
        ("return b / b", "/ does not take i64"),
        ("heap_top = 5\n    return b", "heap_top lacks `global`"),
        ('trap("nonsense")\n    return b', "trap takes one of the texts"),
        ("return alloc(a)", "the result is i64, not i32"),
    ],
)
def test_mistakes_in_kernels_are_ours(line: str, words: str) -> None:
    source = f"heap_top: i32 = 0\ndef f(a: i32, b: i64) -> i64:\n    {line}\n"
    with pytest.raises(CompilerError) as raised:
        kernel(source)
    assert words in raised.value.message


def test_names_found_without_reading_a_source_are_those_it_has() -> None:
    source = (
        "STEP = 5\n"
        "count: i64 = 7\n"
        "def first(x: i64) -> i64:\n"
        "    step: i64 = x\n"
        "    return step\n"
        "def second() -> i64:\n"
        "    return count\n"
    )
    read = read_source("test", source)
    assert function_names(source) == list(read.functions) == ["first", "second"]
    assert variable_types(source) == {"count": ValueType.I64}
    assert list(read.globals) == ["count"]


def test_kernels_that_call_each_other_in_a_circle_are_ours_to_mend(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = read_source("test", "def a() -> None:\n    b()\ndef b() -> None:\n    a()\n")
    monkeypatch.setattr(kernels, "_sources_by_function", lambda: {"a": "test", "b": "test"})
    monkeypatch.setattr(kernels, "_read", {"test": source}.get)
    with pytest.raises(CompilerError, match="in a circle: a > b > a"):
        kernels.kernel("a")


def test_a_call_that_may_trap_is_checked() -> None:
    body = ir.Body(ir.TrapSites())
    address = kernels.call(body, "alloc", ir.Const(I32, 8))
    kernels.do(body, "heap_reset")
    kept = kernels.call(body, "hash_word", ir.Const(I64, 1), ir.Const(I64, 2))
    assert [type(statement).__name__ for statement in body.statements()] == [
        "Set",
        "TrapCheck",
        "Do",
    ]
    assert (address.kind, kept) == (
        I32,
        ir.Call("hash_word", (ir.Const(I64, 1), ir.Const(I64, 2)), I64),
    )
    with pytest.raises(CompilerError, match="there is no kernel nothing"):
        kernels.do(body, "nothing")


def test_kernels_are_linked_with_what_they_call() -> None:
    f = Function(
        name="f",
        result=I32,
        body=(ir.Do("heap_reset", ()), Return(ir.Call("alloc", (ir.Const(I32, 8),), I32))),
    )
    wasm = assemble(Module(functions=(f,), memory_maximum_bytes=65536))
    assert wasm.count(b"heap_reset") == wasm.count(b"reserve") == 1
    assert wasm.count(b"heap_top") == 1
    assert b"hash_word" not in wasm
