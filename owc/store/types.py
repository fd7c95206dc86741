"""Column types of our own: aware times, states as text, and what volunteers have."""

# ruff: noqa: ARG002 - SQLAlchemy fixes the signatures

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeAlias

from sqlalchemy import JSON, BindParameter, DateTime, Dialect, Row, String, bindparam
from sqlalchemy.types import TypeDecorator

from owc.domain.matching import Capabilities, capabilities_from

AnyRow: TypeAlias = "Row[*tuple[Any, ...]]"
"""A row of whatever columns were asked for."""


def listed(name: str) -> BindParameter[Any]:
    """A parameter for `column.in_()` that is given a list, in a statement that is made once."""
    return bindparam(name, expanding=True)


class AwareTime(TypeDecorator[datetime]):
    """An aware time point, stored in UTC; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive time cannot be stored")
        return value.astimezone(UTC)

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any] | None:
        """As usual, but that one time, written into many rows, is put into words only once."""
        process = super().bind_processor(dialect)
        if process is None:
            return None
        latest: tuple[datetime | None, Any] = (None, process(None))

        def bound(value: datetime | None) -> Any:
            nonlocal latest
            known, words = latest
            if value is not known:
                words = process(value)
                latest = (value, words)
            return words

        return bound

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        # SQLite keeps no zone; what we stored was UTC
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class StateText(TypeDecorator[StrEnum]):
    """A member of one StrEnum, stored as its text, so that new states need no migration."""

    impl = String(16)
    cache_ok = True

    def __init__(self, enum: type[StrEnum]) -> None:
        self.enum = enum
        self._texts = {member: member.value for member in enum}
        self._members = {member.value: member for member in enum}
        super().__init__()

    def process_bind_param(self, value: StrEnum | str | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        return self._texts.get(value) or self.enum(value).value  # type: ignore[call-overload]  # a text that is no member raises

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        if value is None:
            return None
        return self._members.get(value) or self.enum(value)


class CapabilitiesJson(TypeDecorator[Capabilities]):
    """What a volunteer has, as JSON. Who asks for work again and again is read only once."""

    impl = JSON
    cache_ok = True

    def process_bind_param(
        self, value: Capabilities | None, dialect: Dialect
    ) -> dict[str, Any] | None:
        return None if value is None else value.to_json()

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        return _capabilities


def _capabilities(stored: Any) -> Capabilities | None:
    if stored is None:
        return None
    # SQLite gives text, PostgreSQL's driver what it has read of it
    return _capabilities_of(stored) if isinstance(stored, str) else capabilities_from(stored)


@functools.lru_cache(maxsize=16_384)
def _capabilities_of(text: str) -> Capabilities:
    return capabilities_from(json.loads(text))
