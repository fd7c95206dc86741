"""The native volunteer: one Socket.IO connection, worker threads, one loop that decides.

Everything that happens (messages, finished sub-jobs, a lost connection) enters one queue, which
one thread empties; so there are no locks and no order to wonder about. wasmtime gives up Python's
global lock while a program runs, so threads use all cores. A lost connection is made again with
growing pauses, under the same identity, and results the hub has not acknowledged are sent again.
"""

from __future__ import annotations

import contextlib
import logging
import platform
import queue
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import socketio

from owc.services import benchmark
from owc.volunteer.desk import Assignment, Desk
from owc.volunteer.hub_files import FetchError, HubFiles
from owc.volunteer.ordered import OrderedClient
from owc.volunteer.packing import checkpoint_reports, result_reports
from owc.volunteer.work import StoppedError, Terms, run_sub_job

NAMESPACE = "/volunteer"
PROTOCOL = 2
_HUB_EVENTS = (
    "volunteer_welcome",
    "volunteer_refused",
    "volunteer_standing",
    "lease_offer",
    "lease_revoke",
    "result_ack",
    "work_available",
)
_FINAL_REFUSALS = frozenset({"unsupported_protocol", "replaced", "bad_message"})
_TICK_SECONDS = 0.2
_NEWS_AT_ONCE = 50
_ASK_AGAIN_SECONDS = 5.0
_ANSWER_SECONDS = 30.0
_LONGEST_PAUSE_SECONDS = 30.0

_BAD_STANDINGS = ("limited", "barred", "banned")

_logger = logging.getLogger("owc.volunteer")


class HubRefusedError(Exception):
    """The hub does not want this volunteer, and asking again would not help."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _News:
    """Something that happened: an event of the hub, or one of our own in angle brackets.

    `connection`: the number of the connection that it belongs to; None for a worker's.
    """

    name: str
    payload: Any = None
    connection: int | None = None


class Volunteer:
    """Computes for the hub at `url` with `workers` threads."""

    def __init__(self, url: str, *, workers: int) -> None:
        self._url = url
        self._desk = Desk(workers)
        self._files = HubFiles(url)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="sub-job")
        self._news: queue.Queue[_News] = queue.Queue()
        self._client: Any = None
        self._connection = 0
        self._token = ""
        self._volunteer_token: str | None = None
        self._inline_result_bytes = self._result_bytes = self._checkpoint_bytes = 0
        self._renew_seconds = 15.0
        self._renewed_at = 0.0
        self._asked_at: float | None = None  # a lease_request that is not answered yet
        self._waiting_since: float | None = None
        self._welcomed = False
        self._closing = False
        self._ready: list[tuple[Assignment, dict[str, Any]]] = []
        self._checkpoints: dict[
            str, tuple[Assignment, dict[str, Any]]
        ] = {}  # unsent, the last of each
        self.results_stored = 0

    def run(self, *, until_idle: bool = False) -> int:
        """Compute until interrupted, or until the hub has nothing left; returns results stored.

        Raises HubRefusedError.
        """
        pause = 0.5
        while True:
            try:
                self._connect()
                pause = 0.5
                if self._serve(until_idle=until_idle):
                    return self.results_stored
            except (FetchError, socketio.exceptions.ConnectionError) as error:
                _logger.warning("no connection to %s: %s", self._url, error)
            self._disconnect()
            time.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - spreads reconnections
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    def close(self) -> None:
        """Say goodbye, so that what is not done is given to others at once."""
        self._closing = True
        self._disconnect()
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._files.close()

    # The connection ----------------------------------------------------------------------------

    def _connect(self) -> None:
        if not self._token:
            self._token = self._files.token()
        self._connection += 1
        self._asked_at = self._waiting_since = None
        self._welcomed = False
        client = OrderedClient(reconnection=False, handle_sigint=False)
        for name in _HUB_EVENTS:
            client.on(name, self._listener(name), namespace=NAMESPACE)
        client.on("disconnect", self._listener("<lost>"), namespace=NAMESPACE)
        self._client = client
        client.connect(self._url, transports=["websocket"], namespaces=[NAMESPACE], wait_timeout=10)
        self._emit("volunteer_hello", self._hello())

    def _disconnect(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(Exception):
                client.disconnect()

    def _emit(self, event: str, message: dict[str, Any], callback: Any = None) -> None:
        try:
            self._client.emit(
                event, {"token": self._token, **message}, namespace=NAMESPACE, callback=callback
            )
        except socketio.exceptions.SocketIOError:
            self._listener("<lost>")()

    def _listener(self, name: str) -> Callable[..., None]:
        connection = self._connection

        def listen(payload: Any = None, *_: object) -> None:
            self._news.put(_News(name=name, payload=payload, connection=connection))

        return listen

    def _hello(self) -> dict[str, Any]:
        return {
            "protocol": PROTOCOL,
            "kind": "native",
            "volunteer_token": self._volunteer_token,
            "site": "",
            "lease_ids": self._desk.lease_ids()[:100],
            "capabilities": {
                "cores": self._desk.workers,
                "memory_bytes": 4 * 1024**3,
                "features": ["simd128"],
                "mobile": False,
                "score": benchmark.measure_score(),
                "engine": f"wasmtime {platform.system()} {platform.machine()}"[:120],
            },
        }

    # The loop ----------------------------------------------------------------------------------

    def _serve(self, *, until_idle: bool) -> bool:
        """Work until the connection is lost (False) or nothing is left to do (True)."""
        while True:
            for news in self._gather():
                if news.connection not in (None, self._connection):
                    continue
                if news.name == "<lost>":
                    return False
                self._handle(news)
            if not self._welcomed:
                continue
            finished = self._take_finished()
            self._start_work()
            self._report(finished)
            self._send_checkpoints()
            self._keep_leases()
            self._ask()
            if until_idle and self._is_idle():
                return True

    def _gather(self) -> Iterator[_News]:
        """What has happened, or nothing after a moment; results that end together go together."""
        with contextlib.suppress(queue.Empty):
            yield self._news.get(timeout=_TICK_SECONDS)
            for _ in range(_NEWS_AT_ONCE):
                yield self._news.get_nowait()

    def _handle(self, news: _News) -> None:
        payload = news.payload
        match news.name:
            case "volunteer_welcome":
                self._welcome(payload)
            case "volunteer_refused":
                self._refused(payload)
            case "volunteer_standing":
                self._stands(payload)
            case "lease_offer":
                self._asked_at = None
                taken = self._desk.take_offer(payload)
                self._waiting_since = None if taken else time.monotonic()
            case "lease_revoke":
                self._desk.revoke(payload["lease_id"], payload["sub_job_ids"])
            case "result_ack":
                self._acknowledged(payload)
            case "work_available":
                self._waiting_since = None
            case "<done>":
                self._ready.append(payload)
            case "<checkpoint>":
                self._checkpoints[payload[0].sub_job_id] = payload
            case "<gave up>":
                self._give_up(*payload)
            case "<renewed>" if payload:
                self._token = payload["token"]

    def _welcome(self, welcome: dict[str, Any]) -> None:
        self._token = welcome["token"]
        self._volunteer_token = welcome["volunteer_token"]
        self._inline_result_bytes = welcome["inline_result_bytes"]
        self._result_bytes = welcome["result_bytes"]
        self._checkpoint_bytes = welcome["checkpoint_bytes"]
        self._renew_seconds = welcome["renew_seconds"]
        self._renewed_at = time.monotonic()
        self._welcomed = True
        self._report(self._desk.unacknowledged())

    def _stands(self, standing: dict[str, Any]) -> None:
        # what its owner can do something about, and that it is over
        is_bad = standing["status"] in _BAD_STANDINGS
        _logger.log(logging.WARNING if is_bad else logging.INFO, "%s", standing["message"])

    def _refused(self, refusal: dict[str, Any]) -> None:
        code, message = refusal["code"], refusal["message"]
        if code in _FINAL_REFUSALS:
            raise HubRefusedError(f"the hub ended the connection: {message}")
        _logger.warning("the hub ended the connection: %s", message)
        self._token = ""  # ask for a new one; the identity stays

    def _acknowledged(self, ack: dict[str, Any]) -> None:
        for receipt in ack["results"]:
            if receipt["status"] == "stored":
                self.results_stored += 1
            elif receipt["status"] == "refused":
                _logger.warning("result refused: %s", receipt["message"])
        self._desk.acknowledge(receipt["sub_job_id"] for receipt in ack["results"])

    # Sub-jobs ----------------------------------------------------------------------------------

    def _start_work(self) -> None:
        while (assignment := self._desk.start_next()) is not None:
            self._pool.submit(self._work, assignment)

    def _work(self, assignment: Assignment) -> None:
        """Run one sub-job in a worker thread and say what came of it, whatever that is."""
        try:
            result = run_sub_job(
                assignment,
                self._files,
                terms=self._terms,
                is_wanted=lambda: not self._closing and self._desk.is_running(assignment),
                show=lambda checkpoint: self._news.put(
                    _News(name="<checkpoint>", payload=(assignment, checkpoint))
                ),
            )
        except StoppedError:
            return  # whoever stopped it knows
        except FetchError as error:
            self._news.put(_News(name="<gave up>", payload=(assignment, str(error))))
        except Exception as error:
            _logger.exception("sub-job %s failed", assignment.sub_job_id)
            reason = f"volunteer: {type(error).__name__}"
            self._news.put(_News(name="<gave up>", payload=(assignment, reason)))
        else:
            self._news.put(_News(name="<done>", payload=(assignment, result)))

    def _terms(self) -> Terms:
        return Terms(
            token=self._token,
            inline_result_bytes=self._inline_result_bytes,
            result_bytes=self._result_bytes,
            checkpoint_bytes=self._checkpoint_bytes,
        )

    def _give_up(self, assignment: Assignment, reason: str) -> None:
        if not self._desk.give_up(assignment):
            return
        _logger.warning("sub-job %s given back: %s", assignment.sub_job_id, reason)
        message = {
            "lease_id": assignment.lease_id,
            "sub_job_ids": [assignment.sub_job_id],
            "reason": reason[:500],
        }
        self._emit("lease_release", message)

    # Messages ----------------------------------------------------------------------------------

    def _take_finished(self) -> dict[str, list[dict[str, Any]]]:
        """Results of sub-jobs that are still ours, by lease; their workers are free again."""
        finished, self._ready = self._ready, []
        by_lease: dict[str, list[dict[str, Any]]] = {}
        for assignment, result in finished:
            if self._desk.finish(assignment, result):
                by_lease.setdefault(assignment.lease_id, []).append(result)
        return by_lease

    def _report(self, finished: dict[str, list[dict[str, Any]]]) -> None:
        """Send results, and ask for work with the last of them if there is room for some."""
        reports = [
            {"lease_id": lease_id, **report}
            for lease_id, results in finished.items()
            for report in result_reports(results)
        ]
        for index, report in enumerate(reports):
            wants = self._wants() if index == len(reports) - 1 else 0
            self._emit("result_report", {**report, "wants": wants})

    def _send_checkpoints(self) -> None:
        """Send the last one of each sub-job that still runs."""
        unsent, self._checkpoints = self._checkpoints, {}
        by_lease: dict[str, list[dict[str, Any]]] = {}
        for assignment, checkpoint in unsent.values():
            if self._desk.is_running(assignment):
                by_lease.setdefault(assignment.lease_id, []).append(checkpoint)
        for lease_id, checkpoints in by_lease.items():
            for report in checkpoint_reports(checkpoints):
                self._emit("checkpoint_report", {"lease_id": lease_id, **report})

    def _keep_leases(self) -> None:
        now = time.monotonic()
        if now - self._renewed_at < self._renew_seconds:
            return
        self._renewed_at = now
        leases = {"lease_ids": self._desk.lease_ids()[:100]}
        self._emit("lease_renew", leases, callback=self._listener("<renewed>"))

    def _ask(self) -> None:
        if wants := self._wants():
            self._emit("lease_request", {"sub_jobs": wants})

    def _wants(self) -> int:
        """How many sub-jobs to ask for now; whoever calls it asks for them."""
        now = time.monotonic()
        if self._asked_at is not None and now - self._asked_at < _ANSWER_SECONDS:
            return 0
        if self._waiting_since is not None and now - self._waiting_since < _ASK_AGAIN_SECONDS:
            return 0
        if not self._desk.wants_work:
            return 0
        self._asked_at = now
        return 4 * self._desk.workers

    def _is_idle(self) -> bool:
        if self._waiting_since is None or not self._desk.is_clear or self._ready:
            return False
        return not self._files.has_open_jobs()
