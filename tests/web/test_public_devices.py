"""No page and no answer of the hub tells more of a volunteer's device than its class."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from owc.factory import WebHub
from owc.services import completion, upkeep
from owc.services.hub import Hub
from owc.web import messages
from tests.web.conftest import DOCUMENT
from tests.web.test_volunteer_events import Socket

pytestmark = pytest.mark.redis

EXACT = {
    "cores": 3719,
    "memory_bytes": 9_876_543_211,
    "features": ["simd128", "telltale_feature"],
    "mobile": False,
    "score": 4321.987,
    "engine": "telltale engine",
    "engine_version": "15397531",
    "lacks": ["telltale_lack"],
    "gpu": "telltale/gpu",
    "connection": "telltale_net",
}
TELLTALES = ("telltale", "3719", "9876543211", "4321.98", "15397531")


@pytest.fixture(autouse=True)
def exchanging(web_hub: WebHub) -> Iterator[None]:
    """The task that serves what volunteers say."""
    task = web_hub.socketio.server.start_background_task(web_hub.volunteers.exchange.run)
    yield
    web_hub.volunteers.exchange.stop()
    task.join()


def test_nothing_public_knows_a_device(
    web_hub: WebHub, client: FlaskClient, post_job: Callable[..., Any], hub: Hub
) -> None:
    job_id = str(post_job(DOCUMENT).json["id"])
    completion.split(hub, job_id)
    upkeep.feed(hub)
    socket = Socket(web_hub)
    welcome = socket.hello(protocol=messages.PROTOCOL, capabilities=EXACT)
    offer = socket.lease()
    assert offer["job"]["id"] == job_id, "it is at work, and so on the job's page"
    seen = set()
    for rule in web_hub.app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.arguments - {"job_id", "volunteer_id"}:
            continue
        names = {"job_id": job_id, "volunteer_id": welcome["volunteer_id"]}
        path = rule.rule
        for name, value in names.items():
            path = path.replace(f"<{name}>", value)
        for accept in ("text/html", "application/json"):
            body = client.get(path, headers={"Accept": accept}).data
            seen.add(path)
            assert not [word for word in TELLTALES if word.encode() in body], path
    assert {"/list", f"/job/{job_id}", f"/job/{job_id}/sub-jobs"} <= seen
