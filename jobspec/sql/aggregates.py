"""The expressions of an aggregate step: exactly one call of an aggregate function each."""

from __future__ import annotations

from dataclasses import dataclass

from jobspec.limits import Limits
from jobspec.problems import ProblemList, near_miss
from jobspec.sql import syntax
from jobspec.sql.check import Checker, Functions, Scope
from jobspec.sql.functions import AGGREGATES
from jobspec.sql.parse import parse
from jobspec.sql.typed import Constant, TypedExpression
from jobspec.types import ValueType

_MEANT = {
    **dict.fromkeys(("average", "mean"), "write avg(x)"),
    **dict.fromkeys(("argmax", "max_by"), "write arg_max(x, by)"),
    **dict.fromkeys(("argmin", "min_by"), "write arg_min(x, by)"),
    **dict.fromkeys(
        ("median", "mode", "quantile", "stddev", "stddev_samp", "variance", "var_samp"),
        "it is not there yet; sums of x and of x * x give variances",
    ),
}
"""What aggregates are called elsewhere."""
_HINT = "derive what goes in by a step before, and use the result as it is"


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedAggregate:
    """An aggregate function over typed arguments; `count` without arguments counts rows."""

    function: str
    args: tuple[TypedExpression, ...]
    type: ValueType
    nullable: bool


def parse_aggregate(
    text: str,
    pointer: str,
    problems: ProblemList,
    *,
    scope: Scope,
    functions: Functions,
    limits: Limits | None = None,
) -> TypedAggregate | None:
    """The aggregate that `text` calls; None if it has problems.

    Every aggregate but `count` is NULL where no row goes in, and ignores rows with a NULL argument.
    """
    tree = parse(text, pointer, problems, limits)
    if tree is None:
        return None
    checker = Checker(pointer, problems, text=text, scope=scope, functions=functions)
    name = tree.name.lower() if isinstance(tree, syntax.Call) else ""
    if not isinstance(tree, syntax.Call) or name not in AGGREGATES:
        _no_aggregate(checker, tree, name)
        return None
    if tree.star:
        return _count_rows(checker, tree, name)
    wanted = AGGREGATES[name]
    if len(tree.arguments) != wanted:
        message = f"{name} takes {wanted} argument{'s' * (wanted > 1)}, not {len(tree.arguments)}"
        checker.problem("wrong_argument_count", tree, message)
    roots = [checker.check(argument) for argument in tree.arguments]
    if len(roots) != wanted or any(root is None for root in roots):
        return None
    args = tuple(TypedExpression(root, pointer) for root in roots if root is not None)
    if any(isinstance(arg.root, Constant) and arg.root.bare for arg in args):
        checker.problem("type_mismatch", tree, "NULL alone has no type", "aggregate a column")
        return None
    type_ = _result_type(checker, tree, name, args[0].type)
    if type_ is None:
        return None
    return TypedAggregate(function=name, args=args, type=type_, nullable=name != "count")


def _count_rows(checker: Checker, tree: syntax.Call, name: str) -> TypedAggregate | None:
    if name != "count":
        message = f"{name} does not take *"
        checker.problem("wrong_argument_count", tree, message, "name a column")
        return None
    return TypedAggregate(function="count", args=(), type=ValueType.I64, nullable=False)


def _no_aggregate(checker: Checker, tree: syntax.Syntax, name: str) -> None:
    known = ", ".join(sorted(AGGREGATES))
    if isinstance(tree, syntax.Name) and tree.name.lower() in AGGREGATES:
        argument = "*" if tree.name.lower() == "count" else "column"
        hint, message = f"write {tree.name}({argument})", f"{tree.name} is not called"
    elif name:
        hint = _MEANT.get(name) or near_miss(name, AGGREGATES) or f"there is: {known}"
        message = f"{name[:60]} is not an aggregate function"
    else:
        hint, message = _HINT, f"one call of an aggregate function is expected: {known}"
    checker.problem("not_an_aggregate", tree, message, hint)


def _result_type(
    checker: Checker, tree: syntax.Call, name: str, given: ValueType
) -> ValueType | None:
    match name:
        case "count":
            return ValueType.I64
        case "sum" | "avg" if not given.is_number:
            message = f"{name} takes a number, not a value of type {given}"
            hint = "CAST it, or count the rows of a 'filter' step"
            checker.problem("type_mismatch", tree.arguments[0], message, hint)
            return None
        case "avg":
            return ValueType.F64
        case "sum":
            if given.is_float:
                return ValueType.F64
            return ValueType.U64 if given is ValueType.U64 else ValueType.I64
    return given
