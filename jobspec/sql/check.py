"""Names and types: syntax to typed tree.

Goes on after a problem wherever it can, so that one report names them all. Not here: what types
operands share (`jobspec.sql.coercion`), what functions take (`jobspec.sql.functions`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jobspec.limits import Limits
from jobspec.problems import ProblemList
from jobspec.problems import pointer as json_pointer
from jobspec.shared import Shared
from jobspec.sql import syntax, typed
from jobspec.sql.calls import NO_SHARED, Functions
from jobspec.sql.casts import can_fail, cast_hint, is_supported
from jobspec.sql.coercion import coerce, integer, is_bare, number
from jobspec.sql.conditions import compare
from jobspec.sql.functions import (
    FORMS,
    FUNCTIONS,
    NEGATE,
    OPERATORS,
    Function,
    Takes,
)
from jobspec.sql.functions.forms import UNIT_FUNCTIONS
from jobspec.sql.grammar import SQL_FUNCTIONS
from jobspec.sql.intervals import Intervals, is_interval
from jobspec.sql.names import (
    ABSENT_FUNCTIONS,
    AGGREGATE_NAMES,
    TYPE_NAMES,
    type_hint,
    type_named,
)
from jobspec.sql.parse import parse
from jobspec.sql.syntax import Syntax
from jobspec.sql.typed import Constant, Typed, TypedExpression
from jobspec.types import Column, ValueType

_BOOL, _STRING = ValueType.BOOL, ValueType.STRING
_NULL = Constant(_BOOL, None, bare=True)
Scope = Mapping[str, Column]


def parse_expression(
    text: str,
    pointer: str,
    problems: ProblemList,
    *,
    scope: Scope,
    functions: Functions,
    shared: Shared = NO_SHARED,
    limits: Limits | None = None,
) -> TypedExpression | None:
    """The typed tree of one expression over the columns in `scope`; None if it has problems."""
    tree = parse(text, pointer, problems, limits)
    if tree is None:
        return None
    return check(
        tree, pointer, problems, text=text, scope=scope, functions=functions, shared=shared
    )


def check(
    tree: Syntax,
    pointer: str,
    problems: ProblemList,
    *,
    text: str,
    scope: Scope,
    functions: Functions,
    shared: Shared = NO_SHARED,
) -> TypedExpression | None:
    """The typed tree of `tree`, which was parsed from `text`."""
    checker = Checker(pointer, problems, text=text, scope=scope, functions=functions, shared=shared)
    root = checker.check(tree)
    if isinstance(root, Constant) and root.bare:
        checker.problem(
            "type_mismatch", tree, "NULL alone has no type", "write CAST(NULL AS i64), say"
        )
        return None
    return None if root is None else TypedExpression(root, pointer)


def check_results(
    tree: Syntax,
    pointer: str,
    problems: ProblemList,
    *,
    text: str,
    scope: Scope,
    functions: Functions,
    shared: Shared = NO_SHARED,
    count: int,
) -> TypedExpression | None:
    """The call of a function with `count` results, more than one; its root is a `typed.Call`."""
    checker = Checker(pointer, problems, text=text, scope=scope, functions=functions, shared=shared)
    root = checker.several_results(tree, count)
    return None if root is None else TypedExpression(root, pointer)


class Checker(Intervals):
    """Checks the parts of one expression over columns in scope."""

    def __init__(
        self,
        pointer: str,
        problems: ProblemList,
        *,
        text: str,
        scope: Scope,
        functions: Functions,
        shared: Shared = NO_SHARED,
    ) -> None:
        super().__init__(pointer, problems, text=text, functions=functions, shared=shared)
        self._scope = scope

    def check(self, node: Syntax) -> Typed | None:
        match node:
            case syntax.Number():
                return number(node.text) or self._no_number(node)
            case syntax.Text():
                return Constant(_STRING, node.value.encode())
            case syntax.Truth():
                return Constant(_BOOL, node.value)
            case syntax.Null():
                return _NULL
            case syntax.Name():
                return self._name(node)
            case syntax.Negative():
                return self._negative(node)
            case syntax.Inverted():
                return self.apply(node, OPERATORS["~"], [node.value], [self.check(node.value)])
            case syntax.Binary():
                return self._binary(node)
            case syntax.Call():
                return self._call(node)
            case syntax.Case():
                return self._case(node)
            case syntax.Cast():
                return self._cast(node)
            case syntax.Interval():
                return self.no_interval(node)
        return self.truth_valued(node)

    # --- leaves -----------------------------------------------------------------------------------

    def _no_number(self, node: syntax.Number | syntax.Negative) -> Typed | None:
        message, hint = "the number does not fit 64 bits", "write it with a point: 1e30"
        if isinstance(node, syntax.Number) and not node.text.isdigit():
            message, hint = f"{node.text[:60]!r} is not a number", "write numbers as in 1.5e3"
        self.problem("number_literal", node, message, hint)
        return None

    def _name(self, node: syntax.Name) -> Typed | None:
        column = self._scope.get(node.name)
        if column is not None:
            return typed.Input(column.type, column.nullable, column.name)
        if node.name in self.shared:
            self.problem(
                "unknown_column",
                node,
                f"{node.name!r} is a shared input, which no expression can compute with",
                "pass an array to a function: xs: f64[:]; join a table",
            )
            return None
        self.problem(
            "unknown_column",
            node,
            f"there is no column {node.name[:60]!r}",
            self.hint(node.name, self._scope),
        )
        return None

    def _negative(self, node: syntax.Negative) -> Typed | None:
        if isinstance(node.value, syntax.Number) and node.value.text.isdigit():
            literal = integer(-int(node.value.text)) if len(node.value.text) < 40 else None
            return literal or self._no_number(node)
        value = self.check(node.value)
        if isinstance(value, Constant) and isinstance(value.value, int) and value.type.is_decimal:
            return Constant(value.type, -value.value)
        if isinstance(value, Constant) and value.flexible and isinstance(value.value, float):
            return Constant(value.type, -value.value, flexible=True)
        if value is not None and value.type is ValueType.U64:
            self.problem("type_mismatch", node, "a u64 cannot be negated", "CAST it to i64 before")
            return None
        return self.apply(node, NEGATE, [node.value], [value])

    # --- operators --------------------------------------------------------------------------------

    def _binary(self, node: syntax.Binary) -> Typed | None:
        if is_interval(node.left) or is_interval(node.right):
            return self.moved(node)
        operator = OPERATORS.get(node.operator)
        if operator is None:
            pair = self.comparable(node, node.left, node.right)
            return None if pair is None else compare(node.operator, *pair)
        sides = [self.check(node.left), self.check(node.right)]
        return self.apply(node, operator, [node.left, node.right], sides)

    # --- forms ------------------------------------------------------------------------------------

    def _case(self, node: syntax.Case) -> Typed | None:
        tests = [test for test, _ in node.branches]
        operand = None if node.operand is None else self.check(node.operand)
        short = node.operand is not None
        checked = self.all((self.check if short else self.condition)(test) for test in tests)
        results = self.all(self.check(result) for _, result in node.branches)
        otherwise = _NULL if node.otherwise is None else self.check(node.otherwise)
        if not short:
            return self._branches(node, checked, results, otherwise)
        if operand is None or checked is None:
            return None

        def body(value: Typed) -> Typed | None:
            pairs = self.pairs(node, value, checked)
            conditions = None if pairs is None else [compare("=", *pair) for pair in pairs]
            return self._branches(node, conditions, results, otherwise)

        return self.let(operand, body)

    def _branches(
        self,
        node: Syntax,
        conditions: Sequence[Typed] | None,
        results: Sequence[Typed] | None,
        otherwise: Typed | None,
    ) -> Typed | None:
        if conditions is None or results is None or otherwise is None:
            return None
        values = self.unified(node, [*results, otherwise])
        if values is None:
            return None
        if all(is_bare(value) for value in values):
            return _NULL
        branches = tuple(zip(conditions, values[:-1], strict=True))
        nullable = any(value.nullable for value in values)
        return typed.Case(values[0].type, nullable, branches, values[-1])

    def _cast(self, node: syntax.Cast) -> Typed | None:
        value = self.check(node.value)
        target = type_named(node.type_name)
        if target is None:
            self.problem(
                "unknown_type",
                node,
                f"there is no type {node.type_name[:60]!r}",
                type_hint(node.type_name) or self.hint(node.type_name, TYPE_NAMES),
            )
        if value is None or target is None:
            return None
        if is_bare(value):
            return Constant(target, None)
        if not is_supported(value.type, target):
            self.problem(
                "unsupported_cast",
                node,
                f"{value.type} cannot be converted to {target}",
                cast_hint(value.type, target),
            )
            return None
        fails = can_fail(value.type, target)
        return typed.Convert(target, value.nullable or (node.try_ and fails), value, node.try_)

    # --- calls ------------------------------------------------------------------------------------

    def _call(self, node: syntax.Call) -> Typed | None:
        if node.name in self.functions:
            return self.one_result(node)
        name = node.name.lower()
        if not self.is_plain(node, of_rows=name == "count", of_groups=name in AGGREGATE_NAMES):
            return None
        if name in UNIT_FUNCTIONS:
            return self.no_interval(node)
        if name in {"date_add", "time_bucket"}:
            return self.date_add(node) if name == "date_add" else self.time_bucket(node)
        arguments = [self.check(argument) for argument in node.arguments]
        if name in FORMS:
            form = FORMS[name]
            taken = self.count_is(node, form.least, form.most)
            return self._form(node, name, arguments) if taken else None
        if name in FUNCTIONS:
            return self._call_built_in(node, FUNCTIONS[name], arguments)
        self._no_such_function(node, name)
        return None

    def _call_built_in(
        self, node: syntax.Call, function: Function, arguments: Sequence[Typed | None]
    ) -> Typed | None:
        if not self.count_is(node, *function.counts):
            return None
        return self.apply(node, function, node.arguments, arguments)

    def _no_such_function(self, node: syntax.Call, name: str) -> None:
        if name in AGGREGATE_NAMES:
            self.problem(
                "aggregate_misplaced",
                node,
                f"{name} sees many rows; this expression sees one",
                "use it in an 'aggregate' step",
            )
            return
        if self._problems.is_noted(json_pointer("functions", node.name)):
            return  # it is there, and could not be read
        hint = ABSENT_FUNCTIONS.get(name) or self.hint(name, (*self.functions, *FUNCTIONS, *FORMS))
        if name in SQL_FUNCTIONS or name in ABSENT_FUNCTIONS:
            self.problem(
                "unsupported_function", node, f"{name} is not part of the job language", hint
            )
        else:
            self.problem("unknown_function", node, f"there is no function {name[:60]!r}", hint)

    def _form(self, node: syntax.Call, name: str, given: Sequence[Typed | None]) -> Typed | None:
        values = self.all(given)
        if values is None:
            return None
        match name:
            case "if":
                condition = self.as_condition(node.arguments[0], values[0])
                conditions = None if condition is None else [condition]
                return self._branches(node, conditions, [values[1]], values[2])
            case "nullif":
                return self._nullif(node, values[0], values[1])
            case "concat":
                return self._concat(node, values)
            case "concat_ws":
                return self._concat_ws(node, values)
        unified = self.unified(node, values)
        if unified is None:
            return None
        if all(is_bare(value) for value in unified):
            return _NULL
        type_, nullable = unified[0].type, all(value.nullable for value in unified)
        if name in {"least", "greatest"}:
            return typed.Extreme(type_, nullable, name, tuple(unified))
        return typed.Coalesce(type_, nullable, tuple(unified))

    def _nullif(self, node: Syntax, value: Typed, other: Typed) -> Typed | None:
        def body(value: Typed) -> Typed | None:
            pair = self.matched(node, value, other)
            if pair is None:
                return None
            null = Constant(value.type, None)
            return typed.Case(value.type, True, ((compare("=", *pair), null),), value)

        return self.let(value, body)

    def _concat(self, node: syntax.Call, values: Sequence[Typed]) -> Typed | None:
        texts = self.all(
            self.accepts("concat", Takes.TEXT, place, value)
            for place, value in zip(node.arguments, values, strict=True)
        )
        if texts is None:
            return None
        return _joined([coerce(text, _STRING) for text in texts])

    def _concat_ws(self, node: syntax.Call, values: Sequence[Typed]) -> Typed | None:
        """Each text behind a separator, or nothing where it is NULL; less the first separator."""
        given = self.all(
            self.accepts("concat_ws", Takes.TEXT if at else Takes.STRING, place, value)
            for at, (place, value) in enumerate(zip(node.arguments, values, strict=True))
        )
        if given is None:
            return None
        texts = [coerce(text, _STRING) for text in given]

        def body(separator: Typed) -> Typed:
            nullable = separator.nullable
            parts = [
                typed.Apply(_STRING, nullable or text.nullable, "concat", (separator, text))
                for text in texts[1:]
            ]
            behind = (_joined(parts), separator)
            return typed.Apply(_STRING, nullable, "behind_start", behind)

        return self.let(texts[0], body)


def _joined(parts: Sequence[Typed]) -> Typed:
    """Texts in a row; what is NULL adds nothing."""
    empty = Constant(_STRING, b"")
    joined: list[Typed] = [
        typed.Coalesce(_STRING, False, (part, empty)) if part.nullable else part for part in parts
    ]
    while len(joined) > 1:  # by pairs, so that the tree stays low
        pairs = [tuple(joined[at : at + 2]) for at in range(0, len(joined), 2)]
        joined = [
            typed.Apply(_STRING, False, "concat", pair) if len(pair) == 2 else pair[0]
            for pair in pairs
        ]
    return joined[0]
