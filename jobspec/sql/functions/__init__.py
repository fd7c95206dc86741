"""The function table: what expressions can call, what it takes and gives, and how it is computed.

One module a family, each with its lowerings beside its rows: `FUNCTIONS`, and `OPERATORS` for what
is written between or before operands. A new family is one more entry of `_FAMILIES`. Forms, whose
operands are not all computed, are listed here and checked by `jobspec.sql.check`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from types import ModuleType

from jobspec.errors import PluginError
from jobspec.sql.functions import (
    arithmetic,
    binary,
    bits,
    chance,
    dates,
    editing,
    epochs,
    floats,
    forms,
    installed,
    letters,
    likeness,
    mathematics,
    patterns,
    texts,
    time_formats,
    whole_numbers,
)
from jobspec.sql.functions.arithmetic import NEGATE
from jobspec.sql.functions.decimals import ALIGN
from jobspec.sql.functions.forms import FORMS
from jobspec.sql.functions.signature import Function, Lower, Takes
from jobspec.sql.functions.texts import BEHIND_START
from jobspec.sql.functions.time_arithmetic import TIME_BUCKET, TIMESTAMP_ADD
from jobspec.sql.names import AGGREGATE_NAMES

_FAMILIES: tuple[ModuleType, ...] = (
    arithmetic,
    binary,
    bits,
    chance,
    dates,
    editing,
    epochs,
    floats,
    letters,
    likeness,
    mathematics,
    patterns,
    texts,
    time_formats,
    whole_numbers,
)


def _rows(table: str) -> list[Function]:
    return [row for family in _FAMILIES for row in getattr(family, table, ())]


OPERATORS: dict[str, Function] = {row.name: row for row in _rows("OPERATORS")}
"""By how they are written."""


class _Functions(Mapping[str, Function]):
    """The table of functions, completed by plugins when it is first read.

    Not sooner: a plugin's own module imports this package before it can be loaded.
    """

    @cached_property
    def _table(self) -> Mapping[str, Function]:
        table: dict[str, Function] = {}
        for row in sorted((*_rows("FUNCTIONS"), *installed.rows()), key=lambda row: row.name):
            for name in (row.name, *row.aliases):
                if name in table or name in FORMS or name in AGGREGATE_NAMES:
                    raise PluginError(f"plugin {name} has the name of a function of the language")
                table[name] = row
        return table

    def __getitem__(self, name: str) -> Function:
        return self._table[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)


FUNCTIONS: Mapping[str, Function] = _Functions()
"""By name; an alias stands for the same row."""


def families() -> Iterator[tuple[str, tuple[Function, ...]]]:
    """The rows of functions by family, with the sentence that says what a family is."""
    for family in _FAMILIES:
        rows = getattr(family, "FUNCTIONS", ())
        if rows:
            yield (family.__doc__ or "").partition("\n")[0], tuple(rows)
    yield "Functions that plugins add; these come with the hub.", installed.rows()


@cache
def _lowerings() -> Mapping[str, Lower]:
    return {
        overload.operation: overload.lower
        for row in (
            *OPERATORS.values(),
            *FUNCTIONS.values(),
            NEGATE,
            ALIGN,
            BEHIND_START,
            TIMESTAMP_ADD,
            TIME_BUCKET,
        )
        for overload in row.overloads
    }


def lowering(operation: str) -> Lower:
    """How the operation of an overload is computed."""
    return _lowerings()[operation]


def is_built_in(name: str) -> bool:
    """Whether functions of a document cannot have the name."""
    return name in FUNCTIONS or name in FORMS or name in AGGREGATE_NAMES


__all__ = [
    "FORMS",
    "FUNCTIONS",
    "NEGATE",
    "OPERATORS",
    "TIMESTAMP_ADD",
    "TIME_BUCKET",
    "Function",
    "Takes",
    "families",
    "forms",
    "is_built_in",
    "lowering",
]
