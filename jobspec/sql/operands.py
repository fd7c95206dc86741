"""Operands of one expression: brought to the types that an operation takes, or refused in words.

The base of the checker. Not here: which type operands share (`jobspec.sql.coercion`), what each
form of SQL means (`jobspec.sql.check`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence

from jobspec.problems import ProblemList
from jobspec.sql import typed
from jobspec.sql.coercion import arithmetic_type, coerce, common_type, is_bare
from jobspec.sql.functions import Signature, Takes
from jobspec.sql.parse import line_and_column
from jobspec.sql.syntax import Syntax
from jobspec.sql.typed import Constant, Typed
from jobspec.types import ValueType

_ALIKE = {Takes.NUMBER, Takes.INTEGER, Takes.FLOAT}
"""Kinds whose operands share one type."""
_TAKEN = {
    Takes.COUNT: ValueType.I64,
    Takes.DIGITS: ValueType.I64,
    Takes.DOUBLE: ValueType.F64,
    Takes.STRING: ValueType.STRING,
    Takes.TEXT: ValueType.STRING,
}


class Operands(ABC):
    """Reports the problems of one expression. A part that has one is None from there on."""

    def __init__(
        self,
        pointer: str,
        problems: ProblemList,
        *,
        text: str,
    ) -> None:
        self._pointer = pointer
        self._problems = problems
        self._text = text
        self._slots = 0

    def problem(self, code: str, node: Syntax, message: str, hint: str = "") -> None:
        line, column = line_and_column(self._text, node.place)
        self._problems.add(code, self._pointer, message, hint, line=line, column=column)

    def hint(self, name: str, known: Iterable[str]) -> str:
        return self._problems.near_miss(name, known)

    @abstractmethod
    def check(self, node: Syntax) -> Typed | None:
        """The typed tree of any syntax."""

    def apply(
        self,
        node: Syntax,
        name: str,
        signature: Signature,
        written: Sequence[Syntax],
        given: Sequence[Typed | None],
    ) -> Typed | None:
        """A strict operation, its operands brought to the types it takes."""
        takes = signature.takes
        accepted = [
            self.accepts(name, kind, place, value)
            for kind, place, value in zip(takes, written, given, strict=False)
        ]
        operands = self.all(accepted)
        if operands is None:
            return None
        alike = [value for kind, value in zip(takes, operands, strict=False) if kind in _ALIKE]
        shared = arithmetic_type(alike, float_only=Takes.FLOAT in takes)
        if shared is None:
            self.sign_conflict(node)
            return None
        converted = tuple(
            coerce(value, _TAKEN.get(kind, shared))
            for kind, value in zip(takes, operands, strict=False)
        )
        gives = signature.gives
        result = gives if isinstance(gives, ValueType) else converted[0].type
        nullable = any(value.nullable for value in converted)
        return typed.Apply(result, nullable, signature.operation, converted)

    def accepts(self, name: str, kind: Takes, place: Syntax, value: Typed | None) -> Typed | None:
        if value is None or (is_bare(value) and kind is not Takes.DIGITS):
            return value
        type_ = value.type
        accepted = {
            Takes.STRING: type_ is ValueType.STRING,
            Takes.TEXT: not type_.is_float,
            Takes.INTEGER: type_.is_integer,
            Takes.COUNT: type_.is_integer,
            Takes.DIGITS: type_.is_integer and isinstance(value, Constant),
        }
        if accepted.get(kind, type_.is_number):
            return value
        self.problem(
            "type_mismatch",
            place,
            f"{name} takes {kind.noun} here, not a value of type {type_}",
            _mend(kind, type_, name),
        )
        return None

    def sign_conflict(self, node: Syntax) -> None:
        self.problem(
            "type_mismatch",
            node,
            "u64 and signed integers have no common type",
            "CAST one of them to the other's type",
        )

    def matched(self, node: Syntax, left: Typed, right: Typed) -> tuple[Typed, Typed] | None:
        """Two values brought to one type, or to i64 and u64, which compare as they are."""
        shared = common_type([left, right])
        if shared is not None:
            return coerce(left, shared), coerce(right, shared)
        if left.type.is_integer and right.type.is_integer:
            wide = [
                coerce(side, ValueType.U64 if side.type is ValueType.U64 else ValueType.I64)
                for side in (left, right)
            ]
            return wide[0], wide[1]
        self.problem(
            "type_mismatch",
            node,
            f"{left.type} and {right.type} cannot be compared",
            "CAST one of them to the other's type",
        )
        return None

    def unified(self, node: Syntax, values: Sequence[Typed]) -> list[Typed] | None:
        shared = common_type(values)
        if shared is not None:
            bare = all(is_bare(value) for value in values)
            return [value if bare else coerce(value, shared) for value in values]
        types = sorted({value.type for value in values if not is_bare(value)})
        if all(type_.is_integer for type_ in types):
            self.sign_conflict(node)
        else:
            self.problem(
                "type_mismatch",
                node,
                f"the values have different types: {', '.join(types)}",
                "CAST them to one type",
            )
        return None

    def let(self, value: Typed, make: Callable[[Typed], Typed | None]) -> Typed | None:
        """`make` of a value that is computed once."""
        if isinstance(value, Constant | typed.Input | typed.Slot):
            return make(value)
        self._slots += 1
        slot = typed.Slot(value.type, value.nullable, self._slots)
        body = make(slot)
        return body and typed.Let(body.type, body.nullable, slot.number, value, body)

    def all(self, parts: Iterable[Typed | None]) -> list[Typed] | None:
        """All parts, each of which has then been checked; None if one has problems."""
        found = list(parts)
        good = [part for part in found if part is not None]
        return good if len(good) == len(found) else None

    def pairs(
        self, node: Syntax, value: Typed, others: Sequence[Typed]
    ) -> list[tuple[Typed, Typed]] | None:
        """The value matched with each of the others."""
        found = [self.matched(node, value, other) for other in others]
        good = [pair for pair in found if pair is not None]
        return good if len(good) == len(found) else None


def _mend(kind: Takes, type_: ValueType, name: str) -> str:
    if name == "//" and type_.is_float:
        return "write floor(a / b), or CAST to i64"
    if name == "+" and type_ is ValueType.STRING:
        return "join texts with ||"
    if kind is Takes.DIGITS:
        return "write the number itself"
    wanted = {Takes.STRING: "string", Takes.INTEGER: "i64", Takes.COUNT: "i64"}.get(kind, "f64")
    return "" if kind is Takes.TEXT else f"CAST it to {wanted}"
