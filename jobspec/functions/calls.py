"""Lowers calls: of built-in functions, of kernels, of other functions of the document."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from jobspec import ir
from jobspec.functions import arithmetic, arrays, builtins, folds, intrinsics
from jobspec.functions.arrays import Array
from jobspec.functions.context import CompiledFunction, Refused, Value
from jobspec.functions.conversions import passed, widened
from jobspec.ir import Call, Expr
from jobspec.types import ArrayType

if TYPE_CHECKING:
    from jobspec.functions.expressions import Expressions

ELSEWHERE: dict[str, str] = {
    "enumerate": "write `for i in range(len(xs)):`, and xs[i] inside",
    "list": "write as many elements as there will be: [0] * 100",
    "pow": "write x ** 2, or math.pow(x, y)",
    "print": "return what is to be seen",
    "reversed": "write `for i in range(len(xs) - 1, -1, -1):`",
    "sorted": "sort the array in loops of your own",
    "str": "strings stay in SQL",
    "zip": "write `for i in range(len(xs)):`",
}
"""Python's own functions that are not here, and what does their work."""


def call(expressions: Expressions, node: ast.Call) -> tuple[Value, ...]:
    """A call made now, as far as it has effects: its results, of which there may be none."""
    ctx = expressions.ctx
    name = _callee_name(expressions, node)
    if node.keywords or any(isinstance(arg, ast.Starred) for arg in node.args):
        raise ctx.refuse("unsupported_python", node, "arguments are given by position, one by one")
    if not ctx.trusted and name in _FORMS:
        return _FORMS[name](expressions, node)
    if not ctx.trusted and name in ("min", "max") and len(node.args) == 1:
        array = _array(expressions, name, node)
        op = ast.Lt() if name == "min" else ast.Gt()
        return (folds.extreme(ctx, array, op, node.args[0]),)
    table = intrinsics.TABLE if ctx.trusted else builtins.TABLE
    entry = table.get(name)
    if entry is not None:
        least, most, lower = entry
        if not least <= len(node.args) <= most:
            many = str(least) if least == most else f"{least} or more"
            if least < most < builtins.ANY_NUMBER:
                many = f"{least} or {most}"
            raise _wrong_count(expressions, node, name, many)
        result = lower(ctx, expressions.values(node.args), node)
        return () if result is None else (result,)
    callee = ctx.callee(name) if "." not in name else None
    if callee is None and ctx.is_unreadable(name):
        raise Refused(name)
    if callee is None:
        known = {*table, *(() if ctx.trusted else _FORMS), *ctx.callee_names()}
        hint = f"write math.{name}" if f"math.{name}" in table else ELSEWHERE.get(name, "")
        hint = hint or ctx.near_miss(name, known)
        raise ctx.refuse("unknown_function", node, f"there is no function {name}", hint)
    return _call_function(expressions, callee, node)


def callee_of(expressions: Expressions, node: ast.Call) -> CompiledFunction | None:
    """The function of the document that a call names."""
    if isinstance(node.func, ast.Name) and node.func.id not in builtins.TABLE:
        return expressions.ctx.callee(node.func.id)
    return None


def _callee_name(expressions: Expressions, node: ast.Call) -> str:
    match node.func:
        case ast.Name(name):
            return name
        case ast.Attribute(ast.Name("math"), name) if not expressions.ctx.trusted:
            return f"math.{name}"
        case ast.Attribute(ast.Name(), "append" | "pop" | "extend" | "insert" | "remove"):
            hint = "write as many elements as there will be, and count how many are in use"
            message = "an array keeps its length"
            raise expressions.ctx.refuse("unsupported_python", node, message, hint)
    raise expressions.ctx.refuse(
        "unsupported_python", node, "only functions are called, by their plain name"
    )


def _call_function(
    expressions: Expressions, callee: CompiledFunction, node: ast.Call
) -> tuple[Value, ...]:
    ctx = expressions.ctx
    if len(node.args) != len(callee.params):
        raise _wrong_count(expressions, node, callee.name, str(len(callee.params)))
    args: list[Expr] = []
    given = expressions.operands(node.args)
    for value, (param, declared), arg in zip(given, callee.params, node.args, strict=True):
        if isinstance(declared, ArrayType):
            args += _array_argument(expressions, value, callee, (param, declared), arg)
        else:
            what = f"parameter {param} of {callee.name}"
            args.append(passed(ctx, expressions.number(value, arg), declared, arg, what))
    name = callee.function.name
    results: list[Expr] = []
    if callee.result is None:
        ctx.body.add(ir.Do(name, tuple(args)))
    else:
        result: Expr = Call(name, tuple(args), callee.result.kind)
        if callee.may_trap or callee.writes or callee.more:
            result = ctx.body.temporary(result)
        results.append(result)
    if callee.may_trap:
        ctx.body.add(ir.TrapCheck())
        ctx.may_trap = True
    results += [ctx.body.temporary(further) for further in callee.further_results()]
    return tuple(
        widened(ctx, result, declared)
        for result, declared in zip(results, callee.results, strict=True)
    )


def _array_argument(
    expressions: Expressions,
    array: Value | Array,
    callee: CompiledFunction,
    wanted: tuple[str, ArrayType],
    node: ast.expr,
) -> tuple[Expr, ...]:
    """An array as it is passed: its address and its lengths."""
    ctx = expressions.ctx
    param, declared = wanted
    if not isinstance(array, Array) or not arrays.fits(array, declared):
        raise ctx.refuse(
            "type_mismatch",
            node,
            f"parameter {param} of {callee.name} is {declared}, not {array.type}",
            "annotate the array where it is made, as in `xs: u8[:] = [0] * 9`"
            if isinstance(array, Array)
            else "pass an array",
        )
    if param in callee.writes and array.root:
        expressions.variables.sharing.write(array.root)
    array = arrays.pinned(ctx, array) if array.offset else array
    return (array.address, *array.lengths)


def _wrong_count(expressions: Expressions, node: ast.Call, name: str, many: str) -> Exception:
    plural = "argument" if many == "1" else "arguments"
    message = f"{name} takes {many} {plural}, not {len(node.args)}"
    return expressions.ctx.refuse("wrong_argument_count", node, message)


# --- forms: what takes or gives more than single numbers ------------------------------------------


def _array(expressions: Expressions, name: str, node: ast.Call) -> Array:
    """The one argument of a function of arrays."""
    if len(node.args) != 1:
        raise _wrong_count(expressions, node, name, "1")
    array = expressions.operand(node.args[0])
    if not isinstance(array, Array):
        message = f"{name} takes an array, not {array.type}"
        raise expressions.ctx.refuse("type_mismatch", node, message)
    return array


def _len(expressions: Expressions, node: ast.Call) -> tuple[Value, ...]:
    return (arrays.length(_array(expressions, "len", node)),)


def _sum(expressions: Expressions, node: ast.Call) -> tuple[Value, ...]:
    array = _array(expressions, "sum", node)
    return (folds.total(expressions.ctx, array, node.args[0]),)


def _divmod(expressions: Expressions, node: ast.Call) -> tuple[Value, ...]:
    if len(node.args) != 2:
        raise _wrong_count(expressions, node, "divmod", "2")
    ctx = expressions.ctx
    left, right = (
        Value(value.type, ctx.once(value.expr), value.literal)
        for value in expressions.values(node.args)
    )
    quotient = arithmetic.binary(ctx, ast.FloorDiv(), left, right, node)
    return (quotient, arithmetic.binary(ctx, ast.Mod(), left, right, node))


_FORMS = {"divmod": _divmod, "len": _len, "sum": _sum}

FORM_NAMES = frozenset(_FORMS)
"""Built-in functions that are not in the table of those that take numbers and give one."""
