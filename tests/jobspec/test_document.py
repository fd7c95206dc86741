"""Job documents: what is read, what is refused with which problem, and what hostile ones cost."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobspec.document import (
    JobDocument,
    document_schema,
    parse_document,
    read_document,
)
from jobspec.document_rules.keywords import MEMBERS, SOURCES
from jobspec.document_rules.keywords import STEPS as STEPS_OF_JOBS
from jobspec.document_sources import RangeSource
from jobspec.document_steps import AggregateStep
from jobspec.errors import DocumentError
from jobspec.limits import Limits
from jobspec.problems import CODES, Problem, ProblemList

RANGE = {"range": {"n": [1, 10]}}
FLIGHT = "def flight(n: i64) -> i64:\n    return n"


def document(**members: Any) -> dict[str, Any]:
    return {"name": "A job", "source": RANGE} | members


def raw(**members: Any) -> bytes:
    return json.dumps(document(**members)).encode()


def problems_of(data: bytes, limits: Limits | None = None) -> list[Problem]:
    try:
        parse_document(data, limits)
    except DocumentError as error:
        return list(error.problems)
    return []


def source(**members: Any) -> bytes:
    return json.dumps({"name": "A job", "source": members}).encode()


# --- what is read ---------------------------------------------------------------------------------


def test_document_is_read_with_its_defaults() -> None:
    job = parse_document(
        raw(
            functions={"flight": FLIGHT},
            steps=[{"derive": {"s": "flight(n)"}}, {"aggregate": {"m": "max(s)"}, "by": ["n"]}],
        )
    )
    assert isinstance(job.source, RangeSource)
    assert job.source.axes == (("n", range(1, 10)),)
    assert job.steps[-1] == AggregateStep(aggregate={"m": "max(s)"}, by=["n"])
    assert job.steps[-1].closing
    assert job.priority == 5
    assert job.output == ["csv", "ndjson", "parquet", "arrow"]


def test_canonical_text_reads_back_as_the_same_document() -> None:
    job = parse_document(raw(steps=[{"derive": {"z": "n", "a": "n + 1"}}, {"limit": 3}], about="é"))
    text = job.to_json()
    assert parse_document(text.encode()) == job
    assert parse_document(job.to_json(indent=2).encode()).to_json() == text
    assert '"z":"n","a":"n + 1"' in text, "the order of derived columns is theirs"
    assert "priority" not in text, "what was not given is not there"


def test_rows_may_lack_keys_and_hold_every_scalar() -> None:
    job = parse_document(source(rows=[{"a b": 1, "c": None}, {"c": "x"}, {"c": 2.5, "d": True}]))
    assert job.source.rows[0] == {"a b": 1, "c": None}


def test_byte_order_mark_is_no_problem() -> None:
    assert problems_of(b"\xef\xbb\xbf" + raw()) == []


def test_schema_describes_what_is_read() -> None:
    schema = document_schema()
    assert set(schema["required"]) == {"name", "source"}
    assert schema["additionalProperties"] is False
    assert set(schema["properties"]) == set(JobDocument.model_fields)
    assert json.loads(json.dumps(schema)) == schema


def test_every_part_of_the_schema_has_a_description() -> None:
    schema = document_schema()
    models = {"JobDocument": schema, **schema["$defs"]}
    assert [name for name, model in models.items() if not model.get("description")] == []
    lacking = [
        f"{name}.{key}"
        for name, model in models.items()
        for key, member in model.get("properties", {}).items()
        if not (member | models.get(member.get("$ref", "").rpartition("/")[2], {})).get(
            "description"
        )
    ]
    assert lacking == []


# --- what is refused ------------------------------------------------------------------------------

STEPS = {
    "unknown_key": [{"agregate": {"a": "max(n)"}}],
    "choose_one": [{"filter": "n > 1", "limit": 2}],
}
NPY = {"upload": "0" * 64, "format": "npy"}
REFUSED: list[tuple[str, str, bytes]] = [
    ("document_not_utf8", "", b'{"name": "\xff"}'),
    ("document_too_deep", "", b"[" * 33),
    ("json_syntax", "", b'{"name": "A", }'),
    ("json_syntax", "", b""),
    ("json_syntax", "", b"{} {}"),
    ("duplicate_key", "/name", b'{"name": "A", "name": "B", "source": {"range": {"n": [0, 1]}}}'),
    ("number_out_of_range", "/source/rows/0/a", b'{"name": "A", "source": {"rows": [{"a": NaN}]}}'),
    (
        "number_out_of_range",
        "/source/rows/0/a",
        b'{"name": "A","source": {"rows": [{"a": 1e999}]}}',
    ),
    ("number_out_of_range", "/source/rows/0/a", source(rows=[{"a": 2**64}])),
    ("number_out_of_range", "/source/rows/0/a", source(rows=[{"a": -(2**63) - 1}])),
    ("wrong_type", "", b"[1, 2]"),
    ("wrong_type", "/about", raw(about=["x"])),
    ("wrong_type", "/steps", raw(steps={})),
    ("wrong_type", "/steps/0", raw(steps=["filter"])),
    ("wrong_type", "/steps/0/limit", raw(steps=[{"limit": 1.5}])),
    ("wrong_type", "/steps/0/limit", raw(steps=[{"limit": True}])),
    ("wrong_type", "/source/rows/0/a", source(rows=[{"a": [1]}])),
    ("wrong_type", "/functions/f", raw(functions={"f": 1})),
    ("wrong_type", "/priority", raw(priority="high")),
    ("missing_key", "/name", json.dumps({"source": RANGE}).encode()),
    ("missing_key", "/source", b'{"name": "A"}'),
    ("missing_key", "/source/format", source(upload="0" * 64)),
    ("unknown_key", "/step", raw(step=[])),
    ("unknown_key", "/steps/0", raw(steps=STEPS["unknown_key"])),
    ("unknown_key", "/steps/0/having", raw(steps=[{"aggregate": {"a": "max(n)"}, "having": "a"}])),
    ("unknown_key", "/source/formatt", source(upload="0" * 64, format="csv", formatt=1)),
    ("unknown_key", "/requires/gpu", raw(requires={"gpu": True})),
    ("bad_value", "/name", raw(name=" ")),
    ("bad_value", "/name", raw(name="two\nlines")),
    ("bad_value", "/name", raw(name="\ud800")),
    ("bad_value", "/source/upload", source(upload="abc", format="csv")),
    ("bad_value", "/source/format", source(upload="0" * 64, format="xls")),
    ("bad_value", "/source/range/n", source(range={"n": [1]})),
    ("bad_value", "/source/range/n", source(range={"n": [5, 5]})),
    ("bad_value", "/source/range/n", source(range={"n": [1, 5, 0]})),
    ("bad_value", "/source/rows", source(rows=[])),
    ("bad_value", "/steps/0/limit", raw(steps=[{"limit": -1}])),
    ("bad_value", "/steps/0/select", raw(steps=[{"select": []}])),
    ("bad_value", "/steps/0/aggregate", raw(steps=[{"aggregate": {}}])),
    ("bad_value", "/steps/0/filter", raw(steps=[{"filter": ""}])),
    ("bad_value", "/split/rows", raw(split={"rows": 0})),
    ("bad_value", "/priority", raw(priority=10)),
    ("bad_value", "/requires/score", raw(requires={"score": 1e300})),
    ("bad_value", "/output/0", raw(output=["xml"])),
    ("number_out_of_range", "/source/range/n", source(range={"n": [0, 2**63]})),
    ("too_long", "/source/range/n", source(range={"n": [0, 10**15]})),
    ("too_long", "/about", raw(about="x" * 501)),
    ("too_long", "/steps", raw(steps=[{"filter": "n > 1"}] * 65)),
    ("too_long", "/steps/0/select", raw(steps=[{"select": [f"c{n}" for n in range(257)]}])),
    ("too_long", "/functions/f", raw(functions={"f": "#" * 20_001})),
    ("too_long", "/source/rows/0", source(rows=[{f"c{n}": 1 for n in range(257)}])),
    ("bad_name", "/steps/0/derive/a b", raw(steps=[{"derive": {"a b": "n"}}])),
    ("bad_name", "/steps/0/derive/1st", raw(steps=[{"derive": {"1st": "n"}}])),
    ("bad_name", "/steps/0/rename/n", raw(steps=[{"rename": {"n": "é"}}])),
    ("bad_name", "/source/range/", source(range={"": [0, 1]})),
    ("bad_name", "/source/rows/0/a\nb", source(rows=[{"a\nb": 1}])),
    ("duplicate_name", "/steps/0/select", raw(steps=[{"select": ["n", "n"]}])),
    ("duplicate_name", "/steps/0/rename", raw(steps=[{"rename": {"a": "c", "b": "c"}}])),
    (
        "duplicate_name",
        "/steps/0/by",
        raw(steps=[{"aggregate": {"a": "max(n)"}, "by": ["n", "n"]}]),
    ),
    ("unknown_type", "/source/columns/a", source(rows=[{"a": 1}], columns={"a": "int32"})),
    ("choose_one", "/steps/0", raw(steps=STEPS["choose_one"])),
    ("choose_one", "/steps/0", raw(steps=[{}])),
    ("choose_one", "/source", source()),
    ("choose_one", "/source", source(rows=[{"a": 1}], range={"n": [0, 1]})),
    ("step_order", "/steps/1", raw(steps=[{"limit": 1}, {"filter": "n > 1"}])),
    ("function_name", "/functions/max", raw(functions={"max": FLIGHT})),
    ("function_name", "/functions/Length", raw(functions={"Length": FLIGHT})),
    ("function_name", "/functions/case", raw(functions={"case": FLIGHT})),
    ("missing_key", "/source/format", source(url="https://example.org/a.csv")),
    ("bad_value", "/source/url", source(url="http://example.org/a.csv", format="csv")),
    ("bad_value", "/source/url", source(url="https://", format="csv")),
    ("bad_value", "/source/url", source(url="https://[::1", format="csv")),
    ("bad_value", "/source/url", source(url="https://example.org:port/", format="csv")),
    ("bad_value", "/source/url", source(url="https://me:secret@example.org/", format="csv")),
    ("bad_value", "/source/url", source(url="https://example.org/a b", format="csv")),
    ("bad_value", "/source/url", source(url="file:///etc/passwd", format="csv")),
    ("bad_value", "/source/sha256", source(url="https://a.org/", format="csv", sha256="1")),
    ("not_supported_yet", "/source", source(stream={"columns": {"x": "i64"}})),
    ("too_long", "/source/range", source(range={axis: [0, 2] for axis in "abcdefghi"})),
    ("too_long", "/source/range", source(range={"y": [0, 10**9], "x": [0, 10**9]})),
    ("choose_one", "/steps/0/sample", raw(steps=[{"sample": "n"}])),
    ("choose_one", "/steps/0/sample", raw(steps=[{"sample": {"fraction": 0.1, "rows": 1}}])),
    ("bad_value", "/steps/0/sample/fraction", raw(steps=[{"sample": 1.5}])),
    ("wrong_type", "/steps/0/distinct", raw(steps=[{"distinct": "n"}])),
    ("bad_value", "/steps/0/distinct", raw(steps=[{"distinct": []}])),
    ("bad_value", "/steps/0/sort/0", raw(steps=[{"sort": ["n downwards"], "limit": 1}])),
    ("missing_key", "/steps/0/limit", raw(steps=[{"sort": ["n"]}])),
    ("step_order", "/steps/1", raw(steps=[{"sample": {"rows": 3}}, {"filter": "n > 1"}])),
    ("step_order", "/finish/1", raw(finish=[{"limit": 1}, {"filter": "n > 1"}])),
    ("wrong_type", "/steps/0/stop_when", raw(steps=[{"stop_when": 3}])),
    ("missing_key", "/steps/0/join/on", raw(steps=[{"join": {"table": "t"}}])),
    ("unknown_key", "/finish/0", raw(finish=[{"soort": ["n"]}])),
    ("missing_key", "/trust", raw(trust={})),
    ("wrong_type", "/shared", raw(shared=[])),
    ("wrong_type", "/shared/m", raw(shared={"m": [1]})),
    ("choose_one", "/shared/m", raw(shared={"m": {}})),
    ("bad_name", "/shared/a b", raw(shared={"a b": {"values": [1]}})),
    ("unknown_key", "/shared/m/shape", raw(shared={"m": {"values": [1], "shape": [1]}})),
    ("unknown_key", "/shared/m", raw(shared={"m": {**NPY, "array": "x"}})),
    ("unknown_type", "/shared/m/type", raw(shared={"m": {"values": [1], "type": "double"}})),
    ("wrong_type", "/shared/m/values", raw(shared={"m": {"values": 1}})),
    ("bad_value", "/shared/m/values", raw(shared={"m": {"values": []}})),
    ("bad_value", "/shared/m/values", raw(shared={"m": {"values": [[]]}})),
    ("bad_value", "/shared/m/values", raw(shared={"m": {"values": [[1], [1, 2]]}})),
    ("bad_value", "/shared/m/values", raw(shared={"m": {"values": [[1], 2]}})),
    ("bad_value", "/shared/m/values", raw(shared={"m": {"values": [1, None]}})),
    ("bad_value", "/shared/m/values", raw(shared={"m": {"values": [[[1]]]}})),
    ("wrong_type", "/shared/m/array", raw(shared={"m": {**NPY, "format": "csv", "array": 1}})),
    ("wrong_type", "/shared/m/array", raw(shared={"m": {**NPY, "format": "csv", "array": []}})),
    ("bad_value", "/shared/m/rows", raw(shared={"m": {"rows": []}})),
    ("bad_value", "/shared/m/format", raw(shared={"m": {**NPY, "format": "npz"}})),
    ("duplicate_name", "/shared/f", raw(shared={"f": {"values": [1]}}, functions={"f": FLIGHT})),
    ("too_long", "/shared", raw(shared={f"m{n}": {"values": [1]} for n in range(65)})),
    ("unknown_key", "/source/array", source(upload="0" * 64, format="csv", array="x")),
    ("unknown_type", "/source/columns/a", source(rows=[{"a": 1}], columns={"a": "decimal(19,2)"})),
    ("unknown_key", "/plugins", raw(plugins=[])),
    ("missing_key", "/output/image/y", raw(output={"image": {"x": "n", "value": "n"}})),
    ("bad_value", "/output", raw(output=["npy"])),
    ("choose_one", "/split", raw(split={"rows": 10, "seconds": 1})),
    ("choose_one", "/split", raw(split={})),
    ("bad_value", "/split/seconds", raw(split={"seconds": 0})),
    ("bad_value", "/trust/replicas", raw(trust={"replicas": 0})),
    ("bad_value", "/trust/replicas", raw(trust={"replicas": 10})),
    ("wrong_type", "/trust/replicas", raw(trust={"replicas": True})),
    ("bad_value", "/trust", raw(trust={"replicas": 2, "quorum": 3})),
    ("bad_value", "/trust/spot_check", raw(trust={"spot_check": 1.5})),
    ("unknown_key", "/trust/replica", raw(trust={"replica": 2})),
    ("bad_value", "/output", raw(output=[])),
    ("duplicate_name", "/output", raw(output=["csv", "csv"])),
    ("wrong_type", "/deadline", raw(deadline=1_900_000_000)),
    ("bad_value", "/deadline", raw(deadline="tomorrow")),
    ("wrong_type", "/strategy", raw(strategy=["fastest"])),
    ("bad_value", "/strategy", raw(strategy="slowest")),
    ("wrong_type", "/on_error", raw(on_error=None)),
    ("wrong_type", "/category", raw(category=1)),
    ("bad_value", "/category", raw(category="alchemy")),
    ("bad_value", "/on_error", raw(on_error="ignore")),
    ("too_many_words", "", raw(steps=[{"derive": {"d": "n" + " + n" * 99}}] * 101)),
]


@pytest.mark.parametrize(("code", "pointer", "data"), REFUSED)
def test_problem_has_its_code_and_names_its_place(code: str, pointer: str, data: bytes) -> None:
    problems = problems_of(data)
    assert [(problem.code, problem.pointer) for problem in problems] == [(code, pointer)]
    assert problems[0].message


def test_every_code_of_the_documents_shape_is_provoked() -> None:
    codes = list(CODES)
    of_documents = set(codes[: codes.index("unknown_column")]) | {"unknown_type", "function_name"}
    elsewhere = {"document_too_large", "more_problems"}
    assert {code for code, _, _ in REFUSED} | elsewhere == of_documents


@pytest.mark.parametrize(
    ("members", "hint"),
    [
        ({"steps": {"filter": "n > 1"}}, 'write [{"filter": "..."}, ...]'),
        ({"steps": [{"filter": ["n > 1"]}]}, "AND joins several"),
        ({"steps": [{"derive": "z = n"}]}, 'write {"name": "an expression"}'),
        ({"steps": [{"derive": {"z": 1}}]}, "write the expression as a text"),
        ({"steps": [{"select": "n"}]}, 'write ["a", "b"]'),
        ({"steps": [{"aggregate": ["count(*)"]}]}, 'write {"name": "sum(x)"}'),
        ({"steps": [{"aggregate": {"c": "count(*)"}, "by": "n"}]}, 'write ["a", "b"]'),
        ({"steps": [{"rename": ["n", "m"]}]}, 'write {"old": "new"}'),
        ({"steps": [{"limit": "5"}]}, "write the number alone"),
        ({"steps": [{"where": "n > 1"}]}, "use 'filter'"),
        ({"steps": [{"group_by": ["n"]}]}, "use 'aggregate' with 'by'"),
        ({"source": {"range": [1, 10]}}, 'write {"n": [start, stop]}'),
        ({"source": {"range": {"n": 10}}}, "write [start, stop]"),
        ({"source": {"rows": [1]}}, 'write {"column": 1}'),
        ({"source": {"file": "x.csv"}}, "POST /upload"),
        ({"source": {"rows": [{"a": 1}], "columns": {"a": "int"}}}, "write 'i64'"),
        ({"functions": []}, 'write {"name": "def name(...): ..."}'),
        ({"functions": {"f": ["def f():"]}}, "as one text"),
        ({"output": "csv"}, 'write ["csv"]'),
    ],
)
def test_hint_shows_how_the_value_is_written(members: dict[str, Any], hint: str) -> None:
    (problem,) = problems_of(raw(**members))
    assert hint in problem.hint


def test_all_problems_are_reported_at_once() -> None:
    problems = problems_of(
        raw(
            about=1,
            priorty=3,
            steps=[{"filtr": "n > 1"}, {"limit": -1}, {"select": ["n"]}],
            trust={"quorums": 3},
        )
    )
    assert {problem.pointer for problem in problems} == {
        "/about",
        "/priorty",
        "/steps/0",
        "/steps/1/limit",
        "/steps/2",
        "/trust/quorums",
    }


@pytest.mark.parametrize(
    ("data", "hint"),
    [
        (raw(sauce=1), "did you mean 'source'?"),
        (raw(steps=[{"Filter": "n"}]), "did you mean 'filter'?"),
        (source(rows=[{"a": 1}], columns={"a": "integer64"}), "i64"),
        (source(upload="0" * 64, format="CSV"), "'csv'"),
        (raw(steps=[{"derive": {"a b": "n"}}]), "'a_b'"),
        (raw(steps=[{"limit": 1}, {"filter": "n > 1"}]), "before 'limit'"),
        (raw(finish=[{"sort": ["n"]}, {"limit": 3}]), "one step of both"),
        (raw(plugins=[]), "call their functions"),
        (raw(strategy="Fastest"), "did you mean 'fastest'?"),
        (raw(strategy="round-robin"), "did you mean 'round_robin'?"),
        (raw(strategy="closest"), "fastest, least_loaded, nearest, random, round_robin"),
        (raw(category="Medicine"), "did you mean 'medicine'?"),
        (raw(on_error="skipped"), "did you mean 'skip'?"),
        (raw(on_error=True), "one of: fail, skip"),
        (raw(onerror="skip"), "did you mean 'on_error'?"),
        (raw(dedline="2030-01-31T12:00:00Z"), "did you mean 'deadline'?"),
        (raw(timeout=60), "use 'deadline'"),
        (b"{'name': 1}", "double quotes"),
        (b'{"a": 1, }', "comma"),
        (b'{"a": 1 // x\n}', "no comments"),
        (b'{"a": [1', "ends too early"),
    ],
)
def test_hint_names_the_mend(data: bytes, hint: str) -> None:
    assert any(hint in problem.hint for problem in problems_of(data))


def test_json_errors_name_line_and_column() -> None:
    (problem,) = problems_of(b'{\n  "name": "A",\n  "source": oops\n}')
    assert (problem.line, problem.column) == (3, 13)
    (problem,) = problems_of(b'{\n"a": ' + b"[" * 40)
    assert (problem.line, problem.column) == (2, 37)


def test_expressions_after_a_bad_part_can_still_be_checked() -> None:
    problems = ProblemList()
    data = raw(priority=99, steps=[{"filter": "n > 1"}, {"nope": 1}, {"limit": 1}])
    parts = read_document(data, Limits(), problems)
    assert len(problems) == 2
    assert parts.document is None
    assert parts.source is not None
    assert [step and step.model_dump() for step in parts.steps] == [
        {"filter": "n > 1"},
        None,
        {"limit": 1},
    ]
    assert read_document(source(rows=[]), Limits(), ProblemList()).source is None


# --- what hostile documents cost ------------------------------------------------------------------


def _many_problems() -> dict[str, bytes]:
    bad_row = {f"c{n}": [] for n in range(50_000)}
    pairs = ",".join(f'"k{n // 2}":1' for n in range(60_000))
    return {
        "unknown keys": json.dumps(document() | {f"k{n}": 1 for n in range(50_000)}).encode(),
        "repeated keys": f'{{"name":"a","source":{{"rows":[{{{pairs}}}]}}}}'.encode(),
        "bad cells in a row": source(rows=[bad_row]),
        "bad rows": source(rows=[{"a": []}] * 80_000),
        "bad steps": raw(steps=[{"x": 1}] * 80_000),
        "long list": raw(steps=[{"select": [1] * 300_000}]),
        "long list of names": raw(steps=[{"select": ["n"] * 190_000}]),
        "brackets in a text": raw(about="[" * 900_000),
        "quotes": raw(about='"\\' * 200_000),
        "one long number": b'{"name":' + b"9" * 900_000 + b"}",
        "open quote": b'{"name":"' + b"[" * 900_000,
        "nesting": b'{"name":' * 100_000,
        "wide nesting": b"[" + b"[[]]," * 150_000,
        "spaces": b" " * 900_000,
    }


@pytest.mark.parametrize("kind", list(_many_problems()))
def test_hostile_document_is_refused_quickly(kind: str) -> None:
    started = time.monotonic()
    problems = problems_of(_many_problems()[kind])
    assert problems
    assert len(problems) <= 501
    assert time.monotonic() - started < 10, "a slow machine takes a second"


def test_document_past_the_limit_is_not_even_parsed() -> None:
    (problem,) = problems_of(b"[" * 10_000_000)
    assert problem.code == "document_too_large"


def test_report_ends_with_a_count_of_what_it_leaves_out() -> None:
    problems = ProblemList(most=3)
    for number in range(5):
        problems.add("bad_value", f"/{number}", "bad")
    assert [problem.code for problem in problems.all()] == ["bad_value"] * 3 + ["more_problems"]
    assert "2" in problems.all()[-1].message


KEYS = {*MEMBERS, *SOURCES, *STEPS_OF_JOBS, "format", "columns", "by", "n", "a", "sort", "url"}
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["n", "n > 1", "csv", "max(n)", "i64"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(sorted(KEYS)) | st.text(max_size=4),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(sorted(JobDocument.model_fields)), JSON) | JSON)
def test_any_json_is_read_or_refused(value: Any) -> None:
    problems = problems_of(json.dumps(value).encode())
    for problem in problems:
        json.dumps(problem.as_dict(), allow_nan=False).encode()


@settings(max_examples=300)
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode()))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    assert problems_of(data)


@settings(max_examples=200)
@given(st.data())
def test_document_with_a_byte_changed_is_read_or_refused(data: st.DataObject) -> None:
    text = bytearray(
        raw(steps=[{"derive": {"s": "n + 1"}}, {"aggregate": {"a": "max(s)"}, "by": ["n"]}])
    )
    for _ in range(data.draw(st.integers(1, 3))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    problems_of(bytes(text))


@pytest.mark.parametrize("member", ["about", "purpose", "contact", "licence"])
@pytest.mark.parametrize("hidden", ["\x00", "\x1b[2J", "\u202e"])
def test_words_hold_no_hidden_characters(member: str, hidden: str) -> None:
    assert not problems_of(raw(**{member: "two\r\nlines \u200f\u05d0"}))
    (problem,) = problems_of(raw(**{member: f"words {hidden}"}))
    assert (problem.code, problem.pointer) == ("bad_value", f"/{member}")


EVERY_STEP = [
    {"filter": "n > 1"},
    {"derive": {"m": "n + 1"}},
    {"rename": {"m": "k"}},
    {"select": ["n", "k"]},
    {"join": {"table": "t", "on": ["n"], "how": "left"}},
    {"drop": ["k"]},
    {"sample": 0.5},
]
CLOSINGS = [
    {"sample": {"rows": 3, "seed": 2}},
    {"aggregate": {"c": "count(*)"}, "by": ["n"]},
    {"distinct": True},
    {"distinct": ["n"]},
    {"sort": ["n desc nulls first"], "limit": 3},
    {"limit": 3},
    {"stop_when": "n = 3"},
]


@pytest.mark.parametrize("closing", CLOSINGS)
def test_a_document_with_every_step_survives_as_text(closing: dict[str, Any]) -> None:
    document = parse_document(
        raw(
            steps=[*EVERY_STEP, closing],
            finish=[{"sort": ["n"]}],
            shared={"t": {"rows": [{"n": 1}]}},
            trust={"verify": "n > 1"},
            deadline="2030-01-31T12:00:00.25+01:00",
            strategy="nearest",
            on_error="skip",
            output={"image": {"x": "n", "y": "n", "value": "n"}, "npy": {"value": "n"}},
        )
    )
    text = document.to_json()
    assert parse_document(text.encode()) == document
    assert parse_document(text.encode()).to_json() == text


def test_the_schema_knows_the_short_forms_of_steps() -> None:
    definitions = document_schema()["$defs"]
    sample = definitions["SampleStep"]["properties"]["sample"]
    assert {"exclusiveMinimum": 0, "maximum": 1, "type": "number"} in sample["anyOf"]
    on = definitions["Join"]["properties"]["on"]
    assert {"object", "array"} == {form["type"] for form in on["anyOf"]}
