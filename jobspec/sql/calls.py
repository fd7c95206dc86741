"""Calls of a job's own functions: their arguments brought to the declared types, or refused.

An array parameter takes a shared input by its name; everything else is an expression.
"""

from __future__ import annotations

from collections.abc import Mapping

from jobspec.problems import ProblemList
from jobspec.shared import Shared, SharedArray, Unread
from jobspec.sql import syntax, typed
from jobspec.sql.coercion import coerce, is_bare
from jobspec.sql.conditions import Conditions
from jobspec.sql.syntax import Syntax
from jobspec.sql.typed import Constant, Typed
from jobspec.types import ArrayType, ValueType

Functions = Mapping[str, typed.UserFunction]
NO_SHARED: Shared = {}


class Calls(Conditions):
    """Checks calls of the functions of a document."""

    def __init__(
        self,
        pointer: str,
        problems: ProblemList,
        *,
        text: str,
        functions: Functions,
        shared: Shared = NO_SHARED,
    ) -> None:
        super().__init__(pointer, problems, text=text)
        self.functions = functions
        self.shared = shared

    def one_result(self, node: syntax.Call) -> Typed | None:
        """A call that stands for a value."""
        function = self.functions[node.name]
        count = len(function.results)
        if count == 1:
            return self.call_of_own(node)
        if count:
            names = ", ".join("abcdefghijklmnop"[:count])
            self.problem(
                "type_mismatch",
                node,
                f"{node.name} has {count} results, and stands alone in a 'derive' step",
                f'name as many columns: {{"derive": {{"{names}": "{node.name}(...)"}}}}',
            )
        else:
            self.problem(
                "type_mismatch",
                node,
                f"{node.name} has no result",
                "call it from a function that has one",
            )
        return None

    def several_results(self, tree: Syntax, count: int) -> typed.Call | None:
        """The call of a function with as many results."""
        function = self.functions.get(tree.name) if isinstance(tree, syntax.Call) else None
        if not isinstance(tree, syntax.Call) or function is None:
            self.problem(
                "type_mismatch",
                tree,
                f"{count} columns are derived from one value",
                "call a function of the job that has as many results",
            )
            return None
        if len(function.results) != count:
            many = "result" if len(function.results) == 1 else "results"
            self.problem(
                "type_mismatch",
                tree,
                f"{tree.name} has {len(function.results)} {many} for {count} columns",
                f"its results are {', '.join(function.results) or 'none'}",
            )
            return None
        return self.call_of_own(tree)

    def call_of_own(self, node: syntax.Call) -> typed.Call | None:
        function = self.functions[node.name]
        count = len(function.params)
        if not self.is_plain(node) or not self.count_is(node, count, count):
            return None
        arguments = self.all_arguments(node, function)
        if arguments is None or function.result is None:
            return None
        nullable = any(
            argument.nullable for argument in arguments if not isinstance(argument, SharedArray)
        )
        return typed.Call(function.result, nullable, function, tuple(arguments))

    def all_arguments(
        self, node: syntax.Call, function: typed.UserFunction
    ) -> list[Typed | SharedArray] | None:
        found: list[Typed | SharedArray] = []
        for (param, wanted), place in zip(function.params, node.arguments, strict=True):
            argument: Typed | SharedArray | None
            if isinstance(wanted, ArrayType):
                argument = self._array(node, function, (param, wanted), place)
            else:
                argument = self._scalar(node, (param, wanted), place)
            if argument is not None:
                found.append(argument)
        return found if len(found) == len(node.arguments) else None

    def _scalar(
        self, node: syntax.Call, param: tuple[str, ValueType], place: Syntax
    ) -> Typed | None:
        name, wanted = param
        value = self.check(place)
        if value is None:
            return None
        flexible = isinstance(value, Constant) and value.flexible
        widens = (
            is_bare(value)
            or value.type is wanted
            or (value.type.is_integer and wanted.is_number)
            or (value.type.is_decimal and wanted.is_float)
            or (value.type.is_float and (wanted is ValueType.F64 or flexible))
        )
        if widens and not (value.type.is_float and wanted.is_integer):
            return coerce(value, wanted)
        self.problem(
            "type_mismatch",
            place,
            f"parameter {name!r} of {node.name} is {wanted}, not {value.type}",
            f"CAST it to {wanted}",
        )
        return None

    def _array(
        self,
        node: syntax.Call,
        function: typed.UserFunction,
        param: tuple[str, ArrayType],
        place: Syntax,
    ) -> SharedArray | None:
        name, wanted = param
        message = f"parameter {name!r} of {node.name} is the array {wanted}"
        given = self.shared.get(place.name) if isinstance(place, syntax.Name) else None
        if isinstance(given, Unread):
            return None
        if not isinstance(given, SharedArray):
            arrays = [key for key, item in self.shared.items() if isinstance(item, SharedArray)]
            hint = "name an array of the job's 'shared' inputs"
            if isinstance(place, syntax.Name) and arrays:
                hint = self.hint(place.name, arrays)
            self.problem("type_mismatch", place, message, hint)
            return None
        have = ArrayType(given.element, given.shape)
        if given.element is not wanted.element or len(given.shape) != len(wanted.shape):
            colons = ArrayType(given.element, (None,) * len(given.shape))
            hint = f"annotate the parameter: {name}: {colons}"
            if not (given.element.is_number or given.element is ValueType.BOOL):
                hint = "functions take arrays of numbers and bools"
            self.problem("type_mismatch", place, f"{message}, not {have}", hint)
            return None
        if name in function.writes:
            self.problem(
                "type_mismatch",
                place,
                f"{node.name} writes to its parameter {name!r}; shared inputs stay as they are",
                "copy the elements into an array of the function's own",
            )
            return None
        return given

    def is_plain(
        self, node: syntax.Call, *, of_rows: bool = False, of_groups: bool = False
    ) -> bool:
        """Whether a call lacks `*`, DISTINCT and FILTER, unless it is of an aggregate."""
        name = node.name[:60]
        if node.star and not of_rows:
            self.problem("wrong_argument_count", node, f"{name} does not take *", "name a column")
            return False
        if (node.distinct or node.condition) and not of_groups:
            part = "DISTINCT" if node.distinct else "FILTER"
            message = f"{part} belongs to aggregate functions, which {name} is not"
            self.problem("unsupported_sql", node, message, "use CASE, or a 'filter' step before")
            return False
        return True

    def count_is(self, node: syntax.Call, least: int, most: int | None) -> bool:
        given = len(node.arguments)
        if least <= given and (most is None or given <= most):
            return True
        wanted = f"{least}" if least == most else f"{least} or more"
        if most is not None and most > least:
            wanted = f"{least} to {most}"
        self.problem(
            "wrong_argument_count",
            node,
            f"{node.name.lower()} takes {wanted} argument{'' if wanted == '1' else 's'}, "
            f"not {given}",
        )
        return False
