"""Random jobs over every type, run whole and in random partitions: the same result to the bit.

Steps and aggregate calls are drawn from the language's own tables, as expressions are. A partition
is any cut of the source into ranges, each run in steps of any length, by instances that are fresh
or were used before, arriving in any order. A range may be left in the middle: what is done of it
is one part, and the slice of the rest another. What docs say depends on the partition (plain sums
of floats) is compared to nine digits.
"""

from __future__ import annotations

import json
import math
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa

from jobspec import DocumentError, chunk_rows, output_rows_done, slice_chunk, table_bytes
from jobspec.aggregates import AGGREGATES, AggregateFunction
from jobspec.aggregates.function import Distinct, Option
from jobspec.arrow import arrow_schema
from jobspec.document_rules.keywords import STEPS
from jobspec.types import ValueType
from tests.fuzz import values
from tests.fuzz.expressions import TYPES, Generator, Sql
from tests.jobspec.expressions import Expressions, Trapped
from tests.jobspec.jobs import ParquetJob, Program, result

CLOSINGS = ("aggregate", "limit", "distinct", "sort", "sample_rows", "stop_when", "none")
FLOAT_SUMS = ("sum", "avg")
"""What adds floats row by row: its last digits depend on the partition."""


@dataclass(slots=True)
class Report:
    """What a run found."""

    jobs: int = 0
    partitions: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    made: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)

    @property
    def uncovered(self) -> list[str]:
        wanted = {row.name for row in AGGREGATES.values()} | set(STEPS) - {"join"}
        return sorted(wanted - set(self.made))


def run(seed: int, jobs: int, *, stop_after: int = 10) -> Report:
    """Compare so many jobs with themselves in other partitions."""
    report = Report()
    with tempfile.TemporaryDirectory() as folder:
        while report.jobs < jobs and len(report.differences) < stop_after:
            number = report.jobs
            report.jobs += 1
            _job(Random(f"{seed}/{number}"), Path(folder), report, f"seed {seed}, job {number}")
    return report


class Writer:
    """Draws the steps of one job."""

    def __init__(self, rng: Random, rows: Sequence[tuple[Any, ...]], made: Counter[str]) -> None:
        self.rng = self._rng = rng
        self.written: list[dict[str, Any]] = []
        self._rows = rows
        self._made = made
        self._generator = Generator(rng)
        self.float_sums = False

    def steps(self) -> list[dict[str, Any]]:
        found = [self._row_wise() for _ in range(self._rng.choice([0, 1, 1, 2]))]
        closing = min(self._rng.choices(CLOSINGS, k=2), key=lambda name: self._made[name])
        self._made[closing] += 1
        found += self._closing(closing)
        for step in found:
            self._made.update(key for key in step if key in STEPS)
        self.written = found
        return found

    def _row_wise(self) -> dict[str, Any]:
        match self._rng.randrange(3):
            case 0:
                return {"filter": self._expression((ValueType.BOOL,)).ours}
            case 1:
                return {"sample": {"fraction": 0.5, "seed": self._rng.randrange(9)}}
        return {"derive": {f"e{self._rng.randrange(3)}": self._expression(TYPES).ours}}

    def _expression(self, types: Sequence[ValueType]) -> Sql:
        """An expression that traps in no row."""
        for _ in range(30):
            found = self._generator.expression(1)
            if found.type in types and found.type is not None:
                compiled = Expressions([found.ours], values.SCHEMA)
                if not any(isinstance(compiled.run(row)[0], Trapped) for row in self._rows):
                    return found
        columns = [column for column in values.SCHEMA if column.type in types]
        column = self._rng.choice(columns)
        return Sql(column.name, "", column.type)

    def _closing(self, closing: str) -> list[dict[str, Any]]:
        rng = self._rng
        match closing:
            case "aggregate":
                step: dict[str, Any] = {"aggregate": self._calls()}
                if rng.random() < 0.7:
                    step["by"] = self._columns(rng.choice([1, 1, 2]))
                return [step]
            case "limit":
                return [{"limit": rng.randrange(12)}]
            case "distinct":
                kept = self._columns(rng.choice([1, 2]))
                if rng.random() < 0.5:
                    return [{"distinct": kept}]
                return [{"select": kept}, {"distinct": True}]
            case "sort":
                orders = ("", " desc", " nulls first", " desc nulls last")
                keys = [name + rng.choice(orders) for name in self._columns(rng.choice([1, 2]))]
                return [{"sort": keys, "limit": 1 + rng.randrange(9)}]
            case "sample_rows":
                return [{"sample": {"rows": 1 + rng.randrange(9), "seed": 3}}]
            case "stop_when":
                return [{"stop_when": self._expression((ValueType.BOOL,)).ours}]
        renamed, dropped, *kept = self._columns(4)
        return [
            {"drop": [dropped]},
            {"rename": {renamed: "renamed"}},
            {"select": ["renamed", *kept]},
        ]

    def _columns(self, count: int) -> list[str]:
        return self._rng.sample([column.name for column in values.SCHEMA], count)

    def _calls(self) -> dict[str, str]:
        names = list(dict.fromkeys(row.name for row in AGGREGATES.values()))
        calls = {}
        for number in range(self._rng.choice([1, 2, 4])):
            self._rng.shuffle(names)
            name = min(names, key=lambda name: self._made[name])
            self._made[name] += 1
            calls[f"a{number}"] = self._call(AGGREGATES[name])
        return calls

    def _call(self, row: AggregateFunction) -> str:
        rng = self._rng
        if row.star and rng.random() < 0.3:
            return f"{row.name}(*)"
        arguments = []
        for takes in row.takes:
            fitting = [column for column in values.SCHEMA if takes.accepts(column.type)]
            column = rng.choice(fitting)
            arguments.append(column.name)
            if row.name in FLOAT_SUMS and column.type.is_float:
                self.float_sums = True
        if row.option is Option.SEPARATOR:
            arguments.append("', '")
        elif row.option is Option.FRACTION:
            arguments.append(rng.choice(["0.5", "0.99", "0"]))
        word = "DISTINCT " if row.distinct is not Distinct.REFUSED and rng.random() < 0.3 else ""
        call = f"{row.name}({word}{', '.join(arguments)})"
        return (
            f"{call} FILTER (WHERE {rng.choice(['flag', 'b', 'n > 0'])})"
            if rng.random() < 0.2
            else call
        )


def _job(rng: Random, folder: Path, report: Report, where: str) -> None:
    rows = [values.row(rng) for _ in range(rng.choice([0, 1, 7, 40]))]
    writer = Writer(rng, rows, report.made)
    steps = writer.steps()
    schema = arrow_schema(values.SCHEMA)
    columns = list(zip(*rows, strict=True)) or [()] * len(values.SCHEMA)
    arrays = [pa.array(column, kind.type) for column, kind in zip(columns, schema, strict=True)]
    try:
        ours = ParquetJob(folder, pa.table(arrays, schema=schema), *steps)
    except DocumentError as error:
        report.refused[error.problems[0].render()] += 1
        return
    try:
        _compare(ours, writer, report, where)
    except Exception as error:  # noqa: BLE001  (what is looked for)
        told = json.dumps(steps, ensure_ascii=False)
        report.differences.append(f"{where}\n  {told}\n  {type(error).__name__}: {error}")


def _compare(ours: ParquetJob, writer: Writer, report: Report, where: str) -> None:
    rng, steps = writer.rng, writer.written
    expected = _merged(ours, _outputs(ours, rng, [1 << 30]))
    for _ in range(3):
        report.partitions += 1
        sizes = [rng.choice([1, 2, 3, 5, 11]) for _ in range(60)]
        parts = _outputs(ours, rng, sizes)
        rng.shuffle(parts)
        parts.sort(key=lambda part: table_bytes.read_header(part).first_row)
        found = _merged(ours, parts)
        if not _same(found, expected, loosely=writer.float_sums):
            told = json.dumps(steps, ensure_ascii=False)
            report.differences.append(f"{where}\n  {told}\n  {found}\n  not {expected}")
            return


def _outputs(job: ParquetJob, rng: Random, sizes: Sequence[int]) -> list[bytes]:
    """The outputs of ranges of these sizes, as often as there are rows for them."""
    program = Program(job.job.wasm)
    found = []
    for chunk in job.ranges(sizes):
        if rng.random() < 0.3:
            program = Program(job.job.wasm)
        found += _parts(program, job, chunk, rng)
    return found


def _parts(program: Program, job: ParquetJob, chunk: bytes, rng: Random) -> list[bytes]:
    """The output of a chunk, or that of its first rows and those of the slices of the rest."""
    found = []
    program.input(chunk)
    left = 1
    while left > 0:
        left = program.step(rng.choice([1, 2, 7, 1 << 20]))
        if rng.random() < 0.3:
            output = program.output()
            if left > 0 and rng.random() < 0.5:
                found.append(output)
                done = output_rows_done(output)
                chunk = slice_chunk(job.job.plan, chunk, done, chunk_rows(chunk)[1] - done)
                program.input(chunk)
    assert left == 0, f"trap {left}"
    found.append(program.output())
    return found


def _merged(job: ParquetJob, outputs: Sequence[bytes]) -> list[Mapping[str, Any]]:
    return list(result(job.job, outputs))


def _same(found: Sequence[Any], expected: Sequence[Any], *, loosely: bool) -> bool:
    if not loosely:
        return repr(found) == repr(expected)
    return len(found) == len(expected) and all(
        _near(left, right)
        for one, other in zip(found, expected, strict=True)
        for left, right in zip(one.values(), other.values(), strict=True)
    )


def _near(left: Any, right: Any) -> bool:
    if isinstance(left, float) and isinstance(right, float) and math.isfinite(left - right):
        return math.isclose(left, right, rel_tol=1e-9, abs_tol=1e292)
    return repr(left) == repr(right)
