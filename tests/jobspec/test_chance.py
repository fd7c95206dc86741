"""random(), encrypt() and hash(): the same in every run and partition, others in other rows."""

from __future__ import annotations

import hashlib
import struct
from typing import Any

import pytest

from jobspec.plugins import plugins
from tests.jobspec.expressions import evaluate
from tests.jobspec.jobs import compiled, computed, problems
from tests.jobspec.test_plugin_kernels import xxh64

KEY = "a key of thirty-two bytes, so..."
RANGE = {"range": {"n": [0, 300]}}
DRAW = {"derive": {"x": "random()", "y": "random()"}}


def drawn(source: object = RANGE, *steps: Any, rows: int = 1 << 30, **members: Any) -> list[Any]:
    return computed(compiled(source, *(steps or (DRAW,)), **members), rows)


def test_any_partition_draws_the_same_numbers() -> None:
    whole = drawn()
    assert drawn(rows=7) == whole
    assert drawn(rows=1) == whole


def test_rows_and_calls_draw_different_numbers() -> None:
    rows = drawn()
    numbers = [row[name] for row in rows for name in ("x", "y")]
    assert len(set(numbers)) == len(numbers)
    assert all(0 <= number < 1 for number in numbers)
    assert 0.4 < sum(numbers) / len(numbers) < 0.6


def test_a_row_draws_by_its_number_in_the_source_not_by_how_many_are_left() -> None:
    steps = ({"filter": "n % 3 = 1"}, {"derive": {"x": "random()"}})
    assert drawn(RANGE, *steps, rows=7) == drawn(RANGE, *steps)


def test_rows_that_a_join_makes_of_one_draw_different_numbers_and_nonces() -> None:
    shared = {"t": {"rows": [{"k": at % 5, "v": at} for at in range(20)]}}
    join = {"join": {"table": "t", "on": {"m": "k"}}}
    again = {"join": {"table": "u", "on": {"m": "k"}}}
    shared["u"] = {"rows": [{"k": at % 5, "w": at} for at in range(10)]}
    steps = (
        {"derive": {"m": "n % 6", "before": "random()"}},
        join,
        {"derive": {"x": "random()", "hidden": f"encrypt('secret', '{KEY}')"}},
        again,
        {"derive": {"y": "random()"}},
    )
    rows = drawn({"range": {"n": [0, 60]}}, *steps, shared=shared)
    assert len(rows) == 50 * 4 * 2
    assert len({row["y"] for row in rows}) == len(rows)
    assert len({row["x"] for row in rows}) == len(rows) // 2
    assert len({row["before"] for row in rows}) == 50
    assert len({bytes(row["hidden"])[:24] for row in rows}) == len(rows) // 2
    assert drawn({"range": {"n": [0, 60]}}, *steps, shared=shared, rows=7) == rows


def test_other_jobs_draw_other_numbers_but_words_about_a_job_do_not_matter() -> None:
    whole = drawn()
    described = drawn(about="Numbers.", priority=9, split={"rows": 10}, output=["csv"])
    assert described == whole
    longer = drawn({"range": {"n": [0, 301]}})
    assert not {row["x"] for row in longer} & {row["x"] for row in whole}


def test_a_condition_on_chance_is_true_or_false_and_not_both() -> None:
    rows = drawn(RANGE, {"derive": {"low": "random() < 0.5"}}, {"derive": {"high": "NOT low"}})
    assert all(row["low"] is not row["high"] for row in rows)
    assert 100 < sum(row["low"] for row in rows) < 200


def test_a_job_without_chance_does_not_depend_on_its_document() -> None:
    one = compiled(RANGE, {"derive": {"x": "n + 1"}})
    other = compiled({"range": {"n": [0, 301]}}, {"derive": {"x": "n + 1"}})
    assert one.program_sha256 == other.program_sha256


def test_what_a_job_encrypts_is_shown_again_and_no_nonce_is_used_twice() -> None:
    steps = {
        "derive": {
            "hidden": f"encrypt('secret', '{KEY}')",
            "again": f"encrypt('secret', '{KEY}')",
            "same": f"md5(decrypt(hidden, '{KEY}')) = md5('secret')",
        }
    }
    rows = drawn(RANGE, steps, rows=11)
    assert all(row["same"] for row in rows)
    nonces = {bytes(row[name])[:24] for row in rows for name in ("hidden", "again")}
    assert len(nonces) == 600
    decrypt = plugins()["decrypt"].reference
    assert {decrypt(bytes(row["again"]), KEY) for row in rows} == {b"secret"}


def test_encryption_is_that_of_the_reference() -> None:
    job = compiled(RANGE, {"derive": {"hidden": f"encrypt('secret', '{KEY}')"}})
    text = job.document.model_dump_json(exclude_unset=True, include={"source", "steps"})
    low, high = struct.unpack_from("<2Q", hashlib.sha256(text.encode()).digest())
    place = f"/steps/0/derive/hidden {0}".encode()
    call = int.from_bytes(hashlib.blake2b(place, digest_size=8).digest(), "little")
    encrypt = plugins()["encrypt"].reference
    for row in computed(job):
        assert bytes(row["hidden"]) == encrypt((low, high), row["n"], call, "secret", KEY)


# --- hash -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "content"),
    [
        ("'abc'", b"abc"),
        ("''", b""),
        ("'é😀'", "é😀".encode()),
        (
            "'a text that is longer than thirty-two bytes'",
            b"a text that is longer than thirty-two bytes",
        ),
        ("1", struct.pack("<q", 1)),
        ("CAST(-1 AS i8)", struct.pack("<q", -1)),
        ("CAST(200 AS u8)", struct.pack("<q", 200)),
        ("CAST(18446744073709551615 AS u64)", b"\xff" * 8),
        ("true", struct.pack("<q", 1)),
        ("CAST(1.5 AS f32)", struct.pack("<d", 1.5)),
        ("CAST('-0.0' AS f64)", struct.pack("<d", 0.0)),
        ("CAST(12.34 AS decimal(4,2))", struct.pack("<q", 1234)),
        ("DATE '1969-12-31'", struct.pack("<q", -1)),
        ("TIMESTAMP '1970-01-01 00:00:01'", struct.pack("<q", 1_000_000)),
    ],
)
def test_hash_is_xxh64_of_the_values_bytes(expression: str, content: bytes) -> None:
    assert evaluate(f"hash({expression})") == xxh64(content, 0)
    assert evaluate(f"hash(7, {expression})") == xxh64(content, xxh64(struct.pack("<q", 7), 0))
    assert evaluate(f"hash({expression}, NULL)") is None


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("random(1)", "wrong_argument_count"),
        ("encrypt('a')", "wrong_argument_count"),
        ("encrypt(1, 'k')", "type_mismatch"),
        ("decrypt('text', 'k')", "type_mismatch"),
        ("hash()", "wrong_argument_count"),
    ],
)
def test_a_wrong_call_is_a_problem(expression: str, code: str) -> None:
    assert [one.code for one in problems(RANGE, {"derive": {"x": expression}})] == [code]
