"""Makes the local arrays of a function: `[1, 2, 3]`, `[0.0] * 64`, `[[0] * 3 for i in range(3)]`.

Each place in the text that makes an array has its own memory, whose size is known beforehand. The
elements are computed first, as far as the array itself could be among what they read, then stored.
"""

from __future__ import annotations

import ast
import math
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from jobspec import ir
from jobspec.functions import arrays
from jobspec.functions.arrays import Array
from jobspec.functions.context import Context, Value
from jobspec.functions.conversions import passed
from jobspec.functions.ranges import counted_range
from jobspec.ir import Const, Expr, Get, Kind, Op, Stmt
from jobspec.types import ArrayType, ValueType

if TYPE_CHECKING:
    from jobspec.functions.expressions import Expressions

COPIED_FROM = 5
"""So many constant elements or more are copied from a table instead of stored one by one."""

_FORMATS = {1: "b", 2: "h", 4: "i", 8: "q"}

Fill = Callable[[ValueType, Expr], None]
"""Adds the statements that store the elements, in their type, from an address on."""


@dataclass(frozen=True, slots=True)
class Display:
    """An array that has been read but not stored: of type None if all are whole literals.

    `zero` says whether all its elements are zeros.
    """

    shape: tuple[int, ...]
    element: ValueType | None
    fill: Fill
    zero: bool = False

    def bytes(self, element: ValueType) -> int:
        return math.prod(self.shape) * arrays.element_bytes(element)


def is_display(node: ast.expr) -> bool:
    """Whether an expression makes an array."""
    match node:
        case ast.List() | ast.ListComp():
            return True
        case ast.BinOp(left, ast.Mult(), right):
            return isinstance(left, ast.List) or isinstance(right, ast.List)
    return False


def is_flat(node: ast.expr) -> bool:
    """Whether all elements are computed before the first is stored."""
    match node:
        case ast.List(elements):
            return all(not is_display(part) or is_flat(part) for part in elements)
        case ast.BinOp():
            return True
    return False


def read(expressions: Expressions, node: ast.expr) -> Display:
    """The array of a display; what its elements need is computed now."""
    match node:
        case ast.ListComp():
            return _comprehension(expressions, node)
        case ast.BinOp(ast.List() as pattern, _, count) | ast.BinOp(
            count, _, ast.List() as pattern
        ):
            return _repeated(expressions, pattern, count, node)
        case ast.List(elements) if any(map(is_display, elements)):
            return _rows(expressions, elements, node)
        case ast.List(elements) if elements:
            return _elements(expressions, elements, node)
    raise expressions.ctx.refuse(
        "unsupported_python",
        node,
        "an array has its elements from the start",
        "write as many as there will be: [0] * 100",
    )


def make(
    ctx: Context, display: Display, node: ast.expr, declared: ArrayType | None = None
) -> Array:
    """Set memory aside for a display, and store its elements."""
    element = display.element or ValueType.I64
    if declared is not None:
        element = declared.element
        if len(declared.shape) != len(display.shape):
            found = ArrayType(element, display.shape)
            raise ctx.refuse("type_mismatch", node, f"the array is {found}, not {declared}")
    memory = ctx.set_aside(display.bytes(element), node)
    display.fill(element, memory)
    lengths = tuple(Const(Kind.I32, count) for count in display.shape)
    return Array(ArrayType(element, display.shape), memory, lengths)


# --- [a, b, c] ------------------------------------------------------------------------------------


def _elements(expressions: Expressions, nodes: Sequence[ast.expr], node: ast.expr) -> Display:
    ctx = expressions.ctx
    values = [expressions.held(value) for value in expressions.values(nodes)]
    element = _common(ctx, [value for value in values if value.literal is None], node)

    def fill(target: ValueType, address: Expr) -> None:
        given = [
            passed(ctx, value, target, part, "an element")
            for value, part in zip(values, nodes, strict=True)
        ]
        size = arrays.element_bytes(target)
        table = _table(given, target) if len(given) >= COPIED_FROM else None
        if table is not None:
            count = Const(Kind.I32, len(table))
            ctx.body.add(ir.MemoryCopy(address, Op("i32.wrap_i64", (ir.Text(table),)), count))
            return
        address = ctx.once(address)
        for index, expression in enumerate(given):
            arrays.store_unchecked(ctx, target, address, expression, index * size)

    zero = all(value.literal == 0 or _is_zero(value.expr) for value in values)
    return Display((len(nodes),), element, fill, zero)


def _common(ctx: Context, values: Sequence[Value], node: ast.expr) -> ValueType | None:
    """The type that holds all the values; None if there are none."""
    types = {value.type for value in values}
    if len(types) > 1 and ValueType.F64 in types and all(kind.is_number for kind in types):
        return ValueType.F64
    if len(types) > 1:
        listed = ", ".join(sorted(types))
        message = f"the elements of an array are of one type, not of {listed}"
        raise ctx.refuse("type_mismatch", node, message, "convert them, as in [float(n), x]")
    return types.pop() if types else None


def _is_zero(value: Expr) -> bool:
    return isinstance(value, Const) and not value.value and math.copysign(1.0, value.value) > 0


def _table(values: Sequence[Expr], element: ValueType) -> bytes | None:
    """Constant elements as they lie in memory."""
    parts = []
    size = arrays.element_bytes(element)
    for value in values:
        if not isinstance(value, Const):
            return None
        if element.is_float:
            parts.append(_packed_float(float(value.value), size))
        else:
            parts.append((int(value.value) & ((1 << 8 * size) - 1)).to_bytes(size, "little"))
    return b"".join(parts)


def _packed_float(value: float, size: int) -> bytes:
    if size == 8:
        return struct.pack("<d", value)
    try:
        return struct.pack("<f", value)
    except OverflowError:  # where an instruction would round to infinity
        return struct.pack("<f", math.copysign(math.inf, value))


# --- [[a, b], [c, d]] -----------------------------------------------------------------------------


def _rows(expressions: Expressions, nodes: Sequence[ast.expr], node: ast.expr) -> Display:
    ctx = expressions.ctx
    rows: list[tuple[list[Stmt], Display]] = []
    flat = is_flat(node)
    for part in nodes:
        if not is_display(part):
            message = "an array's elements are all numbers or all rows"
            raise ctx.refuse("type_mismatch", part, message)
        with ctx.body.collect() as block:
            row = read(expressions, part)
        if flat:
            ctx.body.add(*block)
            block = []
        rows.append((block, row))
    shapes = {row.shape for _, row in rows}
    if len(shapes) > 1:
        message = "the rows of an array are equally long"
        raise ctx.refuse("type_mismatch", node, message, "fill them up")
    shape = _deeper(ctx, len(rows), shapes.pop(), node)
    kinds = [Value(row.element, Const(Kind.I32, 0)) for _, row in rows if row.element]
    element = _common(ctx, kinds, node)

    def fill(target: ValueType, address: Expr) -> None:
        address = ctx.once(address)
        for index, (block, row) in enumerate(rows):
            ctx.body.add(*block)
            offset = Const(Kind.I32, index * row.bytes(target))
            row.fill(target, Op("i32.add", (address, offset)) if index else address)

    return Display(shape, element, fill, all(row.zero for _, row in rows))


def _deeper(ctx: Context, count: int, shape: tuple[int, ...], node: ast.expr) -> tuple[int, ...]:
    if len(shape) == arrays.MAX_DIMENSIONS:
        message = f"an array has at most {arrays.MAX_DIMENSIONS} dimensions"
        raise ctx.refuse("unsupported_python", node, message, "compute one index from several")
    return (count, *shape)


# --- [a] * n --------------------------------------------------------------------------------------


def _repeated(
    expressions: Expressions, pattern: ast.List, count: ast.expr, node: ast.expr
) -> Display:
    ctx = expressions.ctx
    if any(map(is_display, pattern.elts)):
        raise ctx.refuse(
            "unsupported_python",
            node,
            "all rows would be one and the same list, as in Python",
            "write [[0] * 3 for i in range(3)]",
        )
    # Python computes what stands to the left first; the count is a literal, which has no effects.
    inner = read(expressions, pattern)
    times = expressions.value(count)
    if times.literal is None or times.literal < 1:
        raise ctx.refuse(
            "unsupported_python",
            count,
            "the length of an array is a number from 1 on, as it stands",
            "take the greatest length there can be, and count how much of it is in use",
        )
    total = inner.shape[0] * times.literal

    def fill(target: ValueType, address: Expr) -> None:
        address = ctx.once(address)
        size = total * arrays.element_bytes(target)
        if inner.zero:
            with ctx.body.collect():  # only for what it may refuse
                inner.fill(target, address)
            ctx.body.add(ir.MemoryFill(address, Const(Kind.I32, 0), Const(Kind.I32, size)))
            return
        inner.fill(target, address)
        done = inner.bytes(target)
        while done < size:  # each copy doubles what is there
            more = min(done, size - done)
            place = Op("i32.add", (address, Const(Kind.I32, done)))
            ctx.body.add(ir.MemoryCopy(place, address, Const(Kind.I32, more)))
            done += more

    return replace(inner, shape=(total,), fill=fill)


# --- [f(i) for i in range(n)] ---------------------------------------------------------------------


def _comprehension(expressions: Expressions, node: ast.ListComp) -> Display:
    ctx = expressions.ctx
    loop = node.generators[0]
    if len(node.generators) > 1 or loop.ifs or loop.is_async:
        message = "a comprehension has one `for` and no `if`"
        raise ctx.refuse("unsupported_python", node, message, "fill the array in a loop")
    if not isinstance(loop.target, ast.Name):
        raise ctx.refuse("unsupported_python", loop.target, "only plain variables are assigned")
    counted = counted_range(ctx, expressions, loop.iter)
    if not counted.rounds:
        raise ctx.refuse(
            "unsupported_python",
            loop.iter,
            "the length of an array is a number from 1 on, as it stands",
            "write range(10), say, or fill the array in a loop",
        )
    with ctx.body.collect() as block:
        variable = Value(counted.type, counted.current)
        with expressions.variables.scoped(loop.target.id, variable):
            row = _row(expressions, node.elt)

    def fill(target: ValueType, address: Expr) -> None:
        place = Get(ctx.body.variable(address).name, Kind.I32)
        with ctx.body.collect() as stores:
            row.fill(target, place)
        size = Const(Kind.I32, row.bytes(target))
        onward = ir.Set(place.name, Op("i32.add", (place, size)))
        rounds = (*block, *stores)
        ctx.body.add(ir.While(counted.condition, rounds, (*counted.advance, onward)))

    shape = _deeper(ctx, counted.rounds, row.shape, node)
    return Display(shape, row.element, fill)


def _row(expressions: Expressions, node: ast.expr) -> Display:
    """One round of a comprehension: a row, or a number as an array without dimensions."""
    if is_display(node):
        return read(expressions, node)
    ctx = expressions.ctx
    value = expressions.value(node)

    def fill(target: ValueType, address: Expr) -> None:
        expression = passed(ctx, value, target, node, "an element")
        arrays.store_unchecked(ctx, target, address, expression, 0)

    return Display((), None if value.literal is not None else value.type, fill)
