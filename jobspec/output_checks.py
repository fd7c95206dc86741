"""Whether the files that a document asks for can be made of its result's columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from jobspec.document_output import Files
from jobspec.problems import ProblemList, pointer
from jobspec.types import Column, Schema, ValueType


def check_files(files: Files, result: Schema, problems: ProblemList) -> None:
    """Every column that a picture or an array names exists and has a type that it takes."""
    columns = {column.name: column for column in result}
    if (image := files.image) is not None:
        for key in ("x", "y", "value", "r", "g", "b"):
            wanted = _PLACE if key in ("x", "y") else _NUMBER
            _check(getattr(image, key), columns, wanted, ("output", "image", key), problems)
    if (npy := files.npy) is not None:
        _check(npy.value, columns, _NUMBER, ("output", "npy", "value"), problems)
        for index, name in enumerate(npy.axes):
            _check(name, columns, _PLACE, ("output", "npy", "axes", index), problems)


Wanted = tuple[Callable[[ValueType], bool], str]

_PLACE: Wanted = (lambda kind: kind.is_integer, "an integer column")
_NUMBER: Wanted = (
    lambda kind: kind.is_number or kind.is_decimal or kind is ValueType.BOOL,
    "a column of numbers",
)


def _check(
    name: str | None,
    columns: Mapping[str, Column],
    wanted: Wanted,
    place: tuple[str | int, ...],
    problems: ProblemList,
) -> None:
    if name is None:
        return
    accepts, what = wanted
    column = columns.get(name)
    if column is None:
        hint = problems.near_miss(name, columns)
        problems.add("unknown_column", pointer(*place), f"the result has no column {name!r}", hint)
    elif not accepts(column.type):
        problems.add(
            "type_mismatch",
            pointer(*place),
            f"{what} is needed here; {name!r} is of type {column.type}",
            "derive one, for instance with CAST",
        )
