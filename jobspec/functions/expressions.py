"""Lowers expressions: evaluation in Python's order, left to right, with short circuits.

What an operand needs first (checks, calls that may trap) becomes statements before the expression.
An operand whose value those statements could change is computed before them.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from jobspec import ir, walk
from jobspec.functions import arithmetic, arrays, calls, displays, mathematics
from jobspec.functions.arrays import Array
from jobspec.functions.context import Context, Value
from jobspec.functions.conversions import constant, unify
from jobspec.functions.variables import Variables
from jobspec.ir import Choose, Const, Expr, Get, Kind, Op, Stmt
from jobspec.opcodes import OF_MEMORY, OPERATORS
from jobspec.types import ValueType

BOOL, F64 = ValueType.BOOL, ValueType.F64
_T = TypeVar("_T", bound=Value | Array)

CHEAP_NODES = 10
"""Expressions of up to so many parts are computed without need rather than jumped over."""

PARTIAL = frozenset(
    name for name in OPERATORS if ".div_" in name or ".rem_" in name or ".trunc_f" in name
)
"""Operators that end the run for some operands."""

LEFT_OUT: dict[type[ast.AST], str] = {
    ast.Slice: "slices",
    ast.Dict: "dictionaries",
    ast.Set: "sets",
    ast.Lambda: "lambda",
    ast.NamedExpr: "assignment inside an expression",
    ast.JoinedStr: "text",
    ast.SetComp: "comprehensions",
    ast.DictComp: "comprehensions",
    ast.GeneratorExp: "comprehensions",
    ast.Starred: "unpacking",
    ast.Await: "await",
    ast.Yield: "yield",
    ast.YieldFrom: "yield",
}


class Expressions:
    """Lowers the expressions of one function."""

    def __init__(self, ctx: Context, variables: Variables) -> None:
        self.ctx = ctx
        self.variables = variables

    def value(self, node: ast.expr) -> Value:
        """An expression whose value is one number or bool."""
        return self.number(self.operand(node), node)

    def number(self, given: Value | Array, node: ast.expr) -> Value:
        if isinstance(given, Value):
            return given
        message = f"a number is needed, not the array {given.type}"
        raise self.ctx.refuse("type_mismatch", node, message, "take an element: xs[0]")

    def operand(self, node: ast.expr) -> Value | Array:
        """Any expression; what has effects is done now."""
        if displays.is_display(node):
            return displays.make(self.ctx, displays.read(self, node), node)
        if isinstance(node, ast.Name):
            return self.variables.read(node)
        if isinstance(node, ast.Subscript):
            place = self.place(node)
            return place if place.type.shape else arrays.load(self.ctx, place)
        return self._number(node)

    def _number(self, node: ast.expr) -> Value:
        match node:
            case ast.Constant():
                return constant(self.ctx, node.value, node)
            case ast.BinOp(left, op, right):
                a, b = self.values((left, right))
                return arithmetic.binary(self.ctx, op, a, b, node)
            case ast.UnaryOp(ast.Not(), operand):
                return Value(BOOL, Op("i32.eqz", (self.condition(operand),)))
            case ast.UnaryOp(op, operand):
                return arithmetic.unary(self.ctx, op, self.value(operand), node)
            case ast.BoolOp(op, parts):
                return self._bool_op(isinstance(op, ast.And), parts)
            case ast.Compare():
                return self._comparison(node)
            case ast.IfExp():
                return self._choice(node)
            case ast.Call():
                return self._single(self.call(node), node)
            case ast.Attribute():
                return self._attribute(node)
            case ast.Tuple():
                raise self.ctx.refuse(
                    "unsupported_python",
                    node,
                    "several values stand only after `return`, and in assignments to as many",
                    "several results are annotated -> tuple[i64, f64]",
                )
        what = LEFT_OUT.get(type(node), "this")
        raise self.ctx.refuse("unsupported_python", node, f"the language leaves out {what}")

    def condition(self, node: ast.expr) -> Expr:
        value = self.value(node)
        if value.type is not BOOL or value.literal is not None:
            raise self.ctx.refuse(
                "type_mismatch",
                node,
                f"a condition is a bool, not {value.type}",
                "compare it: x != 0",
            )
        return value.expr

    def _single(self, results: tuple[Value, ...], node: ast.expr) -> Value:
        if len(results) == 1:
            return results[0]
        if not results:
            raise self.ctx.refuse("type_mismatch", node, "this call has no result")
        raise self.ctx.refuse(
            "type_mismatch",
            node,
            f"this call has {len(results)} results",
            "name them all: a, b = ...",
        )

    def several(self, node: ast.expr) -> list[Value]:
        """The values of a tuple, or of a call, in the number that there are."""
        if isinstance(node, ast.Tuple):
            return self.values(node.elts)
        if isinstance(node, ast.Call):
            return list(self.call(node))
        return [self.value(node)]

    def values(self, nodes: Sequence[ast.expr]) -> list[Value]:
        """Operands in order; one that a later one's statements could change is computed first."""
        return self._in_order(nodes, self.value)

    def operands(self, nodes: Sequence[ast.expr]) -> list[Value | Array]:
        """`values`, some of which may be arrays."""
        return self._in_order(nodes, self.operand)

    def _in_order(self, nodes: Sequence[ast.expr], lower: Callable[[ast.expr], _T]) -> list[_T]:
        given: list[_T] = []
        for node in nodes:
            with self.ctx.body.collect() as block:
                operand = lower(node)
            if block:
                given = [self.held(earlier) for earlier in given]
                self.ctx.body.add(*block)
            given.append(operand)
        return given

    def held(self, given: _T) -> _T:
        """An operand that no later statement of the same expression can change."""
        if isinstance(given, Value) and not is_stable(given.expr):
            return replace(given, expr=self.ctx.body.temporary(given.expr))
        return given

    def call(self, node: ast.Call) -> tuple[Value, ...]:
        """The results of a call, of which there may be none."""
        return calls.call(self, node)

    # --- arrays -----------------------------------------------------------------------------------

    def place(self, node: ast.Subscript) -> Array:
        """Where `xs[i]`, `m[i, j]` or the row `m[i]` lies."""
        place = self.operand(node.value)
        if not isinstance(place, Array):
            raise self.ctx.refuse("type_mismatch", node, "only arrays have elements")
        indexes = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if any(isinstance(index, ast.Slice) for index in indexes):
            raise self.ctx.refuse(
                "unsupported_python",
                node,
                "the language leaves out slices",
                "go over the elements in a loop",
            )
        if len(indexes) > len(place.type.shape):
            message = f"{place.type} does not take {len(indexes)} indexes"
            raise self.ctx.refuse("type_mismatch", node, message)
        for index in self.values(indexes):
            place = arrays.at(self.ctx, place, index, node)
        return place

    # --- leaves -----------------------------------------------------------------------------------

    def _attribute(self, node: ast.Attribute) -> Value:
        if isinstance(node.value, ast.Name) and node.value.id == "math" and not self.ctx.trusted:
            number = mathematics.CONSTANTS.get(node.attr)
            if number is not None:
                return Value(F64, Const(Kind.F64, number))
            hint = self.ctx.near_miss(node.attr, mathematics.CONSTANTS)
            raise self.ctx.refuse(
                "unknown_variable", node, f"there is no constant math.{node.attr}", hint
            )
        raise self.ctx.refuse("unsupported_python", node, "the language leaves out attributes")

    # --- conditions -------------------------------------------------------------------------------

    def _bool_op(self, is_and: bool, parts: Sequence[ast.expr]) -> Value:
        result = self.condition(parts[0])
        for part in parts[1:]:
            with self.ctx.body.collect() as block:
                other = self.condition(part)
            result = self._joined(is_and, result, other, block)
        return Value(BOOL, result)

    def _joined(self, is_and: bool, left: Expr, right: Expr, block: list[Stmt]) -> Expr:
        """`left and right` or `left or right`; `block` comes before `right` if it is needed."""
        if not block and is_cheap(right):
            return Op("i32.and" if is_and else "i32.or", (left, right))
        result = self.ctx.body.variable(left)
        block.append(ir.Set(result.name, right))
        condition: Expr = result if is_and else Op("i32.eqz", (result,))
        self.ctx.body.add(ir.If(condition, tuple(block)))
        return result

    def _comparison(self, node: ast.Compare) -> Value:
        left, middle = self.values((node.left, node.comparators[0]))
        if len(node.ops) > 1:
            left, middle = self._kept(left), self._kept(middle)
        result = arithmetic.compare(self.ctx, node.ops[0], left, middle, node)
        for op, part in zip(node.ops[1:], node.comparators[1:], strict=True):
            with self.ctx.body.collect() as block:
                right = self._kept(self.value(part))
                other = arithmetic.compare(self.ctx, op, middle, right, node)
            result = self._joined(True, result, other, block)
            middle = right
        return Value(BOOL, result)

    def _kept(self, value: Value) -> Value:
        return Value(value.type, self.ctx.once(value.expr), value.literal)

    def _choice(self, node: ast.IfExp) -> Value:
        condition = self.condition(node.test)
        with self.ctx.body.collect() as then_block:
            then = self.value(node.body)
        with self.ctx.body.collect() as else_block:
            otherwise = self.value(node.orelse)
        common, a, b = unify(self.ctx, then, otherwise, node)
        if not then_block and not else_block and is_cheap(a) and is_cheap(b):
            return Value(common, Choose(condition, a, b))
        result = self.ctx.body.variable(common.kind)
        then_block.append(ir.Set(result.name, a))
        else_block.append(ir.Set(result.name, b))
        self.ctx.body.add(ir.If(condition, tuple(then_block), tuple(else_block)))
        return Value(common, result)


def is_stable(expression: Expr) -> bool:
    """Whether no statement that is added before an expression can change its value."""
    return all(
        isinstance(part, Const | Get | ir.Text | ir.Static | Op | Choose)
        and not _touches_memory(part)
        for part in walk.subexpressions(expression)
    )


def is_cheap(expression: Expr) -> bool:
    """Whether computing an expression for nothing is harmless and costs less than a jump."""
    for count, part in enumerate(walk.subexpressions(expression)):
        if count == CHEAP_NODES or not isinstance(part, Const | Get | ir.Static | Op | Choose):
            return False
        if isinstance(part, Op) and (part.name in PARTIAL or _touches_memory(part)):
            return False
    return True


def _touches_memory(part: Expr) -> bool:
    return isinstance(part, Op) and part.name in OF_MEMORY
