"""A web hub in threads around real parts: SQLite, blobs, a Redis-protocol server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from redis import Redis

from owc.factory import WebHub, create_web_hub
from owc.queue import RedisServer
from owc.services.hub import Hub, open_hub
from owc.settings import Settings

DOCUMENT: dict[str, Any] = {
    "name": "Even squares",
    "source": {"range": {"n": [0, 1000]}},
    "steps": [
        {"derive": {"square": "n * n"}},
        {"filter": "square % 2 = 0"},
        {"aggregate": {"count": "count(*)", "total": "sum(square)"}},
    ],
    "split": {"rows": 100},
}
ANSWER = {"count": 500, "total": sum(n * n for n in range(0, 1000, 2))}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_folder=tmp_path / "data")


@pytest.fixture
def hub(
    settings: Settings, redis_server: RedisServer, make_database: Callable[[Settings], None]
) -> Hub:
    with Redis.from_url(redis_server.url) as connection:
        connection.flushall()
    make_database(settings)
    return open_hub(settings.with_changes(redis_url=redis_server.url))


@pytest.fixture
def web_hub(settings: Settings, hub: Hub) -> Iterator[WebHub]:
    """A hub of one machine, with nothing running beside the requests."""
    built = create_web_hub(settings, hub=hub)
    yield built
    built.close()


class BufferedClient(FlaskClient):
    """Reads each response to its end, so that no test leaves a file open."""

    def open(self, *args: Any, **more: Any) -> Any:
        return super().open(*args, **{"buffered": True, **more})


@pytest.fixture
def client(web_hub: WebHub) -> FlaskClient:
    web_hub.app.test_client_class = BufferedClient
    return web_hub.app.test_client()


@pytest.fixture
def post_job(client: FlaskClient) -> Callable[..., Any]:
    """Post a document (bytes or a value) as JSON, with more options for the test client."""

    def post(document: object = DOCUMENT, **more: Any) -> Any:
        data = document if isinstance(document, bytes) else json.dumps(document).encode()
        more = {"content_type": "application/json", **more}
        return client.post("/job", data=data, **more)

    return post
