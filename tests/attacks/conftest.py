"""One hub that is attacked by all, in a process of its own; and the parts of one in threads."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.attacks.hub import attacked
from tests.web.conftest import client, hub, post_job, settings, web_hub
from tests.web.served import ServedHub

__all__ = ["client", "hub", "post_job", "settings", "web_hub"]


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedHub]:
    """A hub whose limits of rates are out of the way."""
    with attacked(tmp_path_factory.mktemp("attacked") / "data") as hub:
        yield hub


@pytest.fixture
def still_serving(served: ServedHub) -> Iterator[ServedHub]:
    """The same; afterwards it is well and has logged no failure of its own."""
    yield served
    served.assert_well()
