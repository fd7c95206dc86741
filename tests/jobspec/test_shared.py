"""Shared inputs: what is loaded from documents and files, and what is refused."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobspec import check_document
from jobspec.document import read_document
from jobspec.limits import Limits
from jobspec.problems import Problem, ProblemList
from jobspec.shared import Shared, SharedArray, SharedTable, Unread
from jobspec.sources.npy import read_npy
from jobspec.sources.shared import load_shared
from jobspec.sources.source import BadSource
from jobspec.table_bytes import decode
from jobspec.types import Column, ValueType

from .jobs import SHA, computed, document, problems


class Uploads:
    """One file, which is every upload."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "upload"

    def load(
        self, shared: Mapping[str, object], data: bytes = b"", limits: Limits | None = None
    ) -> tuple[Shared, tuple[Problem, ...]]:
        self.path.write_bytes(data)
        problems = ProblemList()
        limits = limits or Limits()
        raw = document({"range": {"n": [0, 3]}}, shared=shared)
        parts = read_document(raw, limits, problems)
        assert not problems
        loaded = load_shared(parts.shared, lambda _: self.path, limits, problems)
        return loaded, problems.all()

    def array(self, given: Mapping[str, object], data: bytes = b"") -> SharedArray:
        loaded, problems = self.load({"m": given}, data)
        assert problems == ()
        found = loaded["m"]
        assert isinstance(found, SharedArray)
        return found

    def table(self, given: Mapping[str, object], data: bytes = b"") -> SharedTable:
        loaded, problems = self.load({"m": given}, data)
        assert problems == ()
        found = loaded["m"]
        assert isinstance(found, SharedTable)
        return found

    def problem(
        self, given: Mapping[str, object], data: bytes = b"", limits: Limits | None = None
    ) -> Problem:
        loaded, (problem,) = self.load({"m": given}, data, limits)
        assert loaded == {"m": Unread()}
        assert problem.pointer.startswith("/shared/m")
        return problem


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    return Uploads(tmp_path)


def npy(array: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


def file_of(file_format: str, **members: object) -> dict[str, object]:
    return {"upload": SHA, "format": file_format, **members}


# --- arrays in the document -----------------------------------------------------------------------


def test_values_make_an_array_of_the_type_that_holds_them_all(uploads: Uploads) -> None:
    for values, element, data in (
        ([1, 2], ValueType.I64, np.array([1, 2], "<i8")),
        ([1, 2.5], ValueType.F64, np.array([1, 2.5], "<f8")),
        ([True, False], ValueType.BOOL, np.array([1, 0], "u1")),
        ([2**63], ValueType.U64, np.array([2**63], "<u8")),
        ([[1, 2, 3], [4, 5, 6]], ValueType.I64, np.arange(1, 7, dtype="<i8")),
    ):
        array = uploads.array({"values": values})
        assert array.element is element
        assert array.shape == np.array(values).shape
        assert array.data == data.tobytes()


@pytest.mark.parametrize(
    ("values", "element", "expected"),
    [
        ([1, 2], "f32", np.array([1, 2], "<f4")),
        ([1, -2], "i8", np.array([1, -2], "i1")),
        (["2024-02-29"], "date", np.array([19782], "<i4")),
        (["1970-01-01 00:00:01"], "timestamp", np.array([1_000_000], "<i8")),
        (["1.50", 2], "decimal(9,2)", np.array([150, 200], "<i8")),
    ],
)
def test_the_type_of_values_can_be_stated(
    uploads: Uploads, values: list[object], element: str, expected: np.ndarray[Any, Any]
) -> None:
    array = uploads.array({"values": values, "type": element})
    assert array.element is ValueType(element)
    assert array.data == expected.tobytes()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"values": [[1, 2], [3, "x"]]}, "[1, 1]: a number stands before and a string here"),
        ({"values": [1, 300], "type": "u8"}, "[1]: 300 is not a value of type u8"),
        ({"values": ["a", "b"]}, "no elements of type string"),
    ],
)
def test_a_bad_element_is_a_problem_that_names_it(
    uploads: Uploads, given: dict[str, object], message: str
) -> None:
    problem = uploads.problem(given)
    assert problem.code == "type_mismatch"
    assert message in problem.message


# --- npy ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=np.int16),
        np.arange(6, dtype=">f8").reshape(2, 3),
        np.asfortranarray(np.arange(6, dtype=np.uint32).reshape(3, 2)),
        np.array([True, False]),
        np.array([[1.5]], np.float32),
    ],
    ids=lambda array: array.dtype.str,
)
def test_an_npy_file_is_an_array(uploads: Uploads, array: np.ndarray[Any, Any]) -> None:
    found = uploads.array(file_of("npy"), npy(array))
    assert found.shape == array.shape
    little = array.astype(array.dtype.newbyteorder("<"))
    assert found.data == little.tobytes()  # in C order, whatever the file's is
    assert found.element.bits == array.dtype.itemsize * 8


def test_times_and_half_floats_of_an_npy_file_are_converted(uploads: Uploads) -> None:
    days = np.array(["1970-01-02", "1969-12-31"], "M8[D]")
    assert uploads.array(file_of("npy"), npy(days)).data == np.array([1, -1], "<i4").tobytes()
    times = np.array(["1970-01-01T00:00:01"], "M8[ns]")
    found = uploads.array(file_of("npy"), npy(times))
    assert (found.element, found.data) == (ValueType.TIMESTAMP, np.array([10**6], "<i8").tobytes())
    half = uploads.array(file_of("npy"), npy(np.array([1.5], "f2")))
    assert (half.element, half.data) == (ValueType.F32, np.array([1.5], "<f4").tobytes())


def test_every_nan_of_an_array_is_the_same(uploads: Uploads) -> None:
    values = np.array([0xFFF8000000000001, 0x7FF0000000000001], "<u8").view("<f8")
    found = uploads.array(file_of("npy"), npy(values))
    assert found.data == np.array([0x7FF8000000000000] * 2, "<u8").tobytes()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not npy"),
        (b"PK\3\4", "not npy"),
        (npy(np.array(["x"])), "values of type '<U1'"),
        (npy(np.array([1j])), "values of type '<c16'"),
        (npy(np.array([(1, 2)], "i4, i4")), "values of type 'record'"),
        (npy(np.array(1.5)), "shape ()"),
        (npy(np.zeros((2, 2, 2))), "shape (2, 2, 2)"),
        (npy(np.zeros((0, 2))), "shape (0, 2)"),
        (npy(np.array([None, 1]), allow_pickle=True), "values of type '|O'"),
        (npy(np.zeros(8))[:-1], "ends 1 bytes too early"),
        (npy(np.zeros(8))[:60], "header is damaged"),
        (npy(np.zeros(8)).replace(b"(8,)", b"(,8)"), "shape (,8)"),
        (npy(np.zeros(8)).replace(b"(8,), }      ", b"(9 ** 9,), } "), "header is damaged"),
        (npy(np.zeros(8)).replace(b"(8,), }        ", b"(9999999999,), "), "79,999,999,992 bytes"),
        (npy(np.array(["NaT"], "M8[D]")), "no time"),
        (npy(np.array([2**40], "M8[s]")), "1 to 9999"),
        (npy(np.array([1], "M8[ns]")), "would lose data"),
    ],
)
def test_a_hostile_npy_file_is_a_problem(uploads: Uploads, data: bytes, message: str) -> None:
    assert message in uploads.problem(file_of("npy"), data).message


def test_a_truth_value_other_than_0_and_1_is_a_problem(uploads: Uploads) -> None:
    data = npy(np.array([True, True]))[:-1] + b"\7"
    assert "neither 0 nor 1" in uploads.problem(file_of("npy"), data).message


def test_no_damage_to_an_npy_file_does_more_than_raise(uploads: Uploads) -> None:
    numbers = random.Random(5)
    outcomes = set()
    for _ in range(500):
        data = bytearray(npy(np.arange(20, dtype=np.int32).reshape(4, 5)))
        for _ in range(numbers.randint(1, 3)):
            data[numbers.randrange(6, 90)] = numbers.choice(b" 0123456789()[],{}'<>|fiub:\xff\0")
        uploads.path.write_bytes(data)
        try:
            read_npy(uploads.path, 1 << 20)
        except BadSource as error:
            outcomes.add(error.code)
        else:
            outcomes.add("read")
    assert {"source_unreadable", "type_mismatch", "read"} <= outcomes


# --- files of columns -----------------------------------------------------------------------------


def test_columns_of_a_file_make_an_array(uploads: Uploads) -> None:
    text = b"x,y,name\n1,2,a\n3,4,b\n5,6,\n"
    one = uploads.array(file_of("csv", array="y"), text)
    assert (one.shape, one.data) == ((3,), np.array([2, 4, 6], "<i8").tobytes())
    two = uploads.array(file_of("csv", array=["y", "x"], columns={"x": "f32", "y": "f32"}), text)
    assert (two.element, two.shape) == (ValueType.F32, (3, 2))
    assert two.data == np.array([2, 1, 4, 3, 6, 5], "<f4").tobytes()


@pytest.mark.parametrize(
    ("array", "columns", "message"),
    [
        ("z", {}, "no column 'z'"),
        (["x", "name"], {}, "column 'name' is of type string, column 'x' of type i64"),
        ("name", {}, "no elements of type string"),
        ("y", {}, "column 'y' has NULLs"),
    ],
)
def test_columns_that_make_no_array_are_a_problem(
    uploads: Uploads, array: object, columns: dict[str, str], message: str
) -> None:
    problem = uploads.problem(file_of("csv", array=array), b"x,y,name\n1,2,a\n3,,b\n")
    assert message in problem.message


def test_a_file_without_array_is_a_table(uploads: Uploads) -> None:
    table = uploads.table(file_of("csv"), b"code,size\nDE,83\nFR,\n")
    assert table.schema == (
        Column("code", ValueType.STRING),
        Column("size", ValueType.I64, nullable=True),
    )
    assert table.batch.to_pylist() == [{"code": "DE", "size": 83}, {"code": "FR", "size": None}]
    assert decode(table.schema, table.data).equals(table.batch)


def test_rows_in_the_document_are_a_table(uploads: Uploads) -> None:
    rows = [{"code": "DE", "price": "1.50"}, {"code": "FR", "price": None}]
    table = uploads.table({"rows": rows, "columns": {"price": "decimal(5,2)"}})
    assert [str(column.type) for column in table.schema] == ["string", "decimal(5,2)"]
    assert table.batch.num_rows == 2


def test_columns_of_types_that_the_language_has_not_are_left_out(uploads: Uploads) -> None:
    file = io.BytesIO()
    pq.write_table(pa.table({"x": [1], "l": [[1]]}), file)
    assert uploads.table(file_of("parquet"), file.getvalue()).batch.schema.names == ["x"]


@pytest.mark.parametrize(
    ("given", "data", "pointer"),
    [
        (file_of("csv"), b"a,b\n1\n", "/shared/m"),
        (file_of("parquet"), b"PAR1", "/shared/m"),
        ({"rows": [{"a": 1}, {"a": "x"}]}, b"", "/shared/m/rows/1/a"),
        ({"rows": [{"a": 1}], "columns": {"b": "i64"}}, b"", "/shared/m/columns/b"),
    ],
)
def test_a_table_that_cannot_be_read_is_a_problem_at_its_place(
    uploads: Uploads, given: dict[str, object], data: bytes, pointer: str
) -> None:
    assert uploads.problem(given, data).pointer == pointer


def test_an_unknown_upload_is_a_problem_at_its_place() -> None:
    problems = ProblemList()
    raw = document({"range": {"n": [0, 3]}}, shared={"m": file_of("npy"), "t": file_of("csv")})
    parts = read_document(raw, Limits(), problems)
    assert set(load_shared(parts.shared, None, Limits(), problems).values()) == {Unread()}
    assert [problem.pointer for problem in problems] == ["/shared/m/upload", "/shared/t/upload"]


# --- limits ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "data"),
    [
        (file_of("npy"), npy(np.zeros(1001))),
        (file_of("csv", array="x"), b"x\n" + b"1\n" * 1001),
        (file_of("csv"), b"x\n" + b"1\n" * 1001),
        ({"values": [1] * 1001}, b""),
        ({"rows": [{"x": 1}] * 1001}, b""),
    ],
    ids=["npy", "columns", "table", "values", "rows"],
)
def test_more_bytes_than_the_limit_are_a_problem(
    uploads: Uploads, given: dict[str, object], data: bytes
) -> None:
    assert uploads.problem(given, data, Limits(shared_bytes=8000)).code == "too_long"


def test_the_limit_holds_for_all_shared_inputs_together(uploads: Uploads) -> None:
    given = {"values": [1] * 600}
    loaded, (problem,) = uploads.load({"a": given, "b": given}, limits=Limits(shared_bytes=8000))
    assert isinstance(loaded["a"], SharedArray)
    assert loaded["b"] == Unread()
    assert problem.pointer == "/shared/b"


def test_a_table_that_inflates_is_read_no_further_than_the_limit(uploads: Uploads) -> None:
    file = io.BytesIO()
    indices = pa.array(np.zeros(100_000, np.int32))
    strings = pa.DictionaryArray.from_arrays(indices, pa.array(["x" * 100_000]))
    pq.write_table(pa.table({"s": strings}), file)
    assert len(file.getvalue()) < 20_000
    assert uploads.problem(file_of("parquet"), file.getvalue()).code == "too_long"


# --- in the job -----------------------------------------------------------------------------------


def test_the_listing_says_what_is_shared_by_its_shape_and_sha256(uploads: Uploads) -> None:
    raw = document({"range": {"n": [0, 3]}}, shared={"m": {"values": [[1.5, 2]]}})
    job = check_document(raw)
    sha256 = uploads.array({"values": [[1.5, 2]]}).sha256
    assert job.listing.startswith(f"shared m: f64[1, 2], sha256 {sha256}\n")


PICK = """def pick(m: f64[:, :], i: i64) -> f64:
    total = 0.0
    for j in range(len(m[i])):
        total += m[i][j]
    return total"""


def test_a_program_computes_with_a_shared_array(uploads: Uploads) -> None:
    matrix = np.arange(6, dtype=np.float64).reshape(3, 2)
    uploads.path.write_bytes(npy(matrix))
    raw = document(
        {"range": {"n": [0, 3]}},
        {"derive": {"total": "pick(m, n)"}},
        shared={"m": file_of("npy")},
        functions={"pick": PICK},
    )
    job = check_document(raw, lambda _: uploads.path)
    assert [row["total"] for row in computed(job)] == [1, 5, 9]
    assert matrix.tobytes() in job.wasm


def test_an_input_that_cannot_be_read_is_one_problem_wherever_it_is_used() -> None:
    found = problems(
        {"range": {"n": [0, 3]}},
        {"derive": {"total": "pick(m, n)"}},
        {"join": {"table": "t", "on": {"n": "k"}}},
        {"filter": "k > total"},
        {"derive": {"x": "nope + 1"}},
        shared={"m": file_of("npy"), "t": file_of("csv")},
        functions={"pick": PICK},
    )
    assert [problem.pointer for problem in found][:2] == ["/shared/m/upload", "/shared/t/upload"]
    assert {problem.pointer for problem in found[2:]} <= {"/steps/3/derive/x"}


def test_the_largest_shared_array_is_compiled_and_read_in_time(uploads: Uploads) -> None:
    matrix = np.arange(2 << 20, dtype=np.float64).reshape(1024, 2048)
    uploads.path.write_bytes(npy(matrix))
    raw = document(
        {"range": {"n": [0, 3]}},
        {"derive": {"total": "pick(m, n)"}},
        shared={"m": file_of("npy")},
        functions={"pick": PICK},
    )
    job = check_document(raw, lambda _: uploads.path)
    assert len(job.wasm) > 16 << 20
    assert len(job.listing) < 10_000
    assert [row["total"] for row in computed(job)] == list(matrix[:3].sum(axis=1))


def test_a_document_with_shared_inputs_survives_as_text() -> None:
    shared = {"m": {"values": [[1, 2]], "type": "f32"}, "t": {"rows": [{"a": None}]}}
    raw = document({"range": {"n": [0, 3]}}, shared=shared)
    job = check_document(raw)
    assert json.loads(job.document.to_json())["shared"] == shared
