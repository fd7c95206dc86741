"""What a document asks about how it is run: until when, by whom first, what of bad rows."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from jobspec import DocumentError, Problem, compile_job, document_schema, parse_document


def raw(**members: Any) -> bytes:
    return json.dumps({"name": "A job", "source": {"range": {"n": [1, 10]}}, **members}).encode()


def problems_of(data: bytes) -> list[Problem]:
    with pytest.raises(DocumentError) as raised:
        parse_document(data)
    return list(raised.value.problems)


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("2030-01-31T12:00:00Z", "2030-01-31T12:00:00+00:00"),
        ("2030-01-31T12:00:00+00:00", "2030-01-31T12:00:00+00:00"),
        ("2030-01-31 12:00+05:30", "2030-01-31T06:30:00+00:00"),
        ("2030-01-31t23:59:59.123456z", "2030-01-31T23:59:59.123456+00:00"),
        ("2030-12-31T23:00:00-02:00", "2031-01-01T01:00:00+00:00"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59+00:00"),
        ("0001-01-01T00:00Z", "0001-01-01T00:00:00+00:00"),
    ],
)
def test_a_deadline_is_a_time_in_utc(given: str, read: str) -> None:
    job = parse_document(raw(deadline=given))
    assert job.deadline == datetime.fromisoformat(read)
    assert job.deadline.utcoffset() == timedelta(0)
    assert parse_document(job.to_json().encode()).deadline == job.deadline


@drawn(st.datetimes(timezones=st.timezones()))
def test_every_aware_time_is_read_or_has_no_year_in_utc(time: datetime) -> None:
    seconds = (time.utcoffset() or timedelta(0)).total_seconds()
    if seconds % 60:
        return  # an offset as they were before there was a standard time
    try:
        expected = time.astimezone(UTC)
    except OverflowError:
        (problem,) = problems_of(raw(deadline=time.isoformat()))
        assert "is not in the years 1 to 9999" in problem.message
        return
    assert parse_document(raw(deadline=time.isoformat())).deadline == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("2030-01-31", "is not a time"),
        ("2030-01-31Z", "is not a time"),
        ("12:00:00Z", "is not a time"),
        ("2030-01-31T12Z", "is not a time"),
        ("20300131T120000Z", "is not a time"),
        ("2030-W05-4T12:00:00Z", "is not a time"),
        ("2030-01-31T24:00:00Z", "is not a time"),
        ("2030-01-31T12:00:00.1234567Z", "is not a time"),
        ("12030-01-31T12:00:00Z", "is not a time"),
        ("2030-02-30T12:00:00Z", "day"),
        ("2030-01-31T12:60:00Z", "minute"),
        ("2030-01-31T12:00:60Z", "second"),
        ("2030-01-31T12:00:00+24:00", "is not a time"),
        ("0000-01-31T12:00:00Z", "year"),
        ("2030-01-31T12:00:00", "in which time zone"),
        ("2030-01-31T12:00:00 CET", "is not a time"),
        ("0001-01-01T00:00:00+01:00", "is not in the years 1 to 9999"),
        ("9999-12-31T23:59:59-01:00", "is not in the years 1 to 9999"),
        ("٢٠٣٠-01-31T12:00:00Z", "is not a time"),
        ("2030-01-31T12:00:00Z" + " " * 2000, "is not a time"),
    ],
)
def test_what_is_no_deadline_says_why_and_how_it_is_written(given: str, message: str) -> None:
    (problem,) = problems_of(raw(deadline=given))
    assert (problem.code, problem.pointer) == ("bad_value", "/deadline")
    assert message in problem.message
    assert "2030-01-31T12:00:00Z" in problem.hint


def test_the_wishes_of_a_job_have_defaults() -> None:
    job = parse_document(raw())
    assert (job.deadline, job.strategy, job.on_error) == (None, None, "fail")
    job = parse_document(raw(deadline=None, strategy=None))
    assert (job.deadline, job.strategy) == (None, None)


def test_the_schema_lists_what_may_be_wished_for() -> None:
    members = document_schema()["properties"]
    assert members["on_error"]["enum"] == ["fail", "skip"]
    strategies = ["fastest", "least_loaded", "round_robin", "random", "nearest"]
    assert members["strategy"]["anyOf"] == [
        {"enum": strategies, "type": "string"},
        {"type": "null"},
    ]
    deadline = members["deadline"]["anyOf"]
    assert deadline == [{"type": "string", "format": "date-time"}, {"type": "null"}]


def test_what_is_wished_for_does_not_change_the_program() -> None:
    plain = compile_job(parse_document(raw()))
    wished = compile_job(
        parse_document(
            raw(
                deadline="2030-01-31T12:00:00Z",
                strategy="random",
                on_error="skip",
                priority=9,
                split={"rows": 2},
            )
        )
    )
    assert wished.wasm == plain.wasm
    assert wished.plan == plain.plan


def test_what_is_required_of_volunteers_is_what_the_program_needs_and_the_job_asks() -> None:
    needs = compile_job(parse_document(raw())).plan.requirement
    assert (needs.score, needs.mobile) == (0, True)
    wanted = {"score": 12.5, "memory_bytes": needs.memory_bytes + 1, "mobile": False}
    asked = compile_job(parse_document(raw(requires=wanted))).plan.requirement
    assert (asked.score, asked.mobile) == (12.5, False)
    assert asked.memory_bytes == needs.memory_bytes + 1
    less = compile_job(parse_document(raw(requires={"memory_bytes": 1}))).plan.requirement
    assert less.memory_bytes == needs.memory_bytes
