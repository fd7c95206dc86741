"""Documents to programs: what is refused and where, and what a compiled job promises."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import jobspec
from jobspec import (
    CompilerError,
    DocumentError,
    Limits,
    ProgramPlan,
    check_document,
    range_chunk,
)
from jobspec import compiler as compiler_module
from jobspec.ir import STANDARD_TRAPS
from tests.jobspec.jobs import (
    SHA,
    ParquetJob,
    compiled,
    computed,
    document,
    output,
    problems,
    result,
)

RANGE = {"range": {"n": [0, 10]}}
ROWS = {"rows": [{"a": 1, "b": 2.5, "s": "x"}, {"a": None, "b": 0.5, "s": "y"}]}


@pytest.mark.parametrize(
    ("steps", "code", "pointer"),
    [
        ([{"filter": "c > 1"}], "unknown_column", "/steps/0/filter"),
        ([{"filter": "a"}], "type_mismatch", "/steps/0/filter"),
        ([{"derive": {"x": "a +"}}], "sql_syntax", "/steps/0/derive/x"),
        ([{"derive": {"x": "s * 2"}}], "type_mismatch", "/steps/0/derive/x"),
        ([{"select": ["a", "aa"]}], "unknown_column", "/steps/0/select/1"),
        ([{"drop": ["z"]}], "unknown_column", "/steps/0/drop/0"),
        ([{"drop": ["a", "b", "s"]}], "bad_value", "/steps/0/drop"),
        ([{"rename": {"z": "y"}}], "unknown_column", "/steps/0/rename/z"),
        ([{"rename": {"a": "b"}}], "duplicate_name", "/steps/0/rename/a"),
        ([{"drop": ["a"]}, {"filter": "a > 1"}], "unknown_column", "/steps/1/filter"),
        ([{"aggregate": {"x": "a + 1"}}], "not_an_aggregate", "/steps/0/aggregate/x"),
        ([{"aggregate": {"x": "sum(s)"}}], "type_mismatch", "/steps/0/aggregate/x"),
        ([{"aggregate": {"x": "sum(a)"}, "by": ["z"]}], "unknown_column", "/steps/0/by/0"),
        ([{"aggregate": {"s": "sum(a)"}, "by": ["s"]}], "duplicate_name", "/steps/0/aggregate/s"),
        ([{"filter": "sum(a) > 1"}], "aggregate_misplaced", "/steps/0/filter"),
        ([{"filter": "flight(a) > 1"}], "unknown_function", "/steps/0/filter"),
    ],
)
def test_a_step_that_cannot_be_is_a_problem_at_its_place(
    steps: list[dict[str, object]], code: str, pointer: str
) -> None:
    (problem,) = problems(ROWS, *steps)
    assert (problem.code, problem.pointer) == (code, pointer)


def test_problems_of_every_part_are_collected() -> None:
    found = problems(
        {"rows": [{"a": 1}, {"a": "x"}]},
        {"filter": "b > 1"},
        {"derive": {"x": "1 +"}},
        {"aggregate": {"n": "median(2)"}},
        functions={"f": "def f(n: i64) -> i64:\n    return m"},
    )
    assert {problem.pointer for problem in found} == {
        "/source/rows/1/a",
        "/steps/0/filter",
        "/steps/1/derive/x",
        "/functions/f",
        "/steps/2/aggregate/n",
    }


def test_a_column_with_a_problem_is_reported_once() -> None:
    (problem,) = problems(
        ROWS,
        {"derive": {"x": "nope + 1"}},
        {"filter": "x > 2"},
        {"derive": {"y": "x * x"}},
        {"aggregate": {"m": "max(y)"}, "by": ["x"]},
    )
    assert problem.pointer == "/steps/0/derive/x"


def test_a_type_that_the_language_has_not_matters_only_where_it_is_used(tmp_path: Path) -> None:
    table = pa.table({"when": pa.array([1, 2], pa.time32("s")), "n": [1, 2]})
    ParquetJob(tmp_path, table, {"filter": "n > 1"}, {"drop": ["when"]})
    ParquetJob(tmp_path, table, {"rename": {"when": "day"}}, {"aggregate": {"c": "count(*)"}})
    for step, pointer in (
        ({"filter": "n > 1"}, "/source"),
        ({"derive": {"day": "day"}}, "/steps/1/derive/day"),
        ({"aggregate": {"m": "max(day)"}}, "/steps/1/aggregate/m"),
        ({"aggregate": {"m": "max(n)"}, "by": ["day"]}, "/steps/1/by/0"),
    ):
        with pytest.raises(DocumentError) as caught:
            ParquetJob(tmp_path, table, {"rename": {"when": "day"}}, step)
        (problem,) = caught.value.problems
        assert (problem.code, problem.pointer) == ("not_supported_yet", pointer)
        assert "time32" in problem.message
        assert "source.columns" in problem.hint


@pytest.mark.parametrize(
    ("values", "declared", "hint"),
    [
        (pa.array([[1], None]), None, "each part a column"),
        (pa.array([[1], None]), "string", "each part a column"),
        (pa.array([{"a": 1}, None]), "string", "each part a column"),
        (pa.array([1, None], pa.time64("us")), "f64", "cannot become f64"),
        (pa.array([1, None]), "date", "cannot become date"),
    ],
)
def test_a_column_that_cannot_have_its_type_is_a_problem_with_the_mend(
    tmp_path: Path, values: pa.Array, declared: str | None, hint: str
) -> None:
    path = tmp_path / "table.parquet"
    pq.write_table(pa.table({"c": values, "n": [1, 2]}), path)
    source = {"upload": SHA, "format": "parquet"}
    if declared is not None:
        source["columns"] = {"c": declared}
    check_document(document(source, {"select": ["n"]}), lambda _: path)
    with pytest.raises(DocumentError) as caught:
        check_document(document(source, {"derive": {"d": "c"}}, {"select": ["d"]}), lambda _: path)
    assert [hint in problem.hint for problem in caught.value.problems] == [True]


def test_a_source_without_a_column_that_can_be_read_is_a_problem(tmp_path: Path) -> None:
    table = pa.table({"when": pa.array([1, 2], pa.time32("s"))})
    with pytest.raises(DocumentError, match="no column of a type that the language has"):
        ParquetJob(tmp_path, table, {"aggregate": {"n": "count(*)"}})


def test_only_columns_that_matter_are_read(tmp_path: Path) -> None:
    table = pa.table({name: pa.array([1, 2], pa.int64()) for name in "abcdef"})
    job = ParquetJob(
        tmp_path,
        table,
        {"filter": "a > 0"},
        {"derive": {"unused": "b + 1", "x": "c + 1"}},
        {"rename": {"x": "y"}},
        {"aggregate": {"sum": "sum(y)"}, "by": ["d"]},
    ).job
    assert [column.name for column in job.plan.source] == ["a", "c", "d"]


def test_rows_can_be_counted_without_reading_a_value(tmp_path: Path) -> None:
    table = pa.table({"s": ["x", "y", "z"], "n": pa.array([1, 2, 3], pa.int8())})
    job = ParquetJob(tmp_path, table, {"aggregate": {"n": "count(*)"}})
    assert [column.name for column in job.job.plan.source] == ["n"]
    assert len(job.chunks()) == 1


def test_what_is_computed_but_never_used_cannot_trap() -> None:
    job = compiled(RANGE, {"derive": {"x": "1 // n"}}, {"select": ["n"]}, {"limit": 2})
    assert computed(job) == [{"n": 0}, {"n": 1}]


def test_the_same_document_gives_the_same_bytes() -> None:
    steps: tuple[dict[str, object], ...] = (
        {"derive": {"c": "a * 2", "d": "s || 'x'"}},
        {"aggregate": {"n": "count(*)", "m": "min(d)"}, "by": ["c", "s"]},
    )
    first, second = (compiled(ROWS, *steps) for _ in range(2))
    assert first.wasm == second.wasm
    assert first.program_sha256 == second.program_sha256
    assert first.listing == second.listing


def test_a_plan_survives_as_json(tmp_path: Path) -> None:
    table = pa.table({"a": [1], "s": ["x"]})
    jobs = [
        compiled(RANGE, {"derive": {"x": "10 // n"}}),
        compiled(ROWS, {"limit": 3}, requires={"mobile": False, "score": 2.5}),
        ParquetJob(
            tmp_path, table, {"aggregate": {"n": "arg_max(s, a)", "v": "avg(a)"}, "by": ["s"]}
        ).job,
    ]
    for job in jobs:
        assert ProgramPlan.from_json(job.plan.to_json()) == job.plan
    assert jobs[1].plan.requirement.score == 2.5
    assert not jobs[1].plan.requirement.mobile
    codes = [site.code for site in jobs[0].plan.traps]
    assert codes[len(STANDARD_TRAPS) :] == ["division_by_zero"]
    assert [job.plan.rows for job in jobs] == [10, 2, 1]


@pytest.mark.parametrize("text", ["", "{}", "null", '{"language": 1}', "[" * 1000])
def test_text_that_is_no_plan_is_refused(text: str) -> None:
    with pytest.raises(jobspec.JobspecError, match="not a program's plan"):
        ProgramPlan.from_json(text)


def test_a_mistake_of_the_compiler_is_never_the_researchers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("oops")

    monkeypatch.setattr(compiler_module, "build", broken)
    with pytest.raises(CompilerError, match="KeyError: 'oops'"):
        compiled(RANGE)


def test_malformed_json_is_a_document_error() -> None:
    with pytest.raises(DocumentError) as caught:
        check_document(b'{"name": ')
    assert caught.value.problems[0].code == "json_syntax"


def test_too_many_result_columns_are_a_problem() -> None:
    steps = [{"derive": {f"c{n}": "n" for n in range(start, start + 150)}} for start in (0, 150)]
    assert [problem.code for problem in problems(RANGE, *steps)] == ["program_too_large"]


def _powers(count: int) -> str:
    return "def f(n: i64) -> i64:\n" + "    n += n ** 1023\n" * count + "    return n"


def _wide(expression: str, count: int) -> list[dict[str, object]]:
    derived = {f"c{number}": expression for number in range(count)}
    return [
        {"derive": derived},
        {"aggregate": {f"m{number}": f"max(c{number})" for number in range(count)}},
    ]


DEAREST = {
    "sums": _wide("least(" + ", ".join(["n + n"] * 240) + ")", 20),
    "texts": _wide("concat(" + ", ".join(["n"] * 480) + ")", 20),
    "divisions": _wide("coalesce(" + ", ".join(["n // n"] * 150) + ")", 20),
    "patterns": _wide(" OR ".join(["CAST(n AS string) LIKE '1%_2'"] * 76), 20),
    "branches": _wide("CASE " + "WHEN n > 1 THEN n " * 160 + "END", 20),
    "powers": _wide("f(n)", 1),
}


@pytest.mark.parametrize("kind", list(DEAREST))
def test_the_dearest_documents_compile_in_seconds_to_what_engines_take(kind: str) -> None:
    functions = {"f": _powers(1050)} if kind == "powers" else {}
    started = time.process_time()
    job = compiled(RANGE, *DEAREST[kind], functions=functions)
    assert time.process_time() - started < 6, "a slow machine takes two"
    assert len(job.wasm) < 1 << 19
    started = time.process_time()
    output(job, range_chunk(job.plan, 1, 9))
    assert time.process_time() - started < 20, "a slow machine takes four"


@pytest.mark.parametrize(
    "pattern",
    ["regexp_matches(s, '{}')", "s SIMILAR TO '{}'", "s ~ '{}'", "\"regexp_extract\"(s, '{}')"],
)
def test_patterns_count_as_many_words_however_they_are_written(pattern: str) -> None:
    texts = {f"d{number}": pattern.format(f"(a|b)*x.{{7}}{number}") for number in range(60)}
    started = time.process_time()
    (problem,) = problems(RANGE, {"derive": {"s": "CAST(n AS string)"}}, {"derive": texts})
    assert problem.code == "too_many_words"
    assert time.process_time() - started < 2


def test_bits_turned_over_in_functions_are_no_patterns() -> None:
    turned = "def turned(n: i64) -> i64:\n    return " + "^".join(["~n"] * 60)
    assert not problems(RANGE, {"derive": {"m": "turned(n)"}}, functions={"turned": turned})


def test_a_document_of_more_words_than_the_limit_is_not_compiled() -> None:
    started = time.process_time()
    steps = [{"derive": {f"c{n}": "n + n + n" for n in range(200)}}] * 60
    (problem,) = problems(RANGE, *steps)
    assert problem.code == "too_many_words"
    assert "60,000 names, numbers and signs" in problem.message
    assert time.process_time() - started < 2
    limits = Limits(words=8)
    for steps, functions in (
        ([{"filter": "n > 1 AND n < 5 AND n <> 3"}], {}),
        ([], {"f": _powers(1)}),
    ):
        with pytest.raises(DocumentError) as caught:
            check_document(document(RANGE, *steps, functions=functions), limits=limits)
        assert [problem.code for problem in caught.value.problems] == ["too_many_words"]


def test_a_job_without_steps_gives_its_source() -> None:
    assert computed(compiled(ROWS)) == ROWS["rows"]
    assert computed(compiled({"range": {"n": [5, -5, -3]}})) == [
        {"n": 5},
        {"n": 2},
        {"n": -1},
        {"n": -4},
    ]


def test_columns_of_one_derive_see_those_before_them() -> None:
    job = compiled(RANGE, {"derive": {"a": "n + 1", "b": "a * a"}}, {"filter": "b = 9"})
    assert computed(job, rows=3) == [{"n": 2, "a": 3, "b": 9}]


def test_names_can_be_swapped() -> None:
    job = compiled(ROWS, {"rename": {"a": "b", "b": "a"}}, {"limit": 1})
    assert computed(job) == [{"b": 1, "a": 2.5, "s": "x"}]


def test_odd_names_of_columns_are_carried() -> None:
    rows = {"rows": [{'a "b", c': 1, "ñ 😀": 2}]}
    job = compiled(rows, {"filter": '"a ""b"", c" = 1'}, {"aggregate": {"n": "count(*)"}})
    assert computed(job) == [{"n": 1}]
    assert computed(compiled(rows)) == rows["rows"]


def test_no_rows_have_a_result() -> None:
    total = {"aggregate": {"n": "count(*)", "s": "sum(n)", "m": "max(n)", "a": "avg(n)"}}
    nothing = {"n": 0, "s": None, "m": None, "a": None}
    for job, expected in (
        (compiled(RANGE, {"filter": "n < 0"}, total), [nothing]),
        (compiled(RANGE, {"derive": {"k": "n"}}, {"filter": "n < 0"}, {**total, "by": ["k"]}), []),
        (compiled(RANGE, {"filter": "n < 0"}), []),
    ):
        assert computed(job) == expected
        assert result(job, []) == expected
        assert result(job, [output(job, range_chunk(job.plan, 0, 0))]) == expected


def test_limits_are_kept_by_the_program() -> None:
    job = check_document(document(RANGE), limits=Limits(memory_bytes=1 << 20))
    assert job.plan.requirement.memory_bytes == 1 << 20


def test_public_names_are_listed_sorted() -> None:
    assert set(jobspec.__all__) <= set(dir(jobspec))
    classes = [name for name in jobspec.__all__ if name[0].isupper()]
    assert classes == sorted(classes, key=lambda name: (not name.isupper(), name))
    functions = [name for name in jobspec.__all__ if name[0].islower()]
    assert functions == sorted(functions)


def test_the_json_schema_is_json() -> None:
    assert json.loads(json.dumps(jobspec.document_schema()))["title"] == "Open Web Compute job"


def test_problems_behind_a_bad_source_and_a_bad_step_are_reported_too() -> None:
    document = {
        "name": "x",
        "source": {"range": {"n": [1]}},
        "functions": {"f": "def f(a: i64) -> i64:\n    return b"},
        "steps": [
            {"filter": "n +"},
            {"sample": "some"},
            {"derive": {"k": "zzz(", "m": "1 + 'a'"}},
            {"select": ["k", "unseen"]},
            {"derive": {"z": "other"}},
        ],
    }
    with pytest.raises(DocumentError) as caught:
        check_document(json.dumps(document).encode())
    assert [(problem.code, problem.pointer) for problem in caught.value.problems] == [
        ("bad_value", "/source/range/n"),
        ("choose_one", "/steps/1/sample"),
        ("unknown_variable", "/functions/f"),
        ("sql_syntax", "/steps/0/filter"),
        ("sql_syntax", "/steps/2/derive/k"),
        ("type_mismatch", "/steps/2/derive/m"),
        ("unknown_column", "/steps/4/derive/z"),
    ]
