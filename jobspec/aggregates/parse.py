"""The expressions of an aggregate step: exactly one call of an aggregate function each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jobspec.aggregates.function import AggregateFunction, Distinct, Option
from jobspec.aggregates.table import AGGREGATES
from jobspec.limits import Limits
from jobspec.problems import ProblemList, near_miss
from jobspec.shared import Shared
from jobspec.sql import syntax
from jobspec.sql.calls import NO_SHARED, Functions
from jobspec.sql.casts import is_supported
from jobspec.sql.check import Checker, Scope
from jobspec.sql.coercion import coerce
from jobspec.sql.parse import parse
from jobspec.sql.typed import Constant, Typed, TypedExpression

_SKETCH = "it would need all values at once; approx_quantile(x, 0.5) is within 1 % of it"
_LIST = "the language has no lists; string_agg(x, ',') joins texts"
_MEANT = {
    "average": "write avg(x)",
    **dict.fromkeys(
        ("median", "quantile", "quantile_cont", "quantile_disc", "percentile_cont"), _SKETCH
    ),
    **dict.fromkeys(("list", "array_agg", "collect", "collect_list"), _LIST),
    **dict.fromkeys(
        ("product", "geomean", "geometric_mean"),
        "sum the logarithms, ln(x), by fsum, and take exp of the result",
    ),
}
"""What aggregates are called elsewhere, or what takes the place of those that are left out."""
_HINT = "derive what goes in by a step before, and use the result as it is"


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedAggregate:
    """An aggregate function over typed arguments; `count` without arguments counts rows."""

    function: AggregateFunction
    args: tuple[TypedExpression, ...]
    options: tuple[str, ...] = ()
    distinct: bool = False
    condition: TypedExpression | None = None
    """What stands behind FILTER: only rows for which it is true go in."""


def parse_aggregate(
    text: str,
    pointer: str,
    problems: ProblemList,
    *,
    scope: Scope,
    functions: Functions,
    shared: Shared = NO_SHARED,
    limits: Limits | None = None,
) -> TypedAggregate | None:
    """The aggregate that `text` calls; None if it has problems."""
    tree = parse(text, pointer, problems, limits)
    if tree is None:
        return None
    checker = Checker(pointer, problems, text=text, scope=scope, functions=functions, shared=shared)
    if isinstance(tree, syntax.Call) and tree.name.lower() in AGGREGATES:
        return _Call(checker, tree, pointer).typed()
    _no_aggregate(checker, tree)
    return None


def _no_aggregate(checker: Checker, tree: syntax.Syntax) -> None:
    known = ", ".join(sorted({row.name for row in AGGREGATES.values()}))
    if isinstance(tree, syntax.Name) and tree.name.lower() in AGGREGATES:
        argument = "*" if tree.name.lower() == "count" else "column"
        hint, message = f"write {tree.name}({argument})", f"{tree.name} is not called"
    elif isinstance(tree, syntax.Call):
        name = tree.name.lower()
        hint = _MEANT.get(name) or near_miss(name, AGGREGATES) or f"there is: {known}"
        message = f"{name[:60]} is not an aggregate function"
    else:
        hint, message = _HINT, f"one call of an aggregate function is expected: {known}"
    checker.problem("not_an_aggregate", tree, message, hint)


class _Call:
    """One call of a function that exists."""

    def __init__(self, checker: Checker, tree: syntax.Call, pointer: str) -> None:
        self._checker = checker
        self._tree = tree
        self._pointer = pointer
        self._function = AGGREGATES[tree.name.lower()]
        self._name = tree.name.lower()

    def typed(self) -> TypedAggregate | None:
        function, tree = self._function, self._tree
        condition = None if tree.condition is None else self._checker.condition(tree.condition)
        arguments = () if tree.star else self._arguments()
        options = self._options()
        if arguments is None or options is None or not self._may_be_called_so():
            return None
        if tree.condition is not None and condition is None:
            return None
        return TypedAggregate(
            function=function,
            args=tuple(TypedExpression(root, self._pointer) for root in arguments),
            options=options,
            distinct=tree.distinct,
            condition=None if condition is None else TypedExpression(condition, self._pointer),
        )

    def _may_be_called_so(self) -> bool:
        function, tree = self._function, self._tree
        if tree.star and (tree.distinct or not function.star):
            hint = "name a column" if not function.star else "write count(DISTINCT column)"
            self._problem("wrong_argument_count", f"{self._name} does not take * here", hint)
            return False
        if tree.distinct and function.distinct is Distinct.REFUSED:
            self._problem(
                "unsupported_sql",
                f"{self._name} does not take DISTINCT",
                "aggregate 'by' the column, and the result again in 'finish'",
            )
            return False
        return True

    def _problem(self, code: str, message: str, hint: str = "") -> None:
        self._checker.problem(code, self._tree, message, hint)

    def _arguments(self) -> tuple[Typed, ...] | None:
        """What goes in row by row, in the types that the function takes."""
        wanted = self._function.takes
        given = self._tree.arguments
        most = len(wanted) + (self._function.option is not None)
        least = most - (self._function.default is not None)
        if not least <= len(given) <= most:
            count = f"{least}" if least == most else f"{least} to {most}"
            plural = "s" * (count != "1")
            message = f"{self._name} takes {count} argument{plural}, not {len(given)}"
            self._problem("wrong_argument_count", message)
        roots = [self._checker.check(argument) for argument in given[: len(wanted)]]
        found = [root for root in roots if root is not None]
        if not least <= len(given) <= most or len(found) < len(wanted):
            return None
        accepted = [self._argument(index, root) for index, root in enumerate(found)]
        good = tuple(value for value in accepted if value is not None)
        return good if len(good) == len(wanted) else None

    def _argument(self, index: int, value: Typed) -> Typed | None:
        takes, place = self._function.takes[index], self._tree.arguments[index]
        if isinstance(value, Constant) and value.bare:
            self._checker.problem(
                "type_mismatch", place, "NULL alone has no type", "aggregate a column"
            )
            return None
        target = takes.type or value.type
        if takes.accepts(value.type) and is_supported(value.type, target):
            return coerce(value, target)
        self._checker.problem(
            "type_mismatch",
            place,
            f"{self._name} takes {takes.value} here, not a value of type {value.type}",
            "CAST it, or count the rows of a 'filter' step",
        )
        return None

    def _options(self) -> tuple[str, ...] | None:
        """The literals behind the arguments."""
        option = self._function.option
        given: Sequence[syntax.Syntax] = self._tree.arguments[len(self._function.takes) :]
        if option is None:
            return ()
        if not given:
            return None if self._function.default is None else (self._function.default,)
        literal = _literal(option, given[0])
        if literal is not None:
            return (literal,)
        self._checker.problem(
            "type_mismatch",
            given[0],
            f"{self._name} takes {option.value}",
            "write the value itself",
        )
        return None


def _literal(option: Option, node: syntax.Syntax) -> str | None:
    match option, node:
        case Option.SEPARATOR, syntax.Text(value=text):
            return text
        case Option.FRACTION, syntax.Number(text=text) if _is_fraction(text):
            return text
    return None


def _is_fraction(text: str) -> bool:
    try:
        return len(text) <= 40 and 0 <= float(text) <= 1
    except ValueError:
        return False
