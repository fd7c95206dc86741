"""Any text: problems or a valid program, never an exception, in bounded time and size."""

from __future__ import annotations

import re
import time
from typing import Any

import wasmtime
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from jobspec import ir
from jobspec.functions import compile_functions
from jobspec.problems import ProblemList
from jobspec.wasm.codegen import assemble

NAMES = ("n", "x", "p", "u", "xs", "m", "q", "ys", "f", "g", "h", "i", "math", "range", "len", "_")
# In what follows e stands for an expression, v for a name, s for a statement.
EXPRESSIONS = (
    *("1 + 1", "e + e", "e * e", "e // e", "e % e", "e / e", "e ** 2", "e ** e", "e << e", "e & e"),
    *("-e", "~e", "not e", "e < e", "e == e < e", "e and e", "e or e", "e if e else e", "(e)"),
    *("e[e]", "e[e][e]", "e[e, e]", "e[e:e]", "e[:]", "e[-1]", "e[0]", "[e, e]", "[e] * e"),
    *("[0] * 3", "[e] * 2", "3 * [e]", "[e for v in range(3)]", "[e for v in range(e)]"),
    *("[[e] * 2 for v in range(2)]", "[[e, e], [e, e]]", "[e for v in e]", "[e for v in e if e]"),
    *("[]", "[[0] * 2] * 2", "[[[[1]]]]", "len(e)", "len([e])", "min(e, e)", "max(e, e, e)"),
    *("sum(e)", "max(e)", "min([e, e])", "sum(m[e])", "math.gamma(e)"),
    *("abs(e)", "int(e)", "float(e)", "bool(e)", "u8(e)", "f32(e)", "round(e)", "divmod(e, e)"),
    *("math.sin(e)", "math.log(e, e)", "math.isqrt(e)", "math.pi", "math.gcd(e, e)", "math.x"),
    *("g(e, e)", "h(e)", "g(xs, n)", "h(n)", "f(e)", "e(e)", "e.v", "e.append(e)", "len", "()"),
    *("(e, e)", "*e", "(v := e)", "lambda: e", "{e}", "{e: e}", "{e for v in e}", "(e for v in e)"),
    *("'a'", "b'a'", "f'{e}'", "None", "...", "1j", "e is e", "e in e", "e @ e", "await e"),
    *("(yield e)", "e[e](e)", "range(e)", "-9223372036854775808", "18446744073709551616", "1e999"),
    *("2 ** 64", "1 << 63", "[e] * 99999999", "[0] * (2 ** 62)", "0x7fffffff", "math.nan"),
)
STATEMENTS = (
    *("v = e", "v = e", "v, v = e, e", "v, v = e", "v[e] = e", "v[e][e] = e", "v[e, e] = e"),
    *("v[e], v[e] = v[e], v[e]", "v = v = e", "v[e] = v = e", "v += e", "v[e] += e", "v //= e"),
    *("v: f64 = e", "v: u8[:] = e", "v: f64[:, :] = e", "v: i64", "v: str = e", "v[e]: i64 = e"),
    *("e", "g(e, e)", "h(e)", "return e", "return e, e", "return", "pass", "break", "continue"),
    *("if e:\n    s", "if e:\n    s\nelse:\n    s", "if e:\n    s\nelif e:\n    s\nelse:\n    s"),
    *("while e:\n    s", "while True:\n    s\n    break", "for v in range(e):\n    s"),
    *("for v in range(e, e, e):\n    s", "for v in e:\n    s", "for v, v in e:\n    s"),
    *("for v in range(e):\n    s\nelse:\n    s", "v, *v = e", "(v, v), v = e", "del v", "global v"),
    *("assert e", "import math", "with e:\n    s", "try:\n    s\nexcept e:\n    s", "raise e"),
    *(
        "match e:\n    case 1:\n        s",
        "def v():\n    s",
        "class v:\n    s",
        "v.v = e",
        "v = yield",
    ),
)
HEADS = (
    "def f(n: i64, x: f64, p: bool) -> i64:",
    "def f(n: i64, xs: f64[:], m: u8[:, :]) -> tuple[i64, f64]:",
    "def f(xs: i64[:], u: u64) -> None:",
    "def f(n, x: list[list[i64]]):",
    "def f(n: u8 = 1, *xs: f64) -> i64[:]:",
)
OTHERS = {
    "g": "def g(xs: f64[:], n: i64) -> i64:\n    xs[n] = 1.0\n    return n // len(xs)",
    "h": "def h(n: i64) -> tuple[i64, f64]:\n    return n, n / 2",
}


@st.composite
def texts(draw: Any) -> str:
    def fill(template: str, depth: int) -> str:
        def part(found: re.Match[str]) -> str:
            if found[0] == "v":
                return draw(st.sampled_from(NAMES))
            if found[0] == "e":
                return expression(depth)
            indent = " " * len(template[: found.start()].rpartition("\n")[2])
            return statement(depth - 1).replace("\n", "\n" + indent)

        return re.sub(r"\b[evs]\b", part, template)

    def expression(depth: int) -> str:
        if depth <= 0 or draw(st.integers(0, 2)) == 0:
            return draw(st.sampled_from((*NAMES[:8], "0", "1", "2.5", "True")))
        return fill(draw(st.sampled_from(EXPRESSIONS)), depth - 1)

    def statement(depth: int) -> str:
        return fill(draw(st.sampled_from(STATEMENTS if depth > 0 else STATEMENTS[:20])), depth)

    body = [statement(2) for _ in range(draw(st.integers(1, 5)))]
    tail = draw(st.sampled_from(("return n", "return n, x", "return", "pass")))
    lines = "\n".join([*body, tail]).replace("\n", "\n    ")
    return f"{draw(st.sampled_from(HEADS))}\n    {lines}"


def check(text: str) -> None:
    problems, traps = ProblemList(), ir.TrapSites()
    began = time.process_time()
    compiled = compile_functions({"f": text, **OTHERS}, problems, traps)
    if problems:
        assert all(problem.message for problem in problems)
    else:
        functions = tuple(item.function for item in compiled.values())
        wasm = assemble(ir.Module(functions=functions, memory_maximum_bytes=64 << 20))
        wasmtime.Module.validate(wasmtime.Engine(), wasm)
        assert len(wasm) < 40_000 + 100 * len(text)
    assert time.process_time() - began < 5


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(texts())
def test_generated_texts_are_problems_or_programs(text: str) -> None:
    check(text)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200), st.sampled_from(HEADS))
@example("    return '\ud800'", HEADS[0])
@example("    return " + "[" * 5000, HEADS[0])
@example("\x00", HEADS[0])
def test_any_text_is_a_problem_or_a_program(text: str, head: str) -> None:
    check(text)
    check(f"{head}\n    {text}")
