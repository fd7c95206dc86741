"""WebAssembly modules that cannot be functions: a problem for each, whatever the bytes are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import wasmtime
from hypothesis import given, settings
from hypothesis import strategies as st

from jobspec import check_document
from jobspec.errors import DocumentError
from jobspec.problems import Problem
from jobspec.run import invalid_module
from jobspec.wasm.disassemble import disassemble
from jobspec.wasm.encode import MAGIC
from tests.jobspec.jobs import document, problems
from tests.jobspec.wasm_modules import entry, member

SOURCE = {"range": {"n": [0, 3]}}
IDENTITY = '(func (export "f") (param i64) (result i64) local.get 0)'
GOOD = f"(module {IDENTITY})"


def found(function: Any, call: str = "f(n)", **more: Any) -> list[Problem]:
    functions = {"f": function, **more}
    return problems(SOURCE, {"derive": {"x": call}}, functions=functions)


def only(function: Any, call: str = "f(n)") -> Problem:
    (problem,) = found(function, call)
    return problem


def of_module(text: str, params: Sequence[str] = ("i64",), result: str = "i64") -> Problem:
    return only(member(f"(module {text})", params, result))


def test_a_good_module_has_no_problem() -> None:
    assert found(member(GOOD, ["i64"], "i64")) == []


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ('(import "env" "now" (func)) ' + IDENTITY, "unsupported_wasm", "imports 'now' of 'env'"),
        (IDENTITY + "(func $s) (start $s)", "unsupported_wasm", "start function"),
        ("(memory 300) " + IDENTITY, "program_too_large", "bytes of memory"),
        ('(memory 1) (data (i32.const 65535) "ab") ' + IDENTITY, "bad_wasm", "data lies outside"),
        (
            (
                '(memory 1) (func (export "f") (param i64) (result i64)'
                " i32.const 1 memory.grow drop local.get 0)"
            ),
            "unsupported_wasm",
            "asks for more memory",
        ),
        (
            '(func $f (export "f") (param i64) (result i64) local.get 0 call $f)',
            "recursion",
            "call themselves",
        ),
        (
            (
                '(func $f (export "f") (param i64) (result i64) local.get 0 call $g)'
                "(func $g (param i64) (result i64) local.get 0 call $f)"
            ),
            "recursion",
            "call themselves",
        ),
        (
            (
                "(table 1 funcref) (type $t (func (param i64) (result i64)))"
                '(func (export "f") (param i64) (result i64)'
                " local.get 0 i32.const 0 call_indirect (type $t))"
            ),
            "unsupported_wasm",
            "call_indirect",
        ),
        (
            '(func (export "f") (param i64) (result i64) (local externref) local.get 0)',
            "unsupported_wasm",
            "no type of a value",
        ),
        (
            "(global $v (mut v128) (v128.const i64x2 0 0)) " + IDENTITY,
            "unsupported_wasm",
            "holds a vector",
        ),
        (
            (
                '(memory 1) (data $d "ab") (func (export "f") (param i64) (result i64)'
                " i32.const 0 i32.const 0 i32.const 1 memory.init $d local.get 0)"
            ),
            "unsupported_wasm",
            "copied by the code",
        ),
        ("(memory 1 1 shared) " + IDENTITY, "bad_wasm", "not valid"),
        (
            (
                '(func (export "f") (param i64) (result i64) local.get 0'
                " v128.const i64x2 0 0 v128.const i64x2 0 0 i8x16.relaxed_swizzle drop)"
            ),
            "bad_wasm",
            "not valid",
        ),
        ('(func (export "g") (param i64) (result i64) local.get 0)', "bad_wasm", "exports no"),
        ('(memory (export "f") 1)', "bad_wasm", "exports no"),
        ('(func (export "f") (param i32) (result i64) i64.const 0)', "type_mismatch", "(i32)"),
        ('(func (export "f") (param i64))', "type_mismatch", "gives ()"),
        (
            '(func (export "f") (param i64) (result i64) '
            + "block " * 600
            + "end " * 600
            + "local.get 0)",
            "program_too_large",
            "nested",
        ),
        (
            '(func (export "f") (param i64) (result i64) (local '
            + "i32 " * 5_001
            + ") local.get 0)",
            "program_too_large",
            "variables",
        ),
    ],
)
def test_what_a_function_may_not_do_is_a_problem(text: str, code: str, words: str) -> None:
    problem = of_module(text)
    assert (problem.code, problem.pointer) == (code, "/functions/f")
    assert words in problem.message


def chain(length: int, variables: int) -> str:
    """Functions that call each other in a row."""
    links = "".join(
        f"(func $f{at} (param i64) (result i64) (local {'i64 ' * variables})"
        f" local.get 0 call $f{at + 1})"
        for at in range(length)
    )
    last = f"(func $f{length} (param i64) (result i64) local.get 0)"
    return f'{links}{last}(func (export "f") (param i64) (result i64) local.get 0 call $f0)'


def test_the_stack_is_bounded_alike_in_every_engine() -> None:
    assert found(member(f"(module {chain(100, 50)})", ["i64"], "i64")) == []
    for text in (chain(100, 100), chain(900, 0)):
        problem = of_module(text)
        assert problem.code == "program_too_large"
        assert "of stack" in problem.message


def test_values_on_the_stack_count_too() -> None:
    def pushed(count: int) -> str:
        values = " ".join(f"local.get 0 i64.const {at} i64.mul" for at in range(count))
        return f'(func (export "f") (param i64) (result i64) {values} {"i64.add " * (count - 1)})'

    assert found(member(f"(module {pushed(5_000)})", ["i64"], "i64")) == []
    assert "of stack" in of_module(pushed(9_000)).message


def test_only_what_is_called_counts() -> None:
    unused = "(func $g (param i64) (result i64) local.get 0 call $g)"
    table = "(table 1 funcref) (elem (i32.const 0) $g)"
    assert found(member(f"(module {table} {IDENTITY} {unused})", ["i64"], "i64")) == []


def test_all_modules_share_what_memory_there_is() -> None:
    large = member(f"(module (memory 200) {IDENTITY})", ["i64"], "i64")
    (problem,) = found(large, g=large)
    assert (problem.code, problem.pointer) == ("program_too_large", "/functions")


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({"wasm": "no base64!"}, "bad_wasm", "/functions/f/wasm"),
        ({"wasm": ""}, "bad_value", "/functions/f/wasm"),
        ({"wasm": 5}, "wrong_type", "/functions/f/wasm"),
        ({"wasm": "AAAA"}, "bad_wasm", "/functions/f"),
        ({"export": "g"}, "bad_wasm", "/functions/f"),
        ({"params": ["int"]}, "bad_value", "/functions/f/params/0"),
        ({"params": "i64"}, "wrong_type", "/functions/f/params"),
        ({"params": ["i64"] * 33}, "too_long", "/functions/f/params"),
        ({"result": "string"}, "bad_value", "/functions/f/result"),
        ({"resutl": "i64"}, "unknown_key", "/functions/f/resutl"),
    ],
)
def test_a_wrong_entry_is_a_problem_at_its_place(
    change: dict[str, Any], code: str, pointer: str
) -> None:
    wrong = {**member(GOOD, ["i64"], "i64"), **change}
    places = {(problem.code, problem.pointer) for problem in found(wrong)}
    assert (code, pointer) in places


def test_a_missing_key_is_named() -> None:
    without = {key: value for key, value in member(GOOD, ["i64"], "i64").items() if key != "result"}
    assert ("missing_key", "/functions/f/result") in {
        (problem.code, problem.pointer) for problem in found(without)
    }


def test_modules_have_a_length() -> None:
    long = {**member(GOOD, ["i64"], "i64"), "wasm": "AAAA" * 70_000}
    assert ("too_long", "/functions") in {(one.code, one.pointer) for one in found(long)}


def test_a_call_with_wrong_arguments_is_a_problem_even_if_the_module_is_bad() -> None:
    bad = entry(b"nothing", ["i64"], "i64")
    assert {one.code for one in found(bad, "f(n, n)")} == {"bad_wasm", "wrong_argument_count"}
    assert {one.code for one in found(bad, "f('text')")} == {"bad_wasm", "type_mismatch"}


# --- hostile bytes --------------------------------------------------------------------------------

SEED = bytes(
    wasmtime.wat2wasm(
        """(module (memory 1) (data (i32.const 8) "some bytes") (global $g (mut f32) (f32.const 1))
        (func $half (param i32) (result f64 i64)
          local.get 0 f64.convert_i32_s f64.const 2 f64.div i64.const -3)
        (func (export "f") (param i64) (result i64) (local v128)
          block (result f64 i64) local.get 0 i32.wrap_i64 call $half end
          local.get 0 i64.div_s drop i64.trunc_f64_s
          i32.const 8 i32.load8_u offset=3 drop
          i32.const 16 local.get 1 v128.store align=1
          loop local.get 0 i64.eqz br_if 0 end
          local.get 0 i32.wrap_i64 if unreachable else end
          local.get 0 i64.add))"""
    )
)


def compiles_or_says_why(wasm: bytes) -> bool:
    raw = document(SOURCE, {"derive": {"x": "f(n)"}}, functions={"f": entry(wasm, ["i64"], "i64")})
    try:
        job = check_document(raw)
    except DocumentError:
        return False
    assert invalid_module(job.wasm) is None
    disassemble(job.wasm)
    return True


def test_the_seed_compiles() -> None:
    assert compiles_or_says_why(SEED)


@settings(max_examples=250)
@given(st.data())
def test_changed_bytes_compile_to_a_valid_program_or_are_a_problem(data: st.DataObject) -> None:
    changed = bytearray(SEED)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(8, len(changed) - 1))
        match data.draw(st.sampled_from(["set", "delete", "insert"])):
            case "set":
                changed[at] = data.draw(st.integers(0, 255))
            case "delete":
                del changed[at]
            case "insert":
                changed.insert(at, data.draw(st.integers(0, 255)))
    compiles_or_says_why(bytes(changed))


@settings(max_examples=200)
@given(st.binary(max_size=60))
def test_any_bytes_are_a_problem_or_a_program(content: bytes) -> None:
    compiles_or_says_why(content)
    compiles_or_says_why(MAGIC + content)


def test_places_that_trap_stay_small_however_many_results_they_leave_with() -> None:
    def module(results: int) -> str:
        traps = "unreachable " * 5_000
        return (
            f"(module (func $g (result {'v128 ' * results}) {traps})"
            ' (func (export "f") (param i64) (result i64) call $g unreachable))'
        )

    (problem,) = found(member(module(9), ["i64"], "i64"))
    assert (problem.code, problem.pointer) == ("program_too_large", "/functions/f")
    taken = member(module(8), ["i64"], "i64")
    job = check_document(document(SOURCE, {"derive": {"x": "f(n)"}}, functions={"f": taken}))
    assert len(job.wasm) < 5_000 * 25 + 10_000
