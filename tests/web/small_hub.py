"""As much of a hub as a volunteer needs: one lease of a test's own, and an ear for what comes."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import socketio
from werkzeug.serving import make_server

from owc.services.values import LeaseOffer
from owc.web import messages, packing

NAMESPACE = messages.VOLUNTEER_NAMESPACE


class SmallHub:
    """Welcomes a volunteer, offers it `offer` once, acknowledges all, and tells what was said.

    Everything that a volunteer says has to fit the definitions of messages.
    """

    def __init__(self, offer: LeaseOffer, program: bytes, **terms: int) -> None:
        self._offers = [packing.offer_message(offer)]
        self._program = program
        self._terms = {"inline_result_bytes": 65_536, "result_bytes": 1 << 20} | terms
        self._said: queue.Queue[messages.Message] = queue.Queue()
        self._server = socketio.Server(async_mode="threading", namespaces=[NAMESPACE])
        for name in messages.VOLUNTEER_EVENTS:
            self._server.on(name, self._listener(name), namespace=NAMESPACE)
        app = socketio.WSGIApp(self._server, self._serve_file)
        self._http = make_server("127.0.0.1", 0, app, threaded=True)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def hear(self, model: type[messages.Message], seconds: float = 30) -> Any:
        """The next message of this kind; whatever came before it is skipped."""
        while True:
            message = self._said.get(timeout=seconds)
            if isinstance(message, model):
                return message

    def say(self, event: str, message: messages.Message) -> None:
        self._server.emit(event, message.model_dump(), namespace=NAMESPACE)

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def _listener(self, name: str) -> Callable[[str, Any], Any]:
        def listen(_sid: str, payload: Any) -> Any:
            message = messages.VOLUNTEER_EVENTS[name].model_validate(payload)
            self._said.put(message)
            match message:
                case messages.VolunteerHello():
                    self._welcome()
                case messages.LeaseRequest():
                    self._offer()
                case messages.ResultReport():
                    self._acknowledge(message)
                case messages.LeaseRenew():
                    return {"token": "t", "lease_seconds": 60}
            return None

        return listen

    def _welcome(self) -> None:
        welcome = messages.VolunteerWelcome(
            volunteer_id="vol_1",
            token="t",
            volunteer_token="v",
            protocol=messages.PROTOCOL,
            renew_seconds=15,
            reload=False,
            **{"checkpoint_bytes": 16_384, **self._terms},
        )
        self.say("volunteer_welcome", welcome)

    def _offer(self) -> None:
        offer = self._offers.pop() if self._offers else packing.offer_message(None)
        self.say("lease_offer", offer)

    def _acknowledge(self, report: messages.ResultReport) -> None:
        receipts = [
            messages.ResultReceipt(sub_job_id=result.sub_job_id, status="stored", message="")
            for result in report.results
        ]
        self.say("result_ack", messages.ResultAck(lease_id=report.lease_id, results=receipts))
        if report.wants:
            self._offer()

    def _serve_file(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        is_program = environ["PATH_INFO"].startswith("/blob/")
        content = self._program if is_program else json.dumps({"token": "t"}).encode()
        start_response("200 OK", [("Content-Length", str(len(content)))])
        return [content]


@contextmanager
def small_hub(offer: LeaseOffer, program: bytes, **terms: int) -> Iterator[SmallHub]:
    """A hub that serves from here to the end of the block."""
    hub = SmallHub(offer, program, **terms)
    try:
        yield hub
    finally:
        hub.close()
