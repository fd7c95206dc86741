"""WebAssembly functions in programs: each instruction against the engine, and their isolation."""

from __future__ import annotations

import itertools
import math

import pytest
import wasmtime

from jobspec.opcodes import LOADS, OPERATORS, STORES
from jobspec.wasm.disassemble import disassemble
from jobspec.wasm.vectors import MEMORY, MEMORY_LANE, VECTORS
from tests.jobspec.jobs import compiled, computed
from tests.jobspec.wasm_modules import SCALARS, VALUES, Both, Trap, member
from tests.jobspec.wasm_vectors import COMMON, LANES, everything, function_of, shape_of_vectors


def test_each_instruction_gives_what_the_engine_gives() -> None:
    functions = []
    for name in SCALARS:
        _, params, result = OPERATORS[name]
        taken = " ".join(params)
        gets = " ".join(f"local.get {at}" for at in range(len(params)))
        functions.append(
            f'(func (export "{name}") (param {taken}) (result {result}) {gets} {name})'
        )
    both = Both(f"(module {' '.join(functions)})", fresh=False)
    assert set(both.signatures) == set(SCALARS)
    for name in SCALARS:
        for args in itertools.product(*(VALUES[kind] for kind in OPERATORS[name][1])):
            assert both.ours(name, *args) == both.theirs(name, *args), (name, args)
    disassemble(both.wasm)


@pytest.mark.parametrize(
    ("name", "args", "code"),
    [
        ("i32.div_s", (1, 0), "division_by_zero"),
        ("i64.rem_u", (1, 0), "division_by_zero"),
        ("i32.div_s", (-(2**31), -1), "integer_overflow"),
        ("i64.div_s", (-(2**63), -1), "integer_overflow"),
        ("i32.trunc_f64_s", (2.0**31,), "cast_overflow"),
        ("i64.trunc_f32_u", (math.nan,), "cast_overflow"),
    ],
)
def test_what_would_stop_the_engine_is_a_trap_with_its_code(
    name: str, args: tuple[float, ...], code: str
) -> None:
    _, params, result = OPERATORS[name]
    gets = " ".join(f"local.get {at}" for at in range(len(params)))
    both = Both(
        f'(module (func (export "f") (param {" ".join(params)}) (result {result}) {gets} {name}))'
    )
    assert both.ours("f", *args) == Trap()
    assert both.trap_code() == code


def test_a_constant_divisor_needs_no_check() -> None:
    both = Both(
        '(module (func (export "f") (param i32) (result i32) local.get 0 i32.const 3 i32.div_s))'
    )
    assert both.ours("f", -7) == -2
    assert "i32.eqz" not in disassemble(both.wasm)


# --- vectors --------------------------------------------------------------------------------------


def test_each_vector_instruction_gives_what_the_engine_gives() -> None:
    shapes = shape_of_vectors()
    missing = set(VECTORS) - set(shapes) - set(MEMORY) - set(MEMORY_LANE) - {"v128.const"}
    assert not missing
    for name, (params, result) in shapes.items():
        both = Both(f"(module {COMMON} {function_of(name, params, result)})")
        for args in itertools.product(range(len(LANES)), repeat=min(len(params), 2)):
            operands = (*args, 3)[: len(params)]
            assert both.ours("f", *operands) == both.theirs("f", *operands), (name, operands)


def test_all_vector_instructions_together_fit_a_program() -> None:
    both = Both(everything())
    numbers = [both.ours("f", number) for number in range(len(LANES) ** 2)]
    assert len(set(numbers)) == len(LANES) ** 2
    store = wasmtime.Store()
    again = wasmtime.Module(store.engine, wasmtime.wat2wasm(disassemble(both.wasm)))
    exports = wasmtime.Instance(store, again, []).exports(store)
    assert [exports["fn_f"](store, number) for number in range(len(LANES) ** 2)] == numbers


# --- memory ---------------------------------------------------------------------------------------

EDGES = [0, 1, 7, 65519, 65520, 65528, 65532, 65534, 65535, 65536, 70000, -1, -8, -(2**31)]


def accesses() -> list[str]:
    """A function for each load and store: of an address, with and without an offset."""
    functions = []
    for name, offset in itertools.product(
        (*LOADS, *STORES, *MEMORY, *MEMORY_LANE), (0, 9, 2**32 - 5)
    ):
        place = f"{name}{f' offset={offset}' if offset else ''}"
        lane = " 0" if name in MEMORY_LANE else ""
        head = f'(func (export "{name} {offset}") (param i32) (result i64)'
        vector_ = "(v128.const i64x2 72623859790382856 -2)"
        fold = "(local $v v128) {} local.set $v local.get $v i64x2.extract_lane 0 local.get $v"
        fold += " i64x2.extract_lane 1 i64.xor"
        if name in LOADS:
            kind = LOADS[name][1]
            convert = {"i32": "i64.extend_i32_s", "i64": ""}.get(kind, "i64.trunc_sat_{}_s")
            functions.append(f"{head} local.get 0 {place} {convert.format(kind)})")
        elif name in STORES:
            kind = STORES[name][1]
            value = f"({kind}.const 1234567)"
            functions.append(f"{head} local.get 0 {value} {place} call $sum)")
        elif name == "v128.store" or "store" in name:
            functions.append(f"{head} local.get 0 {vector_} {place}{lane} call $sum)")
        elif name in MEMORY_LANE:
            functions.append(f"{head} {fold.format(f'local.get 0 {vector_} {place}{lane}')})")
        else:
            functions.append(f"{head} {fold.format(f'local.get 0 {place}')})")
    return functions


SUM = """(func $sum (result i64) (local $at i32) (local $total i64)
  loop
    local.get $total i64.const 31 i64.mul local.get $at i64.load i64.add local.set $total
    local.get $at i32.const 8 i32.add local.tee $at i32.const 65536 i32.lt_u br_if 0
  end local.get $total)"""


def test_each_load_and_store_reaches_the_modules_memory_and_no_further() -> None:
    data = "".join(f"\\{(at * 37 + 11) % 256:02x}" for at in range(4096))
    both = Both(
        f'(module (memory 1) (data (i32.const 61440) "{data}") {SUM} {" ".join(accesses())})'
    )
    for name in both.signatures:
        trapped = 0
        for address in EDGES if name.endswith(" 0") else EDGES[2::3]:
            ours, theirs = both.ours(name, address), both.theirs(name, address)
            assert ours == theirs, (name, address)
            trapped += ours == Trap()
        assert trapped
    disassemble(both.wasm)


def test_filling_and_copying_stay_inside_the_memory() -> None:
    both = Both(
        '(module (memory 1) (data (i32.const 100) "some bytes") '
        + SUM
        + '(func (export "fill") (param i32 i32) (result i64)'
        "  local.get 0 i32.const 7 local.get 1 memory.fill call $sum)"
        '(func (export "copy") (param i32 i32 i32) (result i64)'
        "  local.get 0 local.get 1 local.get 2 memory.copy call $sum)"
        '(func (export "size") (result i32) memory.size))'
    )
    places = [0, 100, 104, 65530, 65535, 65536, 65537, -1]
    lengths = [0, 1, 6, 10, 65536, 65537, -1]
    assert both.ours("size") == 1
    for target, length in itertools.product(places, lengths):
        assert both.ours("fill", target, length) == both.theirs("fill", target, length)
        for source in places:
            args = (target, source, length)
            assert both.ours("copy", *args) == both.theirs("copy", *args), args


def test_every_call_begins_with_the_memory_and_variables_of_the_module() -> None:
    both = Both(
        """(module (memory 1) (data (i32.const 8) "\\05") (global $g (mut f64) (f64.const 2.5))
        (func (export "f") (param i32) (result f64)
          i32.const 8 i32.const 8 i32.load8_u local.get 0 i32.add i32.store8
          i32.const 65535 i32.const 65535 i32.load8_u i32.const 1 i32.add i32.store8
          global.get $g local.get 0 f64.convert_i32_s f64.add global.set $g
          i32.const 8 i32.load8_u i32.const 65535 i32.load8_u i32.add f64.convert_i32_u
          global.get $g f64.add))"""
    )
    for argument in (1, 2, 1, 0):
        assert both.ours("f", argument) == both.theirs("f", argument)


# --- control --------------------------------------------------------------------------------------


def test_a_trap_leaves_all_callers_at_once() -> None:
    both = Both(
        """(module (global $g (mut i32) (i32.const 0))
        (func $deep (param i32) (result i32 f64)
          local.get 0 i32.eqz if unreachable end i32.const 10 local.get 0 i32.div_u f64.const 1)
        (func $middle (param i32) (result i32)
          i32.const 5 local.get 0 call $deep drop i32.add)
        (func (export "f") (param i32) (result i32)
          i32.const 1 block (param i32) (result i32)
            loop (param i32) (result i32) local.get 0 call $middle i32.add end
          end))"""
    )
    assert both.ours("f", 2) == both.theirs("f", 2) == 11
    assert both.ours("f", 0) == Trap()
    assert both.trap_code() == "unreachable_code"
    assert both.ours("f", 2) == 11
    disassemble(both.wasm)


def test_tables_of_branches_blocks_with_types_and_typed_choices_are_kept() -> None:
    both = Both(
        """(module (func (export "f") (param i32) (result i64)
          i64.const 1 i64.const 2
          block (param i64 i64) (result i64)
            i64.add
            block (param i64) (result i64) block (param i64) (result i64)
              local.get 0 br_table 0 1 2 0
            end i64.const 10 i64.mul end i64.const 7 i64.add
          end
          i64.const 3 local.get 0 select (result i64)))"""
    )
    for argument in range(-1, 5):
        assert both.ours("f", argument) == both.theirs("f", argument)
    assert "br_table 0 1 2 0" in disassemble(both.wasm)
    assert "select (result i64)" in disassemble(both.wasm)


def test_code_that_is_never_reached_is_valid_still() -> None:
    both = Both(
        """(module (memory 1) (func (export "f") (param i32) (result f64)
          local.get 0 if unreachable f64.add i64.trunc_f64_s i64.store i32.div_s drop
            f64.sqrt drop v128.load drop i32.store8 memory.copy end
          f64.const 1 return f64.add drop i32.load drop f32.demote_f64 drop unreachable))"""
    )
    assert both.ours("f", 0) == both.theirs("f", 0)
    assert both.ours("f", 1) == Trap()


# --- in jobs --------------------------------------------------------------------------------------

MIX = """(module (memory 2) (data (i32.const 4) "\\01\\02\\03\\04")
  (global $n (mut i32) (i32.const 0))
  (func $note (param i32)
    global.get $n i32.const 1 i32.add global.set $n
    i32.const 70000 local.get 0 i32.store)
  (func (export "f") (param i64 f64) (result f64)
    local.get 0 i32.wrap_i64 call $note local.get 0 i32.wrap_i64 call $note
    i32.const 70000 i32.load i32.const 4 i32.load8_u i32.add global.get $n i32.mul
    f64.convert_i32_s local.get 1 f64.mul))"""


def test_any_partition_of_a_job_gives_the_same() -> None:
    functions = {
        "f": member(MIX, ["i64", "f64"], "f64"),
        "g": "def g(n: i64) -> f64:\n    return f(n, 0.5) + f(n, 1.5)",
    }
    steps = {"derive": {"x": "f(n, 2.0)", "y": "g(n)", "text": "CAST(n AS string) || '!'"}}
    job = compiled({"range": {"n": [-50, 50]}}, steps, functions=functions)
    whole = computed(job)
    assert whole == [
        {"n": n, "x": (n + 1) * 4.0, "y": (n + 1) * 4.0, "text": f"{n}!"} for n in range(-50, 50)
    ]
    assert computed(job, 7) == computed(job, 1) == whole
    disassemble(job.wasm)


def test_the_listing_names_what_was_compiled_elsewhere() -> None:
    functions = {"f": member(MIX, ["i64", "f64"], "f64")}
    job = compiled({"range": {"n": [0, 2]}}, {"derive": {"x": "f(n, 1.0)"}}, functions=functions)
    assert "# f(p0: i64, p1: f64) -> f64: compiled elsewhere\n" in job.listing
    assert "def fn_f 1(i64, f64) -> f64:\n    16 instructions" in job.listing


def test_a_function_is_null_where_an_argument_is() -> None:
    functions = {"f": member(MIX, ["i64", "f64"], "f64")}
    rows = [{"a": 1, "b": 2.0}, {"a": None, "b": 2.0}, {"a": 3, "b": None}]
    job = compiled({"rows": rows}, {"derive": {"x": "f(a, b)"}}, functions=functions)
    assert [row["x"] for row in computed(job)] == [8.0, None, None]


@pytest.mark.parametrize(
    ("result", "values"),
    [
        ("bool", {0: False, 1: True, 2: True, -1: True}),
        ("i8", {127: 127, -128: -128}),
        ("u16", {65535: 65535, 0: 0}),
        ("u32", {-1: 2**32 - 1}),
    ],
)
def test_results_are_of_their_type(result: str, values: dict[int, object]) -> None:
    wat = '(module (func (export "f") (param i32) (result i32) local.get 0))'
    functions = {"f": member(wat, ["i32"], result)}
    rows = [{"a": value} for value in values]
    job = compiled(
        {"rows": rows, "columns": {"a": "i32"}}, {"derive": {"x": "f(a)"}}, functions=functions
    )
    assert [row["x"] for row in computed(job)] == list(values.values())


@pytest.mark.parametrize(("result", "value"), [("i8", 128), ("u8", -1), ("u16", 65536)])
def test_a_result_that_does_not_fit_its_type_is_a_trap(result: str, value: int) -> None:
    wat = '(module (func (export "f") (param i32) (result i32) local.get 0))'
    functions = {"f": member(wat, ["i32"], result)}
    job = compiled(
        {"rows": [{"a": value}], "columns": {"a": "i32"}},
        {"derive": {"x": "f(a)"}},
        functions=functions,
    )
    with pytest.raises(AssertionError):
        computed(job)
