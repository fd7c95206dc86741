"""What is told of devices in public is a few classes; a newcomer's speed is its score's."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from owc.domain.coarse import device_of
from owc.domain.matching import MEGABYTE, Capabilities, capabilities_from
from owc.domain.sizing import FASTEST, SLOWEST, first_speed

some_capabilities = st.builds(
    Capabilities,
    cores=st.integers(1, 4096),
    memory_bytes=st.integers(0, 2**40),
    mobile=st.booleans(),
    score=st.floats(0, 1e6),
    engine=st.text(max_size=120),
    engine_version=st.sampled_from(["", "153", "26"]),
    lacks=st.frozensets(st.sampled_from(["webgpu", "battery"])),
    gpu=st.sampled_from([None, "nvidia/ada", "apple/metal-3"]),
    connection=st.sampled_from([None, "wifi", "4g"]),
)


@pytest.mark.parametrize(
    ("kind", "capabilities", "speed", "words"),
    [
        (
            "browser",
            Capabilities(cores=7, memory_bytes=8192 * MEGABYTE, engine="gecko", gpu="intel/xe"),
            1.2,
            ("computer", "gecko", "4 to 7", "4 GB or more", "about as fast as the hub"),
        ),
        (
            "browser",
            Capabilities(cores=1, memory_bytes=512 * MEGABYTE, engine="webkit", mobile=True),
            0.3,
            ("phone", "webkit", "1", "below 1 GB", "slower than the hub"),
        ),
        (
            "native",
            Capabilities(cores=64, memory_bytes=2048 * MEGABYTE, engine="wasmtime Linux x86_64"),
            2.0,
            ("native", "wasmtime", "16 or more", "1 to 4 GB", "faster than the hub"),
        ),
        (
            "browser",
            Capabilities(cores=3, engine="My own engine 1.2.3"),
            1.0,
            ("computer", "other", "2 to 3", "below 1 GB", "about as fast as the hub"),
        ),
    ],
)
def test_a_device_is_told_in_classes(
    kind: str, capabilities: Capabilities, speed: float, words: tuple[str, ...]
) -> None:
    told = device_of(kind, capabilities, speed=speed)
    assert (told.kind, told.engine, told.cores, told.memory, told.speed) == words


@given(some_capabilities, st.sampled_from(["browser", "native"]), st.floats(0, 100))
def test_there_are_few_devices_whatever_volunteers_say(
    capabilities: Capabilities, kind: str, speed: float
) -> None:
    told = device_of(kind, capabilities, speed=speed)
    kinds = ("phone", "computer", "native")
    engines = ("blink", "gecko", "webkit", "wasmtime", "other")
    assert (told.kind, told.engine) in set(product(kinds, engines))
    assert told.cores in {"1", "2 to 3", "4 to 7", "8 to 15", "16 or more"}


@given(some_capabilities)
def test_capabilities_are_stored_and_read_back(capabilities: Capabilities) -> None:
    assert capabilities_from(capabilities.to_json()) == capabilities


def test_capabilities_that_an_older_hub_stored_are_read() -> None:
    stored = {"cores": 2, "memory_bytes": 1, "features": ["simd128"], "mobile": False}
    assert capabilities_from({**stored, "score": 1.0, "engine": "blink"}).lacks == frozenset()


@pytest.mark.parametrize(
    ("score", "hub_score", "speed"),
    [
        (3000, 3000, 1.0),
        (1500, 3000, 0.5),
        (6000, 3000, 2.0),
        (0, 3000, 1.0),
        (3000, 0, 1.0),
        (1e12, 3000, FASTEST),
        (1e-9, 3000, SLOWEST),
    ],
)
def test_a_newcomer_is_as_fast_as_its_score_within_bounds(
    score: float, hub_score: float, speed: float
) -> None:
    assert first_speed(score, hub_score=hub_score) == speed
