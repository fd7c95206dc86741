"""Evaluates generated expressions here and in DuckDB and says where they differ."""

from __future__ import annotations

import math
import struct
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import duckdb

from jobspec.types import ValueType
from tests.fuzz import dialect, values
from tests.fuzz.expressions import Coverage, Generator, Sql
from tests.jobspec.expressions import DuckDB, Expressions, Trapped

BATCH = 12
LITERAL_FAILS = "a literal part of it fails"
"""Why DuckDB refuses what is an error in every row here."""
ROWS = 10
_TIMES = {ValueType.DATE, ValueType.TIMESTAMP}
_EXTREMES = {"least", "greatest"}
_SHORT = {"AND", "OR", "IN", "BETWEEN"}


@dataclass(slots=True)
class Report:
    """What a run found."""

    coverage: Coverage = field(default_factory=Coverage)
    expressions: int = 0
    values: int = 0
    traps: int = 0
    nulls: int = 0
    excused: int = 0
    refused_by_duckdb: Counter[str] = field(default_factory=Counter)
    first_refused: dict[str, str] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)

    @property
    def uncovered(self) -> list[str]:
        return sorted(set(Generator(Random(0))._names) - set(self.coverage.made))


def run(seed: int, expressions: int, *, only: Sequence[str] = (), stop_after: int = 20) -> Report:
    """Compare so many expressions; the same seed gives the same ones."""
    report = Report()
    batch = 0
    while report.expressions < expressions and len(report.differences) < stop_after:
        rng = Random(f"{seed}/{batch}")
        generator = Generator(rng, report.coverage)
        generated = [generator.expression(only=only) for _ in range(BATCH)]
        rows = [values.row(rng) for _ in range(ROWS)]
        _compare(generated, rows, report, f"seed {seed}, batch {batch}")
        batch += 1
    return report


def _compare(
    generated: Sequence[Sql], rows: Sequence[Sequence[Any]], report: Report, where: str
) -> None:
    compiled = Expressions([one.ours for one in generated], values.SCHEMA)
    ours = [compiled.run(row) for row in rows]
    engine = DuckDB(values.SCHEMA, rows)
    try:
        for index, one in enumerate(generated):
            report.expressions += 1
            theirs = _theirs(engine, one, report)
            for row, found, expected in zip(rows, ours, theirs, strict=False):
                report.values += 1
                report.traps += isinstance(expected, Trapped)
                report.nulls += expected is None
                if agree(found[index], expected, exact=one.is_exact):
                    continue
                if is_excused(found[index], expected, one):
                    report.excused += 1
                    continue
                report.differences.append(_told(one, row, found[index], expected, engine, where))
                break
    finally:
        engine.close()


def _theirs(engine: DuckDB, one: Sql, report: Report) -> list[Any]:
    """The values in DuckDB; none where it refuses the expression as a whole."""
    try:
        found = engine.run(one.duckdb)
    except duckdb.Error as error:
        report.refused_by_duckdb[str(error).partition("\n")[0]] += 1
        report.first_refused.setdefault(str(error).partition("\n")[0], one.duckdb)
        return []
    if not found:
        report.refused_by_duckdb[LITERAL_FAILS] += 1
    return found


def _told(  # noqa: PLR0917
    one: Sql, row: Sequence[Any], ours: Any, theirs: Any, engine: DuckDB, where: str
) -> str:
    """A difference, brought down to the smallest part that differs in that row."""
    del engine
    for part in one.parts:
        single = DuckDB(values.SCHEMA, [row])
        try:
            expected = single.run(part.duckdb)
        finally:
            single.close()
        found = Expressions([part.ours], values.SCHEMA).run(row)[0]
        same = agree(found, expected[0], exact=part.is_exact) if expected else True
        if not same and not is_excused(found, expected[0], part):
            return _told(part, row, found, expected[0], single, where)
    used = {
        column.name: value
        for column, value in zip(values.SCHEMA, row, strict=True)
        if column.name in one.ours
    }
    return (
        f"{where}\n  {one.ours}\n  as DuckDB's {one.duckdb}\n  of {used}\n"
        f"  is {ours!r}, not {theirs!r}"
    )


def agree(ours: Any, theirs: Any, *, exact: bool = True) -> bool:
    if isinstance(ours, float) and isinstance(theirs, float):
        if bits(ours) == bits(theirs):
            return True
        return not exact and abs(ours - theirs) <= dialect.ULPS * math.ulp(theirs)
    if isinstance(theirs, bytearray | memoryview):
        theirs = bytes(theirs)
    return type(ours) is type(theirs) and bool(ours == theirs)


def is_excused(ours: Any, theirs: Any, one: Sql) -> bool:
    """Which errors DuckDB meets depends on more than the row; and its decimals have 38 digits."""
    if ours is None and not one.names.isdisjoint({"round", "trunc"}):
        return bool(theirs == 0)  # NULL too, where no digit of the type is left
    if isinstance(theirs, Trapped):  # both sides of a conjunction; we stop at the answer
        return not _SHORT.isdisjoint(one.names)
    if not isinstance(ours, Trapped):  # DuckDB's extremes lose the sign of zero
        return isinstance(ours, float) and ours == theirs and not _EXTREMES.isdisjoint(one.names)
    # DuckDB's years go far beyond 1 to 9999, which its client can only show as texts.
    if ours.code == "time_out_of_range" or (one.type in _TIMES and isinstance(theirs, str)):
        return True
    # What is beside NULL may not be computed there.
    return theirs is None or "CASE x" in one.names or _has_decimals(one)


def _has_decimals(one: Sql) -> bool:
    return one.type.is_decimal or any(map(_has_decimals, one.parts))


def bits(value: float) -> bytes:
    return b"NaN" if math.isnan(value) else struct.pack("<d", value)
