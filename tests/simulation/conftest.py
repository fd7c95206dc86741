"""One stage for all runs of a test run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.simulation.parts import Stage


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.close()
