"""Arrays while a function runs: where they lie, how an index finds an element, who may share one.

An array is an address and its lengths; the elements lie one after the other, the last index
running fastest, each in its type's own width. Every index is checked against the length, so
nothing outside an array is ever read or written. Not here: how arrays are made
(`jobspec.functions.displays`).
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from jobspec import ir
from jobspec.functions.context import Context, Value, integer
from jobspec.functions.conversions import passed, widened
from jobspec.ir import Const, Expr, Get, Kind, Op
from jobspec.types import ArrayType, ValueType

MAX_DIMENSIONS = 3
MAX_LITERAL_INDEX = 1 << 24
"""Past what any array holds; below it, an offset fits an instruction."""

_NARROW_LOADS = {
    ValueType.BOOL: "i32.load8_u",
    ValueType.I8: "i32.load8_s",
    ValueType.U8: "i32.load8_u",
    ValueType.I16: "i32.load16_s",
    ValueType.U16: "i32.load16_u",
}
_NARROW_STORES = {8: "i32.store8", 16: "i32.store16"}


@dataclass(frozen=True, slots=True)
class Array:
    """An array, or an element of one where no dimension is left.

    `address` and `lengths` (i32) are constants or local variables: using them again costs nothing.
    `offset` is added to the address. `root` is the variable by which the array was reached, ""
    where it was just made.
    """

    type: ArrayType
    address: Expr
    lengths: tuple[Expr, ...]
    offset: int = 0
    root: str = ""


def element_bytes(element: ValueType) -> int:
    return element.bits // 8


def length(array: Array) -> Value:
    """`len(array)`: a literal where it is known."""
    known = array.type.shape[0]
    if known is not None:
        return Value(ValueType.I64, integer(ValueType.I64, known), known)
    return Value(ValueType.I64, _wide(array.lengths[0]))


def at(ctx: Context, array: Array, index: Value, node: ast.AST) -> Array:
    """The array with its first index fixed; traps where that is outside."""
    if index.literal is None and not index.type.is_integer:
        raise ctx.refuse(
            "type_mismatch", node, f"an index is an integer, not {index.type}", "int(...) makes one"
        )
    stride = _stride(array)
    offset = array.offset
    if index.literal is not None:
        _check_literal(ctx, array, index.literal, node)
        if isinstance(stride, Const):
            moved: Expr = array.address
            offset += index.literal * int(stride.value)
        else:
            moved = Op("i32.mul", (Const(Kind.I32, index.literal), stride))
            moved = Op("i32.add", (array.address, moved))
    else:
        position = ctx.once(index.expr)
        _trap_outside(ctx, Op("i64.ge_u", (position, _wide(array.lengths[0]))), node)
        moved = _scaled(Op("i32.wrap_i64", (position,)), stride)
        moved = Op("i32.add", (array.address, moved))
    rest = ArrayType(array.type.element, array.type.shape[1:])
    return Array(rest, moved, array.lengths[1:], offset, array.root)


def _check_literal(ctx: Context, array: Array, index: int, node: ast.AST) -> None:
    known = array.type.shape[0]
    if index < 0:
        hint = "the last element of xs is xs[len(xs) - 1]"
        raise ctx.refuse("number_literal", node, "indexes count from 0 on, never back", hint)
    if index >= (MAX_LITERAL_INDEX if known is None else known):
        message = f"the array has {known} elements" if known is not None else "too large an index"
        raise ctx.refuse("number_literal", node, message, "the first one is at 0")
    if known is None:
        outside = Op("i32.le_u", (array.lengths[0], Const(Kind.I32, index)))
        _trap_outside(ctx, outside, node)


def _trap_outside(ctx: Context, outside: Expr, node: ast.AST) -> None:
    message = "an index below 0, or not below the length of its array"
    ctx.trap_if(outside, "index_out_of_range", message, node)


def _wide(number: Expr) -> Expr:
    if isinstance(number, Const):
        return Const(Kind.I64, number.value)
    return Op("i64.extend_i32_u", (number,))


def _stride(array: Array) -> Expr:
    """The bytes from one element of the first dimension to the next."""
    shape = array.type.shape[1:]
    known = math.prod(part for part in shape if part is not None)
    stride: Expr = Const(Kind.I32, known * element_bytes(array.type.element))
    for part, count in zip(shape, array.lengths[1:], strict=True):
        if part is None:
            stride = _scaled(count, stride)
    return stride


def _scaled(number: Expr, factor: Expr) -> Expr:
    if isinstance(factor, Const):
        size = int(factor.value)
        if size == 1:
            return number
        if size & (size - 1) == 0:
            return Op("i32.shl", (number, Const(Kind.I32, size.bit_length() - 1)))
    return Op("i32.mul", (number, factor))


# --- elements -------------------------------------------------------------------------------------


def load(ctx: Context, element: Array) -> Value:
    kind = element.type.element
    name = _NARROW_LOADS.get(kind, f"{kind.kind}.load")
    return widened(ctx, ir.Load(name, element.address, element.offset), kind)


def store(ctx: Context, element: Array, value: Value, node: ast.AST) -> None:
    """Store a value, which traps if the elements' type cannot hold it."""
    declared = element.type.element
    expression = passed(ctx, value, declared, node, "an element")
    store_unchecked(ctx, declared, element.address, expression, element.offset)


def store_unchecked(
    ctx: Context, declared: ValueType, address: Expr, value: Expr, offset: int
) -> None:
    name = _NARROW_STORES.get(declared.bits, f"{declared.kind}.store")
    ctx.body.add(ir.Store(name, address, value, offset))


def pinned(ctx: Context, array: Array) -> Array:
    """The array in variables that no later assignment changes."""
    address = array.address
    if array.offset:
        address = Op("i32.add", (address, Const(Kind.I32, array.offset)))
    return replace(
        array,
        address=_pinned(ctx, address),
        lengths=tuple(_pinned(ctx, count) for count in array.lengths),
        offset=0,
    )


def _pinned(ctx: Context, expression: Expr) -> Expr:
    if isinstance(expression, Const | ir.Static):
        return expression
    return ctx.body.temporary(expression)


# --- in variables and parameters ------------------------------------------------------------------


def of_variable(name: str, declared: ArrayType) -> Array:
    """The array that a variable stands for."""
    return Array(
        declared,
        Get(name, Kind.I32),
        tuple(
            Get(length_name(name, index), Kind.I32) if known is None else Const(Kind.I32, known)
            for index, known in enumerate(declared.shape)
        ),
        root=name,
    )


def length_name(name: str, dimension: int) -> str:
    """The local variable that holds the length of an array variable in one dimension."""
    return f"{name}.{dimension}"


def fits(array: Array, wanted: ArrayType) -> bool:
    """Whether a variable or parameter of the wanted type can stand for the array."""
    have = array.type
    return (
        have.element is wanted.element
        and len(have.shape) == len(wanted.shape)
        and all(want in (None, part) for part, want in zip(have.shape, wanted.shape, strict=True))
    )


# --- sharing --------------------------------------------------------------------------------------


@dataclass(slots=True)
class Sharing:
    """Which variables of a function may stand for one array, whatever the order of its statements.

    Two rules rest on it. Who calls a function must know which parameters it writes to. And an
    array that is made in a loop takes the place of the one made in the round before, so no second
    variable may stand for it.
    """

    _targets: dict[str, set[str]] = field(default_factory=dict)
    """What may be written to through a variable: the variables it was assigned from."""
    _written: set[str] = field(default_factory=set)
    _remade: list[tuple[str, ast.AST]] = field(default_factory=list)

    def assign(self, target: str, source: str) -> None:
        self._targets.setdefault(target, set()).add(source)

    def write(self, root: str) -> None:
        self._written.add(root)

    def remake(self, name: str, node: ast.AST) -> None:
        """Note an array that is made anew in each round of a loop."""
        self._remade.append((name, node))

    def written(self, names: Iterable[str]) -> frozenset[str]:
        """Those of the names whose arrays may be written to."""
        reached: set[str] = set()
        pending = list(self._written)
        while pending:
            name = pending.pop()
            if name not in reached:
                reached.add(name)
                pending.extend(self._targets.get(name, ()))
        return frozenset(reached.intersection(names))

    def check(self, ctx: Context) -> None:
        shared = set(self._targets).union(*self._targets.values())
        found = {node: name for name, node in reversed(self._remade) if name in shared}
        for node, name in found.items():
            ctx.note(
                "unsupported_python",
                node,
                f"{name} is made anew in each round, and another variable may stand for it",
                "make both before the loop, and fill them in it",
            )
