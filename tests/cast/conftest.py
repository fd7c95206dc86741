"""One served hub, with the rules of trust as they are by default, and one stage for all tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks.hub import AttackedHub, attacked
from tests.cast.company import Cast, Company
from tests.web.served import end

VARIABLES = {
    "OWC_GRACE_SECONDS": "1",  # for those who die
    "OWC_UPKEEP_SECONDS": "0.5",
}

STOP_SECONDS = 120
"""A hub that ends finishes what it has; on a busy machine that takes a while."""


@pytest.fixture(scope="session")
def hub(
    company: Company, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AttackedHub]:  # begun while the stage begins
    with attacked(tmp_path_factory.mktemp("cast") / "data", VARIABLES) as served:
        yield served
        assert served.process is not None
        end(served.process, STOP_SECONDS)


@pytest.fixture(scope="session")
def company() -> Iterator[Company]:
    company = Company()
    yield company
    company.close()


@pytest.fixture
def cast(company: Company, hub: AttackedHub, tmp_path: Path) -> Iterator[Cast]:
    """Nobody yet. Afterwards the hub is well, and has logged no failure of its own."""
    with Cast(company, hub, tmp_path / "cast") as entered:
        yield entered
    hub.assert_well()
