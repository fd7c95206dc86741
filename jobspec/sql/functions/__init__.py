"""The function table: what expressions can call, what it takes and gives, and how it is computed.

One module a family, each with its lowerings beside its rows: `FUNCTIONS`, and `OPERATORS` for what
is written between or before operands. A new family is one more entry of `_FAMILIES`. Forms, whose
operands are not all computed, are listed here and checked by `jobspec.sql.check`.
"""

from __future__ import annotations

from types import ModuleType

from jobspec.sql.functions import arithmetic, bits, floats, forms, texts
from jobspec.sql.functions.arithmetic import NEGATE
from jobspec.sql.functions.forms import AGGREGATES, FORMS
from jobspec.sql.functions.signature import Function, Lower, Takes
from jobspec.sql.functions.texts import LIKE_PATTERN

_FAMILIES: tuple[ModuleType, ...] = (arithmetic, bits, floats, texts)


def _rows(table: str) -> list[Function]:
    return [row for family in _FAMILIES for row in getattr(family, table, ())]


OPERATORS: dict[str, Function] = {row.name: row for row in _rows("OPERATORS")}
"""By how they are written."""

FUNCTIONS: dict[str, Function] = {
    name: row
    for row in sorted(_rows("FUNCTIONS"), key=lambda row: row.name)
    for name in (row.name, *row.aliases)
}
"""By name; an alias stands for the same row."""

_LOWERINGS: dict[str, Lower] = {
    overload.operation: overload.lower
    for row in (*OPERATORS.values(), *FUNCTIONS.values(), NEGATE, LIKE_PATTERN)
    for overload in row.overloads
}


def lowering(operation: str) -> Lower:
    """How the operation of an overload is computed."""
    return _LOWERINGS[operation]


BUILT_IN_NAMES = frozenset({*FUNCTIONS, *FORMS, *AGGREGATES})
"""Names that functions of a document cannot have."""

__all__ = [
    "AGGREGATES",
    "BUILT_IN_NAMES",
    "FORMS",
    "FUNCTIONS",
    "LIKE_PATTERN",
    "NEGATE",
    "OPERATORS",
    "Function",
    "Takes",
    "forms",
    "lowering",
]
