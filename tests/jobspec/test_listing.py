"""The listing: pseudo-code that says what the program does."""

from __future__ import annotations

import hashlib

from jobspec import ir, listing
from jobspec.functions import compile_functions
from jobspec.ir import Choose, Const, Function, Get, GetGlobal, Kind, Load, Module, Op, Text
from jobspec.problems import ProblemList

I32, I64, F64 = Kind.I32, Kind.I64, Kind.F64
N, P, X = Get("n", I64), Get("p", I32), Get("x", F64)


def shown(**sources: str) -> str:
    traps, problems = ir.TrapSites(), ProblemList()
    functions = compile_functions(sources, problems, traps)
    assert not problems.all()
    module = Module(
        functions=tuple(function.function for function in functions.values()),
        globals=(ir.Global(name="rows", kind=I32, initial=3),),
        memory_maximum_bytes=65536,
    )
    return listing.render(module, traps.all())


def test_a_function_is_shown_as_pseudo_code_with_its_traps() -> None:
    source = (
        "def f(n: i64, m: i64) -> i32:\n"
        "    total = 0\n"
        "    for i in range(n):\n"
        "        if i % m == 2 and i != 7:\n"
        "            continue\n"
        "        total += i\n"
        "    return total"
    )
    assert shown(f=source) == (
        "memory: at most 65536 bytes\n"
        "global rows: i32 = 3\n"
        "\n"
        "# def f(n: i64, m: i64) -> i32\n"
        "def fn_f(n: i64, m: i64) -> i32:\n"
        "    total = 0\n"
        "    $1 = 0\n"
        "    %2 = n\n"
        "    while $1 < %2:\n"
        "        i = $1\n"
        "        if m == 0:\n"
        "            trap 3: division_by_zero at /functions/f line 4\n"
        "        if (floor_modulo_i64(i, m) == 2) & (i != 7):\n"
        "            continue\n"
        "        total = total + i\n"
        "        next:\n"
        "            $1 = $1 + 1\n"
        "    if total != extend32_s(total):\n"
        "        trap 4: cast_overflow at /functions/f line 7\n"
        "    return i32(total)\n"
        "\n"
        "kernels: floor_modulo_i64\n"
    )


def test_expressions_have_the_parentheses_they_need() -> None:
    def op(name: str, *args: ir.Expr) -> Op:
        return Op(name, args)

    one = Const(I64, 1)
    total = op("i64.add", N, one)
    cases: list[tuple[ir.Expr, str]] = [
        (op("i64.mul", total, N), "(n + 1) * n"),
        (op("i64.add", op("i64.mul", N, N), one), "n * n + 1"),
        (op("i64.sub", N, op("i64.sub", N, one)), "n - (n - 1)"),
        (op("i64.sub", op("i64.sub", N, one), N), "n - 1 - n"),
        (op("i32.eq", op("i64.lt_u", N, one), P), "(n <u 1) == p"),
        (op("i32.eqz", op("i64.lt_s", N, one)), "(n < 1) == 0"),
        (op("i64.div_u", N, one), "n /u 1"),
        (op("f64.sqrt", op("f64.neg", X)), "sqrt(neg(x))"),
        (op("i64.extend_i32_u", P), "i64_u(p)"),
        (op("i64.reinterpret_f64", X), "bits_i64(x)"),
        (op("memory.grow", P), "memory_grow(p)"),
        (op("memory.size"), "memory_size()"),
        (op("i64.add", Choose(P, N, one), one), "(n if p else 1) + 1"),
        (Load("i32.load8_u", op("i32.add", P, P), 4), "u8[p + p + 4]"),
        (Load("i32.load16_s", P), "i16[p]"),
        (Load("f64.load", P), "f64[p]"),
        (Const(I64, 2**64 - 1), "-1"),
        (Const(F64, 0.5), "0.5"),
        (Text("grün\n\u202e".encode()), "'grün\\n\\u202e'"),
        (Text(b"\xff\x00a"), "b'\\xff\\x00a'"),
        (Text(bytes(33)), f"<33 bytes, sha256 {hashlib.sha256(bytes(33)).hexdigest()}>"),
        (ir.Call("f", (N, X), F64), "f(n, x)"),
        (GetGlobal("trap", I32), "trap"),
        (Load("i64.load", ir.Static("fn_f.1", 64), 8), "i64[&fn_f.1 + 8]"),
    ]
    for expression, expected in cases:
        assert listing.text(expression) == expected


def test_every_statement_is_shown() -> None:
    one = Const(I32, 1)
    body = (
        ir.Store("i32.store8", P, one, 2),
        ir.Store("i64.store", P, Const(I64, 5)),
        ir.SetGlobal("trap", one),
        ir.Do("g", (one,)),
        ir.MemoryCopy(P, P, one),
        ir.MemoryFill(P, one, one),
        ir.If(one, (), (ir.Trap(1),)),
        ir.While(one, (ir.Break(),)),
        ir.TrapCheck(),
        ir.Return(),
    )
    g = Function(name="g", params=(("n", I32),), comment="Does nothing.")
    f = Function(name="f", params=(("p", I32),), body=body, exported=True)
    text = listing.render(Module(functions=(f, g), memory_maximum_bytes=65536))
    assert text == (
        "memory: at most 65536 bytes\n"
        "\n"
        "export def f(p: i32):\n"
        "    u8[p + 2] = 1\n"
        "    i64[p] = 5\n"
        "    trap = 1\n"
        "    g(1)\n"
        "    memory_copy(p, p, 1)\n"
        "    memory_fill(p, 1, 1)\n"
        "    if 1:\n"
        "        pass\n"
        "    else:\n"
        "        trap 1\n"
        "    while 1:\n"
        "        break\n"
        "    return if trapped\n"
        "    return\n"
        "\n"
        "# Does nothing.\n"
        "def g(n: i32):\n"
        "    pass\n"
    )


def test_deep_expressions_are_shown_without_a_stack() -> None:
    expression: ir.Expr = N
    for _ in range(5_000):
        expression = Op("i64.add", (expression, N))
    assert listing.text(expression).count("+") == 5_000
