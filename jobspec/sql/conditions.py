"""The forms of SQL that say true, false or NULL: syntax to typed tree.

BETWEEN and IN become comparisons of a value that is computed once.
"""

from __future__ import annotations

from collections.abc import Sequence

from jobspec.sql import syntax, typed
from jobspec.sql.coercion import coerce
from jobspec.sql.functions import OPERATORS
from jobspec.sql.operands import Operands
from jobspec.sql.syntax import Syntax
from jobspec.sql.typed import Typed
from jobspec.types import ValueType

_BOOL = ValueType.BOOL


class Conditions(Operands):
    """Checks conditions; what is not one is left to `check`."""

    def truth_valued(self, node: Syntax) -> Typed | None:
        match node:
            case syntax.Not():
                value = self.condition(node.value)
                return None if value is None else typed.Not(value.nullable, value)
            case syntax.Connective():
                parts = self.all(self.condition(part) for part in node.parts)
                return None if parts is None else connective(node.operator, parts)
            case syntax.Is():
                return self._is(node)
            case syntax.Distinct():
                pair = self.comparable(node, node.left, node.right)
                return None if pair is None else typed.Distinct(*pair)
            case syntax.Between():
                return self._between(node)
            case syntax.In():
                return self._in(node)
            case syntax.Like():
                return self._like(node)
        raise AssertionError(f"no rule for {type(node).__name__}")

    def comparable(self, node: Syntax, left: Syntax, right: Syntax) -> tuple[Typed, Typed] | None:
        pair = self.all([self.check(left), self.check(right)])
        return None if pair is None else self.matched(node, pair[0], pair[1])

    def condition(self, node: Syntax) -> Typed | None:
        return self.as_condition(node, self.check(node))

    def as_condition(self, node: Syntax, value: Typed | None) -> Typed | None:
        """The value of `node`, checked already, if it is a bool."""
        if value is None or value.type is _BOOL:
            return value if value is None else coerce(value, _BOOL)
        hint = (
            "compare it, such as x <> 0" if value.type.is_number else "compare it, such as x <> ''"
        )
        self.problem(
            "type_mismatch", node, f"a condition is a bool, not a value of type {value.type}", hint
        )
        return None

    def _is(self, node: syntax.Is) -> Typed | None:
        if node.wanted is None:
            value = self.check(node.value)
            return None if value is None else typed.IsNull(value)
        value = self.condition(node.value)
        return None if value is None else typed.IsTruth(value, node.wanted)

    def _between(self, node: syntax.Between) -> Typed | None:
        parts = self.all(self.check(part) for part in (node.value, node.low, node.high))
        if parts is None:
            return None

        def body(value: Typed) -> Typed | None:
            low, high = self.matched(node, value, parts[1]), self.matched(node, value, parts[2])
            if low is None or high is None:
                return None
            return connective("AND", [compare(">=", *low), compare("<=", *high)])

        return self.let(parts[0], body)

    def _in(self, node: syntax.In) -> Typed | None:
        parts = self.all(self.check(part) for part in (node.value, *node.options))
        if parts is None:
            return None

        def body(value: Typed) -> Typed | None:
            pairs = self.pairs(node, value, parts[1:])
            return (
                None if pairs is None else connective("OR", [compare("=", *pair) for pair in pairs])
            )

        return self.let(parts[0], body)

    def _like(self, node: syntax.Like) -> Typed | None:
        written = [node.value, node.pattern, *([node.escape] if node.escape else [])]
        function = OPERATORS["ILIKE" if node.ignore_case else "LIKE"]
        return self.apply(node, function, written, [self.check(part) for part in written])


def compare(operator: str, left: Typed, right: Typed) -> Typed:
    return typed.Compare(left.nullable or right.nullable, operator, left, right)


def connective(operator: str, parts: Sequence[Typed]) -> Typed:
    if len(parts) == 1:
        return parts[0]
    nullable = any(part.nullable for part in parts)
    return typed.Connective(nullable, operator, tuple(parts))
