"""What the tests of the hub and of its web share: one real Redis-protocol server a run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from owc.queue import RedisServer, start_server


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = start_server(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()
