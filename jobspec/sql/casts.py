"""Conversions between types: which exist, which can fail, and how each is computed.

One row a pair of families of types. Not here: how the conversions of decimals, and of dates and
timestamps, are computed (`jobspec.sql.casts_decimals`, `jobspec.sql.casts_times`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from jobspec import ir
from jobspec.sql import casts_decimals, casts_numbers, casts_texts, casts_times
from jobspec.sql.value import Value
from jobspec.types import ValueType

Converted = tuple[ir.Expr, ir.Expr | None]
Fails = Callable[[ValueType, ValueType], bool]


def _always(source: ValueType, target: ValueType) -> bool:
    del source, target
    return True


def _never(source: ValueType, target: ValueType) -> bool:
    del source, target
    return False


@dataclass(frozen=True, slots=True)
class _Cast:
    convert: Callable[[ir.Body, Value, ValueType], Converted]
    """The converted value, and an i32 that is 1 where it fits (None if all do)."""
    fails: Fails = _never
    """Whether some values of the first type do not fit the second."""


_CASTS: dict[tuple[str, str], _Cast] = {
    ("binary", "string"): _Cast(casts_texts.from_binary),
    ("bool", "decimal"): _Cast(casts_decimals.from_integer, casts_decimals.integer_fails),
    ("bool", "float"): _Cast(casts_numbers.to_float),
    ("bool", "integer"): _Cast(casts_numbers.to_integer),
    ("bool", "string"): _Cast(casts_texts.from_bool),
    ("date", "string"): _Cast(casts_times.to_text),
    ("date", "timestamp"): _Cast(casts_times.date_to_timestamp),
    ("decimal", "bool"): _Cast(casts_numbers.to_bool),
    ("decimal", "decimal"): _Cast(casts_decimals.rescaled, casts_decimals.rescaling_fails),
    ("decimal", "float"): _Cast(casts_decimals.to_float),
    ("decimal", "integer"): _Cast(casts_decimals.to_integer, casts_decimals.whole_fails),
    ("decimal", "string"): _Cast(casts_decimals.to_text),
    ("float", "bool"): _Cast(casts_numbers.to_bool),
    ("float", "decimal"): _Cast(casts_decimals.from_float, _always),
    ("float", "float"): _Cast(casts_numbers.to_float, casts_numbers.float_fails),
    ("float", "integer"): _Cast(casts_numbers.float_to_integer, _always),
    ("float", "string"): _Cast(casts_texts.from_float),
    ("integer", "bool"): _Cast(casts_numbers.to_bool),
    ("integer", "decimal"): _Cast(casts_decimals.from_integer, casts_decimals.integer_fails),
    ("integer", "float"): _Cast(casts_numbers.to_float),
    ("integer", "integer"): _Cast(casts_numbers.to_integer, casts_numbers.integer_fails),
    ("integer", "string"): _Cast(casts_texts.from_integer),
    ("string", "binary"): _Cast(casts_texts.to_binary, _always),
    ("string", "bool"): _Cast(casts_texts.to_bool, _always),
    ("string", "date"): _Cast(casts_times.from_text, _always),
    ("string", "decimal"): _Cast(casts_decimals.from_text, _always),
    ("string", "float"): _Cast(casts_texts.to_float, _always),
    ("string", "integer"): _Cast(casts_texts.to_integer, _always),
    ("string", "timestamp"): _Cast(casts_times.from_text, _always),
    ("timestamp", "date"): _Cast(casts_times.timestamp_to_date),
    ("timestamp", "string"): _Cast(casts_times.to_text),
}
"""By the families of the types; there is no other conversion."""


def family(type_: ValueType) -> str:
    """The types that are converted alike: integer, float, decimal, or the type alone."""
    if type_.is_integer:
        return "integer"
    if type_.is_float:
        return "float"
    return "decimal" if type_.is_decimal else type_.value


def cast_hint(source: ValueType, target: ValueType) -> str:
    """How else to come from one type to another."""
    if family(source) in {"date", "timestamp"}:
        return "date_part, date_diff and epoch give numbers"
    if family(target) in {"date", "timestamp"}:
        return "make_date, make_timestamp and epoch_ms take numbers"
    return "CAST it to string in between" if ValueType.BINARY in {source, target} else ""


def is_supported(source: ValueType, target: ValueType) -> bool:
    return source is target or (family(source), family(target)) in _CASTS


def can_fail(source: ValueType, target: ValueType) -> bool:
    """Whether some values of `source` do not fit `target`."""
    return source is not target and _CASTS[family(source), family(target)].fails(source, target)


def convert(body: ir.Body, source: Value, target: ValueType) -> Converted:
    """The converted value, and an i32 that is 1 where it fits (None if all do).

    Where it does not fit the value is arbitrary. `source.value` is a variable or a constant.
    """
    if source.type is target:
        return source.value, None
    return _CASTS[family(source.type), family(target)].convert(body, source, target)
