"""Generated functions: what we compile in wasmtime against CPython."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from jobspec import ir
from jobspec.functions import compile_functions
from jobspec.functions.syntax import NUMBERS
from jobspec.problems import ProblemList
from jobspec.types import ValueType
from tests.jobspec.functions_reference import Reference
from tests.jobspec.running import Instance

I64, U64, F64, BOOL = ValueType.I64, ValueType.U64, ValueType.F64, ValueType.BOOL
TYPES = (I64, U64, F64, BOOL)

EDGES = [0, 1, -1, 2, -2, 3, 7, -7, 63, 64, 255, 2**31, -(2**31), 2**53 + 1, 2**63 - 1, -(2**63)]
FLOAT_EDGES = [0.0, -0.0, 0.5, -1.5, 1e300, -1e300, 5e-324, math.inf, -math.inf, math.nan, 2.0**63]


def arguments(value_type: ValueType) -> st.SearchStrategy[Any]:
    if value_type is BOOL:
        return st.booleans()
    if value_type.is_float:
        return st.one_of(st.sampled_from(FLOAT_EDGES), st.floats(-100, 100), st.floats())
    low, high = value_type.minimum, value_type.maximum
    edges = [edge for edge in [*EDGES, 2**64 - 1] if low <= edge <= high]
    near = st.integers(max(low, -100), min(high, 100))
    return st.one_of(st.sampled_from(edges), near, st.integers(low, high))


class Writer:
    """Draws the text of a function that is well typed."""

    def __init__(self, draw: Any, variables: dict[str, ValueType]) -> None:
        self.draw = draw
        self.variables = variables
        self.lines: list[str] = []
        self.loops = 0

    def pick(self, *options: Any) -> Any:
        return self.draw(st.sampled_from(options))

    def expression(self, wanted: ValueType, depth: int) -> str:
        known = [name for name, kind in self.variables.items() if kind is wanted]
        if known and (depth == 0 or self.pick(True, False, False)):
            return self.pick(*known)
        if depth == 0:
            return self.literal(wanted, known)
        return getattr(self, wanted.value)(depth - 1)

    def literal(self, wanted: ValueType, known: list[str]) -> str:
        match wanted:
            case ValueType.BOOL:
                return self.pick("True", "False")
            case ValueType.F64:
                return self.pick("0.0", "1.5", "3.0", "1e10", "0.1")
            case ValueType.U64 if known:
                return f"({self.pick(*known)} ^ {self.pick(1, 77, 2**63)})"
            case ValueType.U64:
                return f"u64({self.pick(0, 1, 5, 2**64 - 1)})"
        return str(self.pick(0, 1, 2, 3, 10, 1000, 2**40))

    def integers(self, wanted: ValueType, depth: int) -> str:
        def part() -> str:
            return self.expression(wanted, depth)

        form = self.pick("infix", "infix", "infix", "shift", "unary", "call", "choice", "small")
        match form:
            case "infix":
                operator = self.pick("+", "-", "*", "//", "%", "&", "|", "^")
                return f"({part()} {operator} {part()})"
            case "small":
                operator, number = self.pick("//", "%", "+", "*"), self.pick(1, 2, 3, 8, 10)
                return f"({part()} {operator} {number})"
            case "shift":
                count = self.pick("3", "63", "64", "200", self.expression(I64, depth))
                # Beside a shift a literal on the left is a plain i64.
                return f"({part()} {self.pick('<<', '>>')} {count})"
            case "unary":
                return f"({self.pick('-', '~', '+')}{part()})"
            case "choice":
                return f"({part()} if {self.bool(depth)} else {part()})"
        return f"{self.pick('min', 'max')}({part()}, {part()})"

    def i64(self, depth: int) -> str:
        match self.pick("arithmetic", "arithmetic", "abs", "power", "int", "narrow"):
            case "abs":
                return f"abs({self.expression(I64, depth)})"
            case "power":
                return f"({self.expression(I64, depth)} ** {self.pick(0, 1, 2, 3, 7)})"
            case "int":
                name = self.pick("int", "i64", "math.floor", "math.ceil")
                return f"{name}({self.expression(F64, depth)})"
            case "narrow":
                name = self.pick("i8", "u16", "i32", "u32", "i64")
                return f"{name}({self.expression(self.pick(I64, U64, F64, BOOL), depth)})"
        return self.integers(I64, depth)

    def u64(self, depth: int) -> str:
        if self.pick(True, False, False, False):
            return f"u64({self.expression(self.pick(I64, F64), depth)})"
        return self.integers(U64, depth)

    def f64(self, depth: int) -> str:
        def part() -> str:
            return self.expression(F64, depth)

        match self.pick("infix", "infix", "mixed", "unary", "call", "choice", "sqrt"):
            case "infix":
                return f"({part()} {self.pick('+', '-', '*', '/', '//', '%')} {part()})"
            case "mixed":
                whole = self.expression(self.pick(I64, U64), depth)
                pair = [part(), whole] if self.pick(True, False) else [whole, part()]
                return f"({pair[0]} {self.pick('+', '-', '*', '/', '%')} {pair[1]})"
            case "unary":
                return f"({self.pick('-', '+')}{part()})"
            case "choice":
                return f"({part()} if {self.bool(depth)} else {part()})"
            case "sqrt":
                return f"{self.pick('sqrt', 'math.sqrt')}({part()})"
        name = self.pick("min", "max", "abs", "float")
        if name == "float":
            return f"float({self.expression(self.pick(I64, U64), depth)})"
        return f"abs({part()})" if name == "abs" else f"{name}({part()}, {part()})"

    def bool(self, depth: int) -> str:
        depth = max(depth - 1, 0)
        match self.pick("compare", "compare", "chain", "logic", "not", "bits"):
            case "compare":
                kind = self.pick(I64, U64, F64)
                operator = self.pick("<", "<=", ">", ">=", "==", "!=")
                left, right = self.expression(kind, depth), self.expression(kind, depth)
                return f"({left} {operator} {right})"
            case "chain":
                kind = self.pick(I64, F64)
                parts = [self.expression(kind, depth) for _ in range(3)]
                return f"({parts[0]} {self.pick('<', '!=')} {parts[1]} <= {parts[2]})"
            case "not":
                return f"(not {self.expression(BOOL, depth)})"
        operator = self.pick("and", "or", "==", "&", "^")
        return f"({self.expression(BOOL, depth)} {operator} {self.expression(BOOL, depth)})"

    # --- statements -------------------------------------------------------------------------------

    def block(self, indent: int, depth: int) -> None:
        for _ in range(self.draw(st.integers(1, 3))):
            self.statement(indent, depth)

    def line(self, indent: int, text: str) -> None:
        self.lines.append("    " * indent + text)

    def statement(self, indent: int, depth: int) -> None:
        forms = ["assign", "assign", "augmented", "swap"]
        if depth:
            forms += ["if", "for", "while"]
        if self.loops:
            forms.append("leave")
        match self.pick(*forms):
            case "assign":
                name = self.pick(*self.variables)
                value = self.expression(self.variables[name], 3)
                self.line(indent, f"{name} = {value}")
            case "augmented":
                names = [n for n, kind in self.variables.items() if kind in (I64, U64)]
                name = self.pick(*names)
                value = self.expression(self.variables[name], 2)
                self.line(indent, f"{name} {self.pick('+', '-', '*', '^')}= {value}")
            case "swap":
                self.line(indent, f"a, b = {self.expression(I64, 2)}, {self.expression(I64, 2)}")
            case "leave":
                self.line(indent, f"if {self.bool(2)}:")
                self.line(indent + 1, self.pick("break", "continue"))
            case "if":
                self.line(indent, f"if {self.bool(2)}:")
                self.block(indent + 1, depth - 1)
                if self.pick(True, False):
                    self.line(indent, f"elif {self.bool(2)}:")
                    self.block(indent + 1, depth - 1)
                if self.pick(True, False):
                    self.line(indent, "else:")
                    self.block(indent + 1, depth - 1)
            case "for":
                bounds = self.pick("5", "2, 7", "6, -1, -2", "-3, 8, 3", "a % 7", "a % 5, b % 9",
                                   "a % 9, b % 9, b % 4", "9, a % 9, -(b % 3)")  # fmt: skip
                self.loop(indent, depth, f"for {self.pick('i', 'j', 'a')} in range({bounds}):")
            case "while":
                self.line(indent, f"k{indent} = 0")
                condition = self.pick("", f" and {self.bool(2)}")
                count = f"k{indent}"
                self.loop(indent, depth, f"while {count} < 4{condition}:", f"{count} += 1")

    def loop(self, indent: int, depth: int, head: str, first: str | None = None) -> None:
        self.line(indent, head)
        if first:
            self.line(indent + 1, first)
        self.loops += 1
        self.block(indent + 1, depth - 1)
        self.loops -= 1


@st.composite
def cases(draw: Any) -> tuple[str, list[list[Any]]]:
    params = {"a": I64, "b": I64, "u": U64, "v": U64, "x": F64, "y": F64, "p": BOOL}
    results = [member for member in NUMBERS if member is not ValueType.F32]
    result = draw(st.sampled_from([*results, I64, F64, U64]))
    writer = Writer(draw, {**params, "i": I64, "j": I64})
    heading = ", ".join(f"{name}: {kind}" for name, kind in params.items())
    writer.lines = [f"def f({heading}) -> {result}:", "    i = 3", "    j = -4"]
    writer.block(1, 2)
    kind = BOOL if result is BOOL else F64 if result.is_float else I64
    kind = U64 if result is U64 else kind
    writer.line(1, f"return {writer.expression(kind, 3)}")
    args = [draw(st.tuples(*map(arguments, params.values()))) for _ in range(4)]
    return "\n".join(writer.lines), [list(row) for row in args]


def as_declared(value: Any, declared: ValueType) -> str:
    """A number as text, so that NaN equals NaN and zeros keep their sign."""
    if declared is BOOL:
        return str(bool(value))
    return repr(float(value)) if declared.is_float else str(int(value) % 2**64)


def wasm_argument(value: Any) -> Any:
    if isinstance(value, int) and value >= 2**63:
        return value - 2**64
    return value


def compare(sources: dict[str, str], rows: list[list[Any]]) -> Counter[str]:
    """Run the first function over the rows, here and in CPython; how often it came to what."""
    outcomes: Counter[str] = Counter()
    problems, traps = ProblemList(), ir.TrapSites()
    functions = compile_functions(sources, problems, traps)
    # What only a reader of the whole text could avoid is refused, and no matter of ours here:
    # literals that are too large together, arrays that share memory in a loop.
    assume(not any(problem.code == "number_literal" for problem in problems))
    assume(not any("made anew" in problem.message for problem in problems))
    assert not problems.all(), sources
    reference = Reference(functions, sources)
    instance, sites = Instance(*(item.function for item in functions.values())), traps.all()
    called = next(iter(functions.values()))
    for row in rows:
        expected = reference.outcome(called.name, row)
        outcomes[expected[1][0] if expected[0] == "trap" else "value"] += 1
        value = instance.call(called.function.name, *map(wasm_argument, row))
        number = instance.trap()
        instance.call("clear_trap")
        if number is not None:
            site = sites[number]
            where = site.pointer.removeprefix("/functions/")
            assert ("trap", (site.code, where, site.line)) == expected, f"{sources}\n{row}"
            continue
        assert called.result is not None
        assert expected[0] == "value", f"{sources}\n{row}\n{expected} {value}"
        if called.result is ValueType.U32:
            value %= 2**32
        assert as_declared(value, called.result) == as_declared(expected[1], called.result), (
            f"{sources}\n{row}"
        )
    return outcomes


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(cases())
def test_generated_functions_do_what_cpython_does(case: tuple[str, list[list[Any]]]) -> None:
    source, rows = case
    compare({"f": source}, rows)
