"""Lowers expressions: evaluation in Python's order, left to right, with short circuits.

What an operand needs first (checks, calls that may trap) becomes statements before the expression.
An operand whose value those statements could change is computed before them.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

from jobspec import ir, walk
from jobspec.functions import arithmetic, builtins, intrinsics
from jobspec.functions.context import CompiledFunction, Context, Value, truth
from jobspec.functions.conversions import literal, passed, unify, widened
from jobspec.ir import Call, Choose, Const, Expr, Get, Kind, Op, Stmt
from jobspec.problems import near_miss
from jobspec.types import ValueType
from jobspec.wasm.opcodes import OF_MEMORY, OPERATORS

BOOL, F64 = ValueType.BOOL, ValueType.F64

CHEAP_NODES = 10
"""Expressions of up to so many parts are computed without need rather than jumped over."""

PARTIAL = frozenset(
    name for name in OPERATORS if ".div_" in name or ".rem_" in name or ".trunc_f" in name
)
"""Operators that end the run for some operands."""

LEFT_OUT: dict[type[ast.AST], str] = {
    ast.Subscript: "indexing",
    ast.Attribute: "attributes",
    ast.List: "lists",
    ast.Tuple: "tuples",
    ast.Dict: "dictionaries",
    ast.Set: "sets",
    ast.Lambda: "lambda",
    ast.NamedExpr: "assignment inside an expression",
    ast.JoinedStr: "text",
    ast.ListComp: "comprehensions",
    ast.SetComp: "comprehensions",
    ast.DictComp: "comprehensions",
    ast.GeneratorExp: "comprehensions",
    ast.Starred: "unpacking",
    ast.Await: "await",
    ast.Yield: "yield",
    ast.YieldFrom: "yield",
}


class Expressions:
    """Lowers the expressions of one function; `variable` reads a name."""

    def __init__(self, ctx: Context, variable: Callable[[ast.Name], Value]) -> None:
        self.ctx = ctx
        self._variable = variable

    def value(self, node: ast.expr) -> Value:
        match node:
            case ast.Constant():
                return self.constant(node.value, node)
            case ast.Name():
                return self._variable(node)
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
                result = self.call(node)
                if result is None:
                    raise self.ctx.refuse("type_mismatch", node, "this call has no result")
                return result
            case ast.Attribute():
                return self._attribute(node)
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

    def values(self, nodes: Sequence[ast.expr]) -> list[Value]:
        """Operands in order; one that a later one's statements could change is computed first."""
        values: list[Value] = []
        for node in nodes:
            with self.ctx.body.collect() as block:
                value = self.value(node)
            if block:
                values = [self._held(earlier) for earlier in values]
                self.ctx.body.add(*block)
            values.append(value)
        return values

    def _held(self, value: Value) -> Value:
        if is_stable(value.expr):
            return value
        return Value(value.type, self.ctx.body.temporary(value.expr))

    # --- leaves -----------------------------------------------------------------------------------

    def constant(self, constant: object, node: ast.expr) -> Value:
        match constant:
            case bool(value):
                return Value(BOOL, truth(value))
            case int(value):
                return literal(self.ctx, value, node)
            case float(value):
                return Value(F64, Const(Kind.F64, value))
            case str(value) if self.ctx.trusted:
                return Value(ValueType.STRING, ir.Text(value.encode()))
            case bytes(value) if self.ctx.trusted:
                return Value(ValueType.STRING, ir.Text(value))
        what = {str: "text", bytes: "text", complex: "complex numbers", type(None): "None"}
        name = what.get(type(constant), "this constant")
        raise self.ctx.refuse("unsupported_python", node, f"the language leaves out {name}")

    def _attribute(self, node: ast.Attribute) -> Value:
        if isinstance(node.value, ast.Name) and node.value.id == "math" and not self.ctx.trusted:
            number = builtins.MATH_CONSTANTS.get(node.attr)
            if number is not None:
                return Value(F64, Const(Kind.F64, number))
            hint = near_miss(node.attr, builtins.MATH_CONSTANTS)
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

    # --- calls ------------------------------------------------------------------------------------

    def call(self, node: ast.Call) -> Value | None:
        """A call; None if what is called has no result."""
        name = self._callee_name(node)
        if node.keywords or any(isinstance(arg, ast.Starred) for arg in node.args):
            raise self.ctx.refuse(
                "unsupported_python", node, "arguments are given by position, one by one"
            )
        table = intrinsics.TABLE if self.ctx.trusted else builtins.TABLE
        entry = table.get(name)
        if entry is not None:
            least, most, lower = entry
            if not least <= len(node.args) <= most:
                many = str(least) if least == most else f"{least} or more"
                raise self._wrong_count(node, name, many)
            return lower(self.ctx, self.values(node.args), node)
        callee = self.ctx.callee(name) if "." not in name else None
        if callee is None:
            known = {*table, *self.ctx.callee_names()}
            raise self.ctx.refuse(
                "unknown_function", node, f"there is no function {name}", near_miss(name, known)
            )
        return self._call_function(callee, node)

    def _callee_name(self, node: ast.Call) -> str:
        match node.func:
            case ast.Name(name):
                return name
            case ast.Attribute(ast.Name("math"), name) if not self.ctx.trusted:
                return f"math.{name}"
        raise self.ctx.refuse(
            "unsupported_python", node, "only functions are called, by their plain name"
        )

    def _call_function(self, callee: CompiledFunction, node: ast.Call) -> Value | None:
        if len(node.args) != len(callee.params):
            raise self._wrong_count(node, callee.name, str(len(callee.params)))
        args = [
            passed(self.ctx, value, declared, arg, f"parameter {param} of {callee.name}")
            for value, (param, declared), arg in zip(
                self.values(node.args), callee.params, node.args, strict=True
            )
        ]
        if callee.result is None:
            self.ctx.body.add(ir.Do(callee.function.name, tuple(args)))
            self._check(callee)
            return None
        result: Expr = Call(callee.function.name, tuple(args), callee.result.kind)
        if callee.may_trap:
            result = self.ctx.body.temporary(result)
            self._check(callee)
        return widened(self.ctx, result, callee.result)

    def _check(self, callee: CompiledFunction) -> None:
        if callee.may_trap:
            self.ctx.body.add(ir.TrapCheck())
            self.ctx.may_trap = True

    def _wrong_count(self, node: ast.Call, name: str, many: str) -> Exception:
        plural = "argument" if many == "1" else "arguments"
        message = f"{name} takes {many} {plural}, not {len(node.args)}"
        return self.ctx.refuse("wrong_argument_count", node, message)


def is_stable(expression: Expr) -> bool:
    """Whether no statement that is added before an expression can change its value."""
    return all(
        isinstance(part, Const | Get | ir.Text | Op | Choose) and not _touches_memory(part)
        for part in walk.subexpressions(expression)
    )


def is_cheap(expression: Expr) -> bool:
    """Whether computing an expression for nothing is harmless and costs less than a jump."""
    for count, part in enumerate(walk.subexpressions(expression)):
        if count == CHEAP_NODES or not isinstance(part, Const | Get | Op | Choose):
            return False
        if isinstance(part, Op) and (part.name in PARTIAL or _touches_memory(part)):
            return False
    return True


def _touches_memory(part: Expr) -> bool:
    return isinstance(part, Op) and part.name in OF_MEMORY
