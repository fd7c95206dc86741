"""What the lowering of one function knows of its surroundings, and how it says what is wrong."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from jobspec import ir
from jobspec.foreign import Foreign
from jobspec.ir import Const, Expr, Get, Kind, TrapSite
from jobspec.problems import ProblemList, near_miss
from jobspec.types import ArrayType, ValueType

Params = tuple[tuple[str, ValueType | ArrayType], ...]
Results = tuple[ValueType, ...]
HINTED_PROBLEMS = 20
"""Comparing a name with hundreds of others costs more than all else that is done with it."""
RESULT_BYTES = 8
"""What each further result of a function takes in memory."""


class Refused(Exception):  # noqa: N818 - not an error of ours, but a way out
    """A part of a function was refused, and the problem has been noted."""


@dataclass(frozen=True, slots=True)
class Value:
    """A computed value. `literal` is set while a whole number may still take any number type."""

    type: ValueType
    expr: Expr
    literal: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledFunction:
    """A function ready to be called: with `ir.Call(function.name, ...)`, and if it `may_trap`
    then with `ir.TrapCheck` before its result is used.

    An array is passed as its address, an i32, and one i32 for the length in each dimension. Of
    several results the first is the call's, and `further_results` reads the others right after it.
    A function with problems keeps its types and has an empty body, so that whoever calls it can
    still be checked.
    """

    name: str
    params: Params
    result: ValueType | None
    """None for a function without a result, which expressions cannot call."""
    function: ir.Function
    may_trap: bool
    more: Results = ()
    """The types of the second and all further results."""
    writes: frozenset[str] = frozenset()
    """The array parameters that may be written to."""
    foreign: tuple[Foreign, ...] = ()
    """What `function` calls that was compiled elsewhere, with its global variables."""
    globals: tuple[ir.Global, ...] = ()
    static_bytes: int = 0
    """The memory that all of it takes while the program does not run."""

    @property
    def results(self) -> Results:
        return () if self.result is None else (self.result, *self.more)

    def further_results(self) -> tuple[Expr, ...]:
        """Where the second and all further results lie until the next call."""
        memory = further_memory(self.function.name, self.more)
        return tuple(
            ir.Load(f"{result.kind}.load", memory, RESULT_BYTES * index)
            for index, result in enumerate(self.more)
        )


def further_memory(function: str, more: Results) -> ir.Static:
    """The memory through which a function hands over all results but the first."""
    return ir.Static(f"{function}.results", RESULT_BYTES * len(more))


class SourceText:
    """The text of a function, for positions that people count: from 1, in characters."""

    def __init__(self, text: str) -> None:
        self._lines = re.split(r"\r\n|\r|\n", text)

    def column(self, line: int, byte_offset: int) -> int:
        """The column of a byte offset, which is what the parser knows."""
        if not 1 <= line <= len(self._lines):
            return 1
        before = self._lines[line - 1].encode(errors="replace")[:byte_offset]
        return len(before.decode(errors="ignore")) + 1


@dataclass(slots=True, kw_only=True)
class Context:
    """One function being lowered. `trusted` is the kernel language."""

    source: SourceText
    pointer: str
    problems: ProblemList
    body: ir.Body
    trusted: bool
    callee: Callable[[str], CompiledFunction | None]
    callee_names: Callable[[], list[str]]
    name: str = ""
    constants: Mapping[str, int | float | str | bytes] = field(default_factory=dict)
    globals: Mapping[str, ValueType] = field(default_factory=dict)
    is_unreadable: Callable[[str], bool] = lambda _: False
    """Whether the document has a function of that name of which a problem has been noted."""
    may_trap: bool = False
    array_bytes_left: int = 0
    """Memory that may still be set aside for arrays."""
    arrays: int = 0
    """How many arrays have been set aside."""

    def note(self, code: str, node: ast.AST, message: str, hint: str = "") -> None:
        line, offset = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
        column = self.source.column(line, offset)
        self.problems.add(code, self.pointer, clipped(message), hint, line=line, column=column)

    def refuse(self, code: str, node: ast.AST, message: str, hint: str = "") -> Refused:
        """Note a problem; the caller raises what this returns."""
        self.note(code, node, message, hint)
        return Refused(message)

    def near_miss(self, name: str, known: Iterable[str]) -> str:
        """A hint for a name that does not exist; a function full of them gets no more."""
        return near_miss(name, known) if len(self.problems) < HINTED_PROBLEMS else ""

    def trap_if(self, condition: Expr, code: str, message: str, node: ast.AST) -> None:
        """Leave the function when the condition holds; a constant condition costs nothing."""
        if isinstance(condition, Const) and not condition.value:
            return
        line = getattr(node, "lineno", None)
        site = TrapSite(code=code, pointer=self.pointer, message=message, line=line)
        self.body.trap_if(condition, site)
        self.may_trap = True

    def once(self, expression: Expr) -> Expr:
        """The same value, which may now be used several times within one statement."""
        if isinstance(expression, Const | Get | ir.Static):
            return expression
        return self.body.temporary(expression)

    def set_aside(self, size: int, node: ast.AST) -> ir.Static:
        """Memory for an array of the function, as many bytes each time it is called."""
        if size > self.array_bytes_left:
            raise self.refuse(
                "program_too_large",
                node,
                f"the array needs {size:,} bytes; the job's functions have"
                f" {self.array_bytes_left:,} left for their arrays",
                "smaller elements, as in xs: u8[:] = [0] * 1000, need less",
            )
        self.array_bytes_left -= size
        self.arrays += 1
        return ir.Static(f"{self.name}.{self.arrays}", size)


def clipped(message: str) -> str:
    """A message that quotes the researcher's text, at a length that can be shown."""
    return message if len(message) <= 300 else message[:299] + "…"


def local_type(declared: ValueType) -> ValueType:
    """The type in which a researcher's function computes values of a declared type."""
    if declared is ValueType.U64 or declared is ValueType.BOOL:
        return declared
    return ValueType.I64 if declared.is_integer else ValueType.F64


def integer(value_type: ValueType, value: int) -> Const:
    return Const(value_type.kind, value)


def truth(value: bool) -> Const:
    return Const(Kind.I32, int(value))
