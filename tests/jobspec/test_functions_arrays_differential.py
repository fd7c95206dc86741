"""Generated documents of functions with arrays, several results and calls, against CPython."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobspec.types import ValueType
from tests.jobspec.test_functions_differential import Writer, arguments, compare

I64, U64, F64, BOOL = ValueType.I64, ValueType.U64, ValueType.F64, ValueType.BOOL

ELEMENTS: dict[str, ValueType] = {
    "xs": I64,
    "ws": I64,
    "ys": F64,
    "us": U64,
    "ps": BOOL,
    "bs": I64,
    "m": I64,
    "fs": F64,
}
"""The arrays of every generated function by the type that reading an element gives."""
REMADE = {"ys": ("", "float", 3), "us": ("", "u64", 2), "ps": ("", "bool", 3)}
REMADE |= {"bs": (": u8[:]", "int", 5), "fs": (": f32[:]", "float", 2)}
"""Those that statements make anew: what is annotated, what makes an element, and how many."""


class ArrayWriter(Writer):
    """Draws functions over arrays; one over all of `ELEMENTS` may call those of `OTHERS`."""

    def __init__(self, draw: Any, variables: dict[str, ValueType], *arrays: str) -> None:
        super().__init__(draw, variables)
        self.arrays = arrays
        self.is_whole = len(arrays) == len(ELEMENTS)

    # --- expressions ------------------------------------------------------------------------------

    def expression(self, wanted: ValueType, depth: int) -> str:
        known = [name for name in self.arrays if ELEMENTS[name] is wanted]
        if known and depth and self.pick(True, False, False):
            return self.element(self.pick(*known), depth - 1)
        return super().expression(wanted, depth)

    def element(self, name: str, depth: int) -> str:
        if name != "m":
            return f"{name}[{self.index(f'len({name})', depth)}]"
        row, column = self.index("len(m)", depth), self.index("len(m[0])", depth)
        return f"m[{row}{self.pick(', ', '][')}{column}]"

    def index(self, length: str, depth: int) -> str:
        match self.pick("literal", "modulo", "modulo", "modulo", "last", "any"):
            case "literal":
                return self.pick("0", "1")
            case "modulo":
                return f"({super().expression(I64, depth)}) % {length}"
            case "last":
                return f"{length} - 1"
        return super().expression(I64, 0)

    def i64(self, depth: int) -> str:
        match self.pick("plain", "plain", "plain", "round", "length", "math", "call", "fold"):
            case "round":
                return f"{self.pick('round', 'math.trunc')}({self.expression(F64, depth)})"
            case "length":
                return f"len({self.pick(*self.arrays)})" if self.arrays else "7"
            case "math" if self.pick(True, False):
                return f"math.isqrt({self.expression(I64, depth)})"
            case "math":
                return f"math.gcd({self.expression(I64, depth)}, {self.expression(I64, depth)})"
            case "fold" if self.arrays:
                array = self.pick("xs", "bs", "m[1]", "[a, b]") if self.is_whole else "xs"
                return f"{self.pick('sum', 'min', 'max')}({array})"
            case "call" if self.is_whole:
                return f"total({self.pick('xs', 'ws', 'm[1]', '[a, 2, b]')}, {self.pick('a', 'i')})"
        return super().i64(depth)

    # --- statements -------------------------------------------------------------------------------

    def statement(self, indent: int, depth: int) -> None:
        if self.pick(True, False) or not self.arrays:
            super().statement(indent, depth)
            return
        forms = [self.store, self.store, self.update, self.both]
        if self.is_whole:
            forms += [self.exchange, self.make, self.take_turns, self.call, self.call, self.several]
            forms += [self.over] if depth else []
        self.pick(*forms)(indent, depth)

    def store(self, indent: int, depth: int) -> None:
        name = self.pick(*self.arrays)
        self.line(indent, f"{self.element(name, 1)} = {self.expression(ELEMENTS[name], 2)}")

    def update(self, indent: int, depth: int) -> None:
        name = self.pick(*(name for name in self.arrays if ELEMENTS[name] is not BOOL))
        operator = self.pick("+", "-", "*") if ELEMENTS[name] is F64 else self.pick("+", "^", "//")
        value = self.expression(ELEMENTS[name], 2)
        self.line(indent, f"{self.element(name, 1)} {operator}= {value}")

    def exchange(self, indent: int, depth: int) -> None:
        one, other = self.element("xs", 1), self.element(self.pick("xs", "ws"), 1)
        self.line(indent, f"{one}, {other} = {other}, {one}")

    def make(self, indent: int, depth: int) -> None:
        name = self.pick(*REMADE)
        declared, convert, count = REMADE[name]
        parts = [f"{convert}({self.expression(ELEMENTS[name], 2)})" for _ in range(count)]
        self.line(indent, f"{name}{declared} = [{', '.join(parts)}]")

    def take_turns(self, indent: int, depth: int) -> None:
        self.line(indent, self.pick("xs, ws = ws, xs", "ws = xs", "xs = ws"))

    def both(self, indent: int, depth: int) -> None:
        target = self.element("xs", 1)
        self.line(indent, f"a, {target} = {self.expression(I64, 2)}, {self.expression(I64, 2)}")

    def over(self, indent: int, depth: int) -> None:
        variable, array = self.pick(("a", "xs"), ("b", "m[1]"), ("x", "ys"), ("i", "bs"))
        self.loop(indent, depth, f"for {variable} in {array}:")

    def call(self, indent: int, depth: int) -> None:
        array = self.pick("xs", "ws", "m[0]", "m[i % 2]")
        self.line(indent, f"fill({array}, {self.expression(I64, 2)})")

    def several(self, indent: int, depth: int) -> None:
        a, x = self.expression(I64, 2), self.expression(F64, 2)
        text = self.pick(f"a, x = parts({a}, {x})", f"a, b = divmod({a}, b)")
        self.line(indent, text)


PREPARED = (
    "    xs = [a, b, 3, -4]",
    "    ws = [7] * 4",
    "    ys = [x, 0.5, y]",
    "    us = [u64(5) for _ in range(2)]",
    "    ps: bool[:] = [False] * 3",
    "    bs: u8[:] = [1, 2, 3, 4, 5]",
    "    m = [[i * a + j for j in range(3)] for i in range(2)]",
    "    fs: f32[:] = [0.0] * 2",
    "    i = 3",
    "    j = -4",
)
PARAMS = {"a": I64, "b": I64, "u": U64, "v": U64, "x": F64, "y": F64, "p": BOOL}
OTHERS = {
    "total": "def total(xs: i64[:], i: i64) -> i64:\n    a, b, j = i, 0, 1\n{}\n"
    "    for x in xs:\n        a += x * b\n        b += 1\n    return a - j",
    "fill": "def fill(xs: i64[:], a: i64) -> None:\n    b, i, j = 1, 2, 3\n{}\n"
    "    for i in range(len(xs)):\n        xs[i] += a * i + b - j",
    "parts": "def parts(a: i64, x: f64) -> tuple[i16, f64]:\n    b, i, j = 1, 2, 3\n{}\n"
    "    return (a + i * j) % 1000, x * 2.0 + b",
}


@st.composite
def documents(draw: Any) -> tuple[dict[str, str], list[list[Any]]]:
    result = draw(st.sampled_from([I64, F64, U64, BOOL, ValueType.I32]))
    writer = ArrayWriter(draw, {**PARAMS, "i": I64, "j": I64}, *ELEMENTS)
    heading = ", ".join(f"{name}: {kind}" for name, kind in PARAMS.items())
    writer.lines = [f"def f({heading}) -> {result}:", *PREPARED]
    writer.block(1, 2)
    writer.block(1, 1)
    kind = I64 if result is ValueType.I32 else result
    writer.line(1, f"return {writer.expression(kind, 3)}")
    sources = {"f": "\n".join(writer.lines)}
    for name, text in OTHERS.items():
        names = {"a": I64, "b": I64, "i": I64, "j": I64}
        helper = ArrayWriter(draw, names, *(["xs"] if "xs:" in text else []))
        helper.block(1, 1)
        sources[name] = text.format("\n".join(helper.lines))
    rows = [list(draw(st.tuples(*map(arguments, PARAMS.values())))) for _ in range(3)]
    return sources, rows


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(documents())
def test_generated_arrays_do_what_cpython_does(
    document: tuple[dict[str, str], list[list[Any]]],
) -> None:
    compare(*document)
