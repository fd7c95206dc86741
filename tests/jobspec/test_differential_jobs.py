"""Whole random jobs, compared with DuckDB and with themselves in other partitions."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobspec import table_bytes
from tests.jobspec.jobs import ParquetJob, Program, output, result

TYPES = {
    "i": pa.int64(),
    "j": pa.int64(),
    "k": pa.int8(),
    "u": pa.uint64(),
    "w": pa.uint16(),
    "f": pa.float64(),
    "g": pa.float32(),
    "b": pa.bool_(),
    "s": pa.string(),
    "t": pa.string(),
}
FLOATS = st.sampled_from([0.0, -0.0, 1.0, -1.5, 2.5, math.inf, -math.inf, math.nan]) | st.floats(
    -1e6, 1e6, width=32
)
CELLS: dict[str, st.SearchStrategy[object]] = {
    "i": st.integers(-5, 5),
    "j": st.integers(-(2**63), 2**63 - 1),
    "k": st.integers(-128, 127),
    "u": st.integers(0, 2**64 - 1),
    "w": st.integers(0, 3),
    "f": FLOATS,
    "g": FLOATS,
    "b": st.booleans(),
    "s": st.text("abé😀 ", max_size=4),
    "t": st.sampled_from(["", "x", "a longer string that is no inline string"]),
}
KINDS = dict(zip("ijkuwfgbst", "ijijiffbss", strict=True))
"""What is done with a column: i small integers, j large ones (no arithmetic), f, b, s."""

EXPRESSIONS = {
    "i": (
        "{i} + 3",
        "{i} * -2",
        "length({s})",
        "CASE WHEN {b} THEN {i} ELSE 7 END",
        "coalesce({i}, 0)",
        "CAST({b} AS BIGINT)",
    ),
    "f": ("{f} * 0.5", "{i} / 4", "coalesce({f}, {f})", "CASE WHEN {b} THEN {f} END"),
    "b": (
        "{i} > 1",
        "{f} <= {f}",
        "{s} = 'a'",
        "{b} AND {i} < 3",
        "NOT {b}",
        "{s} IS NULL",
        "{j} IS NOT NULL",
        "{j} > 1000",
        "{s} LIKE '%a%'",
        "{b} OR {f} > 0",
    ),
    "s": ("{s} || '!'", "substring({s}, 2, 2)", "coalesce({s}, 'none')"),
}
LOOKUP = [
    {"id": -2, "label": "minus two", "weight": 0.5},
    {"id": 0, "label": "zero", "weight": None},
    {"id": None, "label": "null", "weight": 1.0},
    {"id": 0, "label": None, "weight": 2.5},
    {"id": 3, "label": "three", "weight": -0.0},
    {"id": 2**40, "label": "large", "weight": 3.0},
]
"""A table for joins; two of its rows match 0, and one matches nothing."""

AGGREGATES = (
    "count(*)",
    "count({x})",
    "sum({i})",
    "sum({f})",
    "min({x})",
    "max({x})",
    "avg({i})",
    "avg({f})",
    "arg_min({x}, {y})",
    "arg_max({x}, {y})",
    "sum({i} * 1000000007)",
)


@dataclass
class RandomJob:
    """A job's steps, and the same in SQL."""

    table: pa.Table
    steps: list[dict[str, Any]]
    sql: str
    float_sums: bool


class Writer:
    """Draws steps and keeps the columns that exist, by kind."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.scope = dict(KINDS)
        self.steps: list[dict[str, Any]] = []
        # DuckDB computes with narrow integers in narrow integers, the job language in i64.
        wide = "CAST(k AS BIGINT) AS k, CAST(w AS BIGINT) AS w"
        self.sql = f"SELECT * REPLACE ({wide}), row_number() OVER () AS __row FROM source"
        self.float_sums = False

    def column(self, kinds: str) -> str | None:
        names = [name for name, kind in self.scope.items() if kind in kinds]
        return self.draw(st.sampled_from(names)) if names else None

    def expression(self, kind: str) -> str:
        template = self.draw(st.sampled_from(EXPRESSIONS[kind]))
        return self.filled(template) or {"i": "1", "f": "1e0", "b": "true", "s": "'x'"}[kind]

    def filled(self, template: str) -> str | None:
        text = template
        for kind in "ijfbsxy":
            while f"{{{kind}}}" in text:
                name = self.column({"x": "ijfbs", "y": "ijfbs"}.get(kind, kind))
                if name is None:
                    return None
                text = text.replace(f"{{{kind}}}", name, 1)
        return text

    def write(self) -> None:
        for _ in range(self.draw(st.integers(0, 4))):
            steps = [self.filter, self.derive, self.select, self.drop, self.join]
            self.draw(st.sampled_from(steps))()
            if self.draw(st.booleans()):
                self.rename()
        plain = [self.whole, self.limit, self.distinct, self.sort, self.stop_when]
        self.draw(st.sampled_from([*plain, self.total, self.group]))()

    def filter(self) -> None:
        condition = self.expression("b")
        self.steps.append({"filter": condition})
        self.sql = f"SELECT * FROM ({self.sql}) WHERE {condition}"

    def derive(self) -> None:
        kind = self.draw(st.sampled_from("ifbs"))
        name = self.draw(st.sampled_from(["n1", "n2", "i", "s"]))
        text = self.expression(kind)
        self.steps.append({"derive": {name: text}})
        if name in self.scope:
            self.sql = f"SELECT * REPLACE ({text} AS {name}) FROM ({self.sql})"
        else:
            self.sql = f"SELECT *, {text} AS {name} FROM ({self.sql})"
        self.scope[name] = kind

    def select(self) -> None:
        names = self.draw(st.lists(st.sampled_from(list(self.scope)), min_size=1, unique=True))
        self.steps.append({"select": names})
        self.scope = {name: self.scope[name] for name in names}
        self.sql = f"SELECT {', '.join(names)}, __row FROM ({self.sql})"

    def drop(self) -> None:
        names = self.draw(st.lists(st.sampled_from(list(self.scope)), min_size=1, unique=True))
        if len(names) == len(self.scope):
            return
        self.steps.append({"drop": names})
        self.scope = {name: kind for name, kind in self.scope.items() if name not in names}
        self.sql = f"SELECT {', '.join(self.scope)}, __row FROM ({self.sql})"

    def rename(self) -> None:
        old = self.draw(st.sampled_from(list(self.scope)))
        new = f"r{len(self.steps)}"
        self.steps.append({"rename": {old: new}})
        listed = ", ".join(f"{n} AS {new}" if n == old else n for n in self.scope)
        self.sql = f"SELECT {listed}, __row FROM ({self.sql})"
        self.scope = {new if n == old else n: kind for n, kind in self.scope.items()}

    def join(self) -> None:
        key = self.column("ij")
        if key is None or {"label", "weight"} & set(self.scope):
            return
        how = self.draw(st.sampled_from(["inner", "left"]))
        added = ["label"] if self.draw(st.booleans()) else ["label", "weight"]
        join = {"table": "lookup", "on": {key: "id"}, "how": how, "columns": added}
        self.steps.append({"join": join})
        mine = ", ".join(f"a.{name}" for name in self.scope)
        theirs = ", ".join(f"b.{name}" for name in added)
        self.sql = (
            f"SELECT {mine}, {theirs}, row_number() OVER (ORDER BY a.__row, b.place) AS __row"
            f" FROM ({self.sql}) a {how} JOIN lookup b ON a.{key} = b.id"
        )
        self.scope |= {name: {"label": "s", "weight": "f"}[name] for name in added}

    def stop_when(self) -> None:
        condition = self.expression("b")
        self.steps.append({"stop_when": condition})
        names = ", ".join(self.scope)
        self.sql = f"SELECT {names} FROM ({self.sql}) WHERE {condition} ORDER BY __row LIMIT 1"

    def distinct(self) -> None:
        columns = st.lists(st.sampled_from(list(self.scope)), min_size=1, max_size=3, unique=True)
        keys = self.draw(st.none() | columns)
        self.steps.append({"distinct": True if keys is None else keys})
        listed = ", ".join(keys or self.scope)
        first = f"row_number() OVER (PARTITION BY {listed} ORDER BY __row) = 1"
        self.sql = f"SELECT * FROM ({self.sql}) QUALIFY {first}"
        self.whole()

    def sort(self) -> None:
        keys = self.draw(
            st.lists(st.sampled_from(list(self.scope)), min_size=1, max_size=3, unique=True)
        )
        endings = ["", " desc", " nulls first", " DESC NULLS FIRST", " asc nulls last"]
        order = [key + self.draw(st.sampled_from(endings)) for key in keys]
        rows = self.draw(st.integers(0, 8))
        self.steps.append({"sort": order, "limit": rows})
        names = ", ".join(self.scope)
        self.sql = (
            f"SELECT {names} FROM ({self.sql}) ORDER BY {', '.join(order)}, __row LIMIT {rows}"
        )

    def whole(self) -> None:
        names = ", ".join(self.scope)
        self.sql = f"SELECT {names} FROM ({self.sql}) ORDER BY __row"

    def limit(self) -> None:
        rows = self.draw(st.integers(0, 12))
        self.steps.append({"limit": rows})
        self.whole()
        self.sql += f" LIMIT {rows}"

    def aggregates(self) -> dict[str, str]:
        found = {}
        for template in self.draw(st.lists(st.sampled_from(AGGREGATES), min_size=1, max_size=5)):
            text = self.filled(template)
            if text is not None:
                found[f"a{len(found)}"] = text
                self.float_sums |= template in {"sum({f})", "avg({f})"}
        return found or {"a0": "count(*)"}

    def total(self) -> None:
        calls = self.aggregates()
        self.steps.append({"aggregate": calls})
        listed = ", ".join(f"{text} AS {name}" for name, text in calls.items())
        self.sql = f"SELECT {listed} FROM ({self.sql} ORDER BY __row)"

    def group(self) -> None:
        calls = self.aggregates()
        by = self.draw(
            st.lists(st.sampled_from(list(self.scope)), min_size=1, max_size=3, unique=True)
        )
        self.steps.append({"aggregate": calls, "by": by})
        listed = ", ".join([*by, *(f"{text} AS {name}" for name, text in calls.items())])
        self.sql = (
            f"SELECT * EXCLUDE __first FROM (SELECT {listed}, min(__row) AS __first"
            f" FROM (SELECT * FROM ({self.sql}) ORDER BY __row) GROUP BY {', '.join(by)})"
            " ORDER BY __first"
        )


@st.composite
def jobs(draw: st.DrawFn) -> RandomJob:
    rows = draw(st.lists(st.fixed_dictionaries({n: st.none() | CELLS[n] for n in TYPES})))
    if draw(st.booleans()):  # no NULLs at all
        rows = [row for row in rows if None not in row.values()]
    table = pa.Table.from_pylist(rows, pa.schema(TYPES))
    writer = Writer(draw)
    writer.write()
    return RandomJob(table, writer.steps, writer.sql, writer.float_sums)


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("jobs")


def compiled_job(folder: Path, job: RandomJob) -> ParquetJob:
    needs_table = any("join" in step for step in job.steps)
    shared = {"shared": {"lookup": {"rows": LOOKUP}}} if needs_table else {}
    return ParquetJob(folder, job.table, *job.steps, **shared)


MANY = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@MANY
@given(job=jobs())
def test_a_job_gives_what_duckdb_gives(
    folder: Path, database: duckdb.DuckDBPyConnection, job: RandomJob
) -> None:
    ours = compiled_job(folder, job)
    found = result(ours.job, [output(ours.job, chunk) for chunk in ours.chunks(7)])
    database.register("source", job.table)
    lookup = pa.Table.from_pylist([row | {"place": n} for n, row in enumerate(LOOKUP)])
    database.register("lookup", lookup)
    expected = database.execute(job.sql)
    names = [column[0] for column in expected.description]
    rows = expected.fetchall()
    assert [column.name for column in ours.job.plan.result] == names
    assert [tuple(row.values()) for row in found] == [Near(row) for row in rows]


class Near(tuple):  # type: ignore[type-arg]  # of any values
    """A row that equals one whose floats differ in the last digits only."""

    def __eq__(self, other: object) -> bool:
        assert isinstance(other, tuple)
        return len(self) == len(other) and all(map(near, self, other))

    __hash__ = None  # type: ignore[assignment]  # it is not to be a key


def near(expected: Any, found: Any) -> bool:
    if isinstance(expected, float) and isinstance(found, float):
        if math.isnan(expected) or math.isnan(found):
            return math.isnan(expected) and math.isnan(found)
        return math.isclose(expected, found, rel_tol=1e-9, abs_tol=1e-6)
    return type(expected) is type(found) and bool(expected == found)


@MANY
@given(job=jobs(), data=st.data())
def test_any_partition_gives_the_same_result(
    folder: Path, job: RandomJob, data: st.DataObject
) -> None:
    ours = compiled_job(folder, job)
    whole = [output(ours.job, chunk) for chunk in ours.chunks()]
    rows = data.draw(st.integers(1, 6))
    parts = [output(ours.job, chunk, slice_rows=rows) for chunk in ours.chunks(rows)]
    arrived = data.draw(st.permutations(parts))
    in_order = sorted(arrived, key=lambda part: table_bytes.read_header(part).first_row)
    same = plain if job.float_sums else exact
    assert same(result(ours.job, in_order)) == same(result(ours.job, whole))


def exact(rows: list[dict[str, Any]]) -> str:
    return repr(rows)


def plain(rows: list[dict[str, Any]]) -> list[tuple[object, ...]]:
    return [
        tuple(
            None if isinstance(value, float) else value for value in row.values()
        )  # sums of floats differ in their last digits
        for row in rows
    ]


@MANY
@given(job=jobs(), slices=st.lists(st.integers(1, 5), min_size=1))
def test_output_is_valid_for_the_rows_done_after_any_step(
    folder: Path, job: RandomJob, slices: list[int]
) -> None:
    """And asking for it changes nothing: the end is bit-equal to a run in one step."""
    ours = compiled_job(folder, job)
    program = Program(ours.job.wasm)
    for chunk in ours.chunks():
        batch = table_bytes.decode(ours.job.plan.source, chunk)
        program.input(chunk)
        left = batch.num_rows
        for rows in [*slices, batch.num_rows]:
            left = program.step(rows)
            assert left >= 0
            done = table_bytes.read_header(program.output()).rows_done
            assert done == batch.num_rows - left
            before = table_bytes.encode(ours.job.plan.source, batch.slice(0, done), first_row=0)
            assert program.output() == program.output()
            assert table_bytes.decode(ours.job.plan.partial, program.output()).equals(
                table_bytes.decode(ours.job.plan.partial, output(ours.job, before))
            ) or has_nan(program.output(), ours)
        assert left == 0
        assert program.output() == output(ours.job, chunk)


def has_nan(data: bytes, ours: ParquetJob) -> bool:
    batch = table_bytes.decode(ours.job.plan.partial, data)
    return any(
        isinstance(value, float) and math.isnan(value)
        for column in batch.columns
        for value in column.to_pylist()
    )
