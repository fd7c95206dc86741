"""The wire messages: strict, bounded, and mirrored in static/."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from owc.assets import asset
from owc.web import messages, protocol_js

CAPABILITIES = {
    "cores": 4,
    "memory_bytes": 1 << 30,
    "features": ["simd128"],
    "mobile": False,
    "score": 1.5,
    "engine": "test",
}
HELLO = {
    "token": "t",
    "protocol": 1,
    "kind": "native",
    "volunteer_token": None,
    "site": "",
    "capabilities": CAPABILITIES,
    "lease_ids": [],
}


@pytest.mark.parametrize("name", protocol_js.files())
def test_javascript_of_the_wire_is_what_the_messages_generate(name: str) -> None:
    stored = asset("static") / name
    assert stored.read_text(encoding="utf-8") == protocol_js.files()[name], (
        "run: python -m owc.web.protocol_js"
    )


def test_every_message_is_documented() -> None:
    tables = (messages.VOLUNTEER_EVENTS, messages.HUB_EVENTS, messages.WATCH_EVENTS)
    for model in (model for table in tables for model in table.values()):
        assert model.__doc__, model


def test_a_good_hello_is_understood() -> None:
    hello = messages.VolunteerHello.model_validate(HELLO)
    assert hello.capabilities.cores == 4


@pytest.mark.parametrize(
    "change",
    [
        {"protocol": "1"},
        {"kind": "robot"},
        {"token": ""},
        {"token": "x" * 2000},
        {"surprise": 1},
        {"lease_ids": ["not an id"]},
        {"lease_ids": ["lease_1"] * 101},
        {"site": None},
        {"capabilities": {**CAPABILITIES, "cores": 0}},
        {"capabilities": {**CAPABILITIES, "score": float("nan")}},
        {"capabilities": {**CAPABILITIES, "features": ["a"] * 65}},
        {"capabilities": {**CAPABILITIES, "features": ["<b>"]}},
        {"capabilities": []},
    ],
)
def test_a_hello_that_does_not_fit_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        messages.VolunteerHello.model_validate({**HELLO, **change})


def test_binary_outputs_stay_binary_and_text_is_not_taken_for_them() -> None:
    result = {
        "sub_job_id": "sub_abc",
        "output_bytes": 2,
        "output_sha256": None,
        "rows_done": 3,
        "trap_site": None,
        "error": None,
        "elapsed_ms": 12.5,
    }
    report = {
        "token": "t",
        "lease_id": "lease_abc",
        "results": [result],
        "outputs": b"\x00\xff",
        "wants": 0,
    }
    assert messages.ResultReport.model_validate(report).outputs == b"\x00\xff"
    for change in ({"outputs": "text"}, {"wants": -1}, {"wants": 1001}, {"results": []}):
        with pytest.raises(ValidationError):
            messages.ResultReport.model_validate({**report, **change})
