"""Operands of one expression: brought to the types that an operation takes, or refused in words.

The base of the checker. Not here: which type operands share (`jobspec.sql.coercion`), what each
form of SQL means (`jobspec.sql.check`).
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence

from jobspec.problems import ProblemList
from jobspec.sql import typed
from jobspec.sql.coercion import (
    aligned,
    arithmetic_type,
    coerce,
    common_type,
    is_bare,
    is_exact,
    scale_of,
)
from jobspec.sql.functions import Function, Takes
from jobspec.sql.functions.signature import Complaint, Overload
from jobspec.sql.parse import line_and_column
from jobspec.sql.syntax import Syntax
from jobspec.sql.time_texts import is_time, time_literal
from jobspec.sql.typed import Constant, Typed
from jobspec.types import ValueType


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
        function: Function,
        written: Sequence[Syntax],
        given: Sequence[Typed | None],
    ) -> Typed | None:
        """A strict operation: the first overload that accepts the operands, converted for it."""
        callable_ = [one for one in function.overloads if one.takes_count(len(given))]
        values = self.all(given)
        if values is None:
            for place, value in zip(written, given, strict=True):
                index = written.index(place)
                self._accepted(
                    function.name, [one.family(index) for one in callable_], place, value
                )
            return None
        read = self._texts_as_arguments(callable_, written, values)
        if read is None:
            return None
        values = read
        for overload in callable_:
            if all(
                is_bare(value) or overload.family(index).accepts(value)
                for index, value in enumerate(values)
            ):
                return self._overload(node, overload, written, values)
        self._no_overload(node, function.name, callable_, written, values)
        return None

    def _texts_as_arguments(
        self, overloads: Sequence[Overload], written: Sequence[Syntax], values: Sequence[Typed]
    ) -> list[Typed] | None:
        """The values, text literals where only a date or timestamp can stand read as one."""
        read: list[Typed | None] = []
        for index, (place, value) in enumerate(zip(written, values, strict=True)):
            families = {one.family(index) for one in overloads}
            if families in ({Takes.TIMESTAMP}, {Takes.DATE}):
                wanted = ValueType.TIMESTAMP if Takes.TIMESTAMP in families else ValueType.DATE
                read.append(self.as_time(place, value, wanted))
            else:
                read.append(value)
        return self.all(read)

    def _overload(
        self,
        node: Syntax,
        overload: Overload,
        written: Sequence[Syntax],
        values: Sequence[Typed],
    ) -> Typed | None:
        families = [overload.family(index) for index in range(len(values))]
        complaint = overload.check(values) if overload.check else None
        types: Sequence[ValueType] = ()
        if complaint is None and overload.prepare is not None:
            prepared = overload.prepare(values)
            if isinstance(prepared, Complaint):
                complaint = prepared
            else:
                types = prepared
        if complaint is not None:
            place = written[min(complaint.operand, len(written) - 1)]
            self.problem(complaint.code, place, complaint.message, complaint.hint)
            return None
        if not types:
            alike = [value for kind, value in zip(families, values, strict=True) if kind.alike]
            shared = arithmetic_type(alike, float_only=Takes.FLOAT in families)
            if shared is None:
                self.sign_conflict(node)
                return None
            types = [
                shared if kind.alike else kind.type or value.type
                for kind, value in zip(families, values, strict=True)
            ]
        operands = tuple(coerce(value, type_) for value, type_ in zip(values, types, strict=True))
        if overload.numbered:
            operands = (self._number_of_call(node), *operands)
        gives = overload.gives
        if callable(gives):
            result = gives(operands)
        else:
            result = gives if isinstance(gives, ValueType) else operands[0].type
        nullable = overload.may_null or any(value.nullable for value in operands)
        return typed.Apply(result, nullable, overload.operation, operands, overload.may_null)

    def _number_of_call(self, node: Syntax) -> Constant:
        """Made of the call's place in the document, so that it is the same whoever compiles."""
        place = f"{self._pointer} {node.place}".encode()
        digest = hashlib.blake2b(place, digest_size=8).digest()
        return Constant(ValueType.I64, int.from_bytes(digest, "little", signed=True))

    def _no_overload(
        self,
        node: Syntax,
        name: str,
        overloads: Sequence[Overload],
        written: Sequence[Syntax],
        values: Sequence[Typed],
    ) -> None:
        """Say what is wrong with the first operand that fits nothing, or with all together."""
        for index, (place, value) in enumerate(zip(written, values, strict=True)):
            families = [one.family(index) for one in overloads]
            if self._accepted(name, families, place, value) is None:
                return
        types = ", ".join(str(value.type) for value in values)
        choices = dict.fromkeys(
            ", ".join(one.family(index).noun for index in range(len(values))) for one in overloads
        )
        self.problem(
            "type_mismatch",
            node,
            f"{name} does not take ({types})",
            f"it takes ({') or ('.join(choices)}); CAST what differs",
        )

    def accepts(self, name: str, kind: Takes, place: Syntax, value: Typed | None) -> Typed | None:
        """The value, if it is of the kind; else None and a problem."""
        return self._accepted(name, [kind], place, value)

    def _accepted(
        self, name: str, kinds: Sequence[Takes], place: Syntax, value: Typed | None
    ) -> Typed | None:
        if value is None or any(kind.accepts(value) for kind in kinds):
            return value
        if is_bare(value) and any(kind is not Takes.DIGITS for kind in kinds):
            return value
        nouns = " or ".join(dict.fromkeys(kind.noun for kind in kinds))
        self.problem(
            "type_mismatch",
            place,
            f"{name} takes {nouns} here, not a value of type {value.type}",
            _mend(kinds, value.type, name),
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
        read = self._texts_as_times(node, [left, right])
        if read is None:
            return None
        left, right = read
        if _are_decimals(left, right):
            scale = max(scale_of(left.type), scale_of(right.type))
            return aligned(left, scale), aligned(right, scale)
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

    def _texts_as_times(self, node: Syntax, values: Sequence[Typed]) -> list[Typed] | None:
        """The values, text literals beside a date or timestamp read as one."""
        wanted = {value.type for value in values if is_time(value.type)}
        if len(wanted) != 1:
            return list(values)
        return self.all(self.as_time(node, value, *wanted) for value in values)

    def as_time(self, node: Syntax, value: Typed, wanted: ValueType) -> Typed | None:
        """A text literal read as a date or timestamp; any other value as it is."""
        if not isinstance(value, Constant) or not isinstance(value.value, bytes):
            return value
        found = time_literal(value.value.decode(), wanted)
        if found is not None:
            return Constant(wanted, found)
        text = value.value.decode()[:60]
        self.problem(
            "bad_value", node, f"{text!r} is not a {wanted}", "write it as 2026-11-21 13:05:00"
        )
        return None

    def unified(self, node: Syntax, values: Sequence[Typed]) -> list[Typed] | None:
        read = self._texts_as_times(node, values)
        if read is None:
            return None
        values = read
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


def _are_decimals(left: Typed, right: Typed) -> bool:
    """Whether two values are compared as decimals."""
    exact = is_exact(left.type) and is_exact(right.type)
    differ = left.type is not right.type and not (is_bare(left) or is_bare(right))
    return exact and differ and (left.type.is_decimal or right.type.is_decimal)


def _mend(kinds: Sequence[Takes], type_: ValueType, name: str) -> str:
    if name == "//" and (type_.is_float or type_.is_decimal):
        return "write floor(a / b), or CAST to i64"
    if name == "-" and type_ is ValueType.TIMESTAMP:
        return "write date_diff('second', earlier, later), say"
    if name == "+" and type_ is ValueType.STRING:
        return "join texts with ||"
    if set(kinds) & {Takes.DIGITS, Takes.LITERAL}:
        return "write the value itself"
    wanted = {kind: kind.type for kind in kinds}
    if Takes.TEXT in wanted:
        return ""
    wanted |= {Takes.INTEGER: ValueType.I64} if Takes.INTEGER in wanted else {}
    named = [type_ or ValueType.F64 for type_ in wanted.values()]
    return f"CAST it to {named[0]}"
