"""Checks a join step against the table that it names; what columns it adds."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence

from jobspec.document_steps import JoinStep
from jobspec.joins import most_bytes
from jobspec.limits import Limits
from jobspec.plan import Join
from jobspec.problems import ProblemList, pointer
from jobspec.shared import Shared, SharedTable, Unread
from jobspec.types import Column, ValueType

Place = tuple[str | int, ...]

MOST_JOINS = 8


def find_table(
    name: str, shared: Shared, place: Place, problems: ProblemList
) -> SharedTable | None:
    """The shared table of that name; None if there is none, or none that could be read."""
    found = shared.get(name)
    if isinstance(found, SharedTable):
        return found
    if isinstance(found, Unread):
        return None
    tables = [key for key, given in shared.items() if isinstance(given, SharedTable)]
    message = f"there is no table {name!r} in 'shared'"
    if found is not None:
        message = f"{name!r} of 'shared' is an array, not a table"
    problems.add(
        "unknown_table", pointer(*place, "table"), message, problems.near_miss(name, tables)
    )
    return None


def plan_join(
    join: JoinStep.Join,
    table: SharedTable,
    keys: Mapping[str, Column | None],
    taken: Container[str],
    *,
    place: Place,
    problems: ProblemList,
) -> Join:
    """The step of the plan. `keys` are the job's columns of `on`, `taken` the names it has."""
    columns = {column.name: column for column in table.schema}
    on = []
    for name, key in join.on.items():
        column = _column(key, columns, (*place, "on", name), problems)
        given = keys[name]
        if column is None or given is None:
            continue
        if not _can_match(given.type, column.type):
            problems.add(
                "type_mismatch",
                pointer(*place, "on", name),
                f"{name!r} is of type {given.type}, {key!r} of the table of {column.type}",
                f"derive a column of type {column.type} before, with CAST",
            )
        on.append((given, key))
    added = _added(join, columns, place, problems)
    for where, column in added:
        if column.name in taken:
            problems.add(
                "duplicate_name",
                pointer(*where),
                f"there is a column {column.name!r} already",
                "rename that one first, or name the table's columns that matter in 'columns'",
            )
    return Join(table, tuple(on), tuple(column for _, column in added), join.how == "left")


def check_joins(joins: Sequence[Join], limits: Limits, place: Place, problems: ProblemList) -> None:
    """Each join has a table of its own in the program, and a loop inside the one before."""
    if len(joins) > MOST_JOINS:
        message = f"a job has at most {MOST_JOINS} joins"
        problems.add("too_long", pointer(*place), message, "join the tables with each other before")
    size = sum(most_bytes(join) for join in joins)
    if size > limits.memory_bytes // 2:
        problems.add(
            "program_too_large",
            pointer(*place),
            f"the tables of all joins have up to {size:,} bytes, more than half of a program's"
            " memory",
            "leave out the rows and columns that the job does not need",
        )


def _can_match(job: ValueType, table: ValueType) -> bool:
    """Whether columns of these types can be compared in a join: equal types, or integers."""
    return job is table or (job.is_integer and table.is_integer)


def _added(
    join: JoinStep.Join, columns: Mapping[str, Column], place: Place, problems: ProblemList
) -> Sequence[tuple[Place, Column]]:
    """The columns that are added, and where the document names them."""
    if join.columns is None:
        keys = set(join.on.values())
        rest = (column for column in columns.values() if column.name not in keys)
        return [((*place, "table"), column) for column in rest]
    found = []
    for index, name in enumerate(join.columns):
        where = (*place, "columns", index)
        column = _column(name, columns, where, problems)
        if column is not None:
            found.append((where, column))
    return found


def _column(
    name: str, columns: Mapping[str, Column], place: Place, problems: ProblemList
) -> Column | None:
    if name not in columns:
        message = f"the table has no column {name!r}"
        problems.add("unknown_column", pointer(*place), message, problems.near_miss(name, columns))
    return columns.get(name)
