"""What a native volunteer fetches and sends by HTTP, of a hub that is away for a moment."""

from __future__ import annotations

import hashlib
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from owc.volunteer import hub_files
from owc.volunteer.hub_files import FetchError, HubFiles

OUTPUT = b"an output that is too large for the socket"
SHA256 = hashlib.sha256(OUTPUT).hexdigest()


class Door:
    """Answers with these statuses in turn, the last again and again; tells what came."""

    def __init__(self, statuses: tuple[int, ...]) -> None:
        self._statuses = list(statuses)
        self.came: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self._http = make_server("127.0.0.1", 0, Request.application(self._answer), threaded=True)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def _answer(self, request: Request) -> Response:
        body = request.get_data()
        status = self._statuses.pop(0) if len(self._statuses) > 1 else self._statuses[0]
        self.came.put((request.path, body))
        if request.method == "GET":
            return Response(OUTPUT, status)
        sha256 = hashlib.sha256(body).hexdigest()
        return Response(f'{{"sha256": "{sha256}", "token": "t"}}', status)


@contextmanager
def door(*statuses: int) -> Iterator[tuple[Door, HubFiles]]:
    opened = Door(statuses)
    files = HubFiles(opened.url)
    try:
        yield opened, files
    finally:
        files.close()
        opened.close()


@pytest.fixture
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_files, "PAUSES_SECONDS", (0.01,) * 3)


@pytest.mark.usefixtures("short_pauses")
@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_was_computed_is_sent_again_until_it_is_taken(status: int) -> None:
    with door(status, status, 200) as (hub, files):
        assert files.send_output(OUTPUT, "t") == SHA256
        assert list(hub.came.queue) == [("/volunteer/output", OUTPUT)] * 3


@pytest.mark.usefixtures("short_pauses")
def test_what_a_sub_job_needs_is_waited_for() -> None:
    with door(503, 200) as (_, files):
        assert files.blob("/blob/x", SHA256) == OUTPUT


@pytest.mark.usefixtures("short_pauses")
def test_a_hub_that_stays_away_is_given_up() -> None:
    with door(503) as (hub, files):
        with pytest.raises(FetchError, match="answered with 503"):
            files.send_output(OUTPUT, "t")
        assert hub.came.qsize() == 4


@pytest.mark.parametrize(
    ("status", "ask"),
    [
        (400, lambda files: files.send_output(OUTPUT, "t")),
        (404, lambda files: files.blob("/blob/x", SHA256)),
        (503, HubFiles.token),  # its caller comes again, and must not stand still meanwhile
        (503, HubFiles.has_open_jobs),
    ],
)
def test_nothing_else_is_asked_for_again(status: int, ask: Callable[[HubFiles], object]) -> None:
    with door(status) as (hub, files):
        with pytest.raises(FetchError, match=f"answered with {status}"):
            ask(files)
        assert hub.came.qsize() == 1


def test_nobody_waits_for_a_hub_whose_volunteer_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_files, "PAUSES_SECONDS", (3600.0,))
    with door(503) as (hub, files), ThreadPoolExecutor(1) as pool:
        sending = pool.submit(files.send_output, OUTPUT, "t")
        hub.came.get(timeout=30)
        files.close()
        with pytest.raises(FetchError):
            sending.result(30)
        assert hub.came.empty()
