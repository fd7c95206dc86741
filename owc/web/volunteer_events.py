"""Socket.IO namespace `/volunteer`: hello, leases, results, and how a connection ends.

Handlers run outside Flask's contexts, one after the other for a socket. Each checks its message and
its token, calls one service function and answers. A message that does not fit ends the connection
with a reason. A lost socket has some seconds to come back before its leases are given to others; a
clean goodbye has none.
"""

from __future__ import annotations

import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from pydantic import ValidationError

from owc.domain import sizing
from owc.domain.matching import parse_queue_name, requirement_of
from owc.domain.nudging import Strategy
from owc.errors import DatabaseUnavailable, OwcError, UnknownVolunteer
from owc.services import standing
from owc.services.values import (
    Ask,
    LeaseOffer,
    Leaving,
    Lost,
    Receipt,
    Returning,
)
from owc.web import messages, packing
from owc.web.connections import Connection, Connections
from owc.web.exchange import Batch, Exchange, Request, Unfinished
from owc.web.hellos import Hellos
from owc.web.messages import VOLUNTEER_NAMESPACE, Message
from owc.web.refusals import RefusedError
from owc.web.runtime import Runtime
from owc.web.tokens import Purpose, TokenRefusedError
from owc.web.websocket import SocketServer

_MESSAGES_PER_SECOND = 200
_MOST_NUDGED = 256
_NEXT_NUDGE = 2
_MOST_QUEUED = 10_000

_logger = logging.getLogger("owc.web")

M = TypeVar("M", bound=Message)


class VolunteerEvents:
    """The namespace's handlers and what they need to know of each other."""

    def __init__(self, runtime: Runtime, server: SocketServer) -> None:
        self._runtime = runtime
        self._server = server
        self._settings = runtime.settings
        self._hellos = Hellos(runtime)
        self.connections = Connections()
        self.exchange = Exchange(
            runtime.hub,
            runtime.writer,
            queue=server.eio.create_queue(maxsize=_MOST_QUEUED),
            queue_empty=server.eio.get_queue_empty_exception(),
            make_event=server.eio.create_event,
            sleep=server.sleep,
            acknowledge=self._acknowledge,
            offer=self._offer,
            granted=self._wake_others,
            failed=lambda sid: self._refuse(sid, RefusedError("internal_error")),
        )

    def register(self) -> None:
        """Attach the handlers to the Socket.IO server."""
        on = self._server.on
        on("connect", self._connect, namespace=VOLUNTEER_NAMESPACE)
        on("disconnect", self._disconnect, namespace=VOLUNTEER_NAMESPACE)
        handlers: dict[str, Callable[[Connection, Any], Any]] = {
            "volunteer_hello": self._hello,
            "lease_request": self._request,
            "lease_renew": self._renew,
            "lease_release": self._release,
            "result_report": self._report,
            "checkpoint_report": self._checkpoint,
        }
        for name, handler in handlers.items():
            model = messages.VOLUNTEER_EVENTS[name]
            on(name, self._guarded(model, handler), namespace=VOLUNTEER_NAMESPACE)
        on("*", self._unknown, namespace=VOLUNTEER_NAMESPACE)
        self._server.on_pong(VOLUNTEER_NAMESPACE, self.connections.answered)

    # What the hub's news lead to ---------------------------------------------------------------

    def nudge(self, most: int, queue: str | None = None, strategy: str | None = None) -> None:
        """Tell some of those who wait that there may be work; each that gets some wakes others, by
        the strategy of the job that it is from.

        `queue`: only who can run what is in it; `strategy`: who is told first, else the hub's own.
        """
        if most < 1 or not self.connections.waiting:
            return
        parsed = parse_queue_name(queue) if queue else None
        taken = self.connections.take_waiting(
            min(most, _MOST_NUDGED),
            Strategy(strategy or self._settings.strategy),
            self._runtime.hub.draw,
            requirement_of(parsed[0]) if parsed else None,
        )
        for sid in taken:
            self._emit(sid, "work_available", messages.WorkAvailable())

    def revoke(
        self, volunteer_id: str, lease_id: str, sub_job_ids: Sequence[str] | None, reason: str
    ) -> None:
        """Tell a volunteer, if it is connected here, that a lease, or part of it, is gone."""
        if connection := self.connections.of_volunteer(volunteer_id):
            named = None if sub_job_ids is None else list(sub_job_ids)
            message = messages.LeaseRevoke(lease_id=lease_id, sub_job_ids=named, reason=reason)
            self._emit(connection.sid, "lease_revoke", message)

    def stand(self, volunteer_ids: Sequence[str]) -> None:
        """Tell those of these volunteers that are connected here how they stand now."""
        here = [each for each in volunteer_ids if self.connections.of_volunteer(each) is not None]
        if not here:
            return
        found = self._runtime.read(standing.standings, self._runtime.hub, here)
        for volunteer_id, stands in found.items():
            if connection := self.connections.of_volunteer(volunteer_id):
                message = packing.standing_message(stands)
                self._emit(connection.sid, "volunteer_standing", message)

    def arrived(self, volunteer_id: str, process_id: str) -> None:
        """A volunteer is connected to another process now: a socket that it has here is old."""
        connection = self.connections.of_volunteer(volunteer_id)
        if connection is not None and process_id != self._runtime.process_id:
            self._refuse(connection.sid, RefusedError("replaced"))

    # Coming and going --------------------------------------------------------------------------

    def _connect(self, sid: str, *_: object) -> None:
        # A client can send an event named "connect": what it says is not looked at.
        environ = self._server.get_environ(sid, VOLUNTEER_NAMESPACE) or {}
        self.connections.add(Connection(sid=sid, address=environ.get("REMOTE_ADDR", "")))

    def _disconnect(self, sid: str, reason: object = None, *_: object) -> None:
        connection = self.connections.remove(sid)
        if connection is None:
            return
        leaving = Leaving(volunteer_id=connection.volunteer_id, socket=connection.sid)
        if reason == self._server.reason.CLIENT_DISCONNECT:
            self.exchange.put(leaving)
        else:
            self.exchange.put(Lost(volunteer_id=leaving.volunteer_id, socket=connection.sid))
            self._server.start_background_task(self._leave_after_grace, leaving)

    def _leave_after_grace(self, leaving: Leaving) -> None:
        """It is gone, unless it is back at another socket, here or at another process."""
        self._server.sleep(self._settings.grace_seconds)
        self.exchange.put(leaving)

    # Messages ----------------------------------------------------------------------------------

    def _hello(self, connection: Connection, hello: messages.VolunteerHello) -> None:
        if connection.volunteer_id:
            raise RefusedError("hello_twice")
        enrolment = self._hellos.enrolment(connection, hello)
        record = self.exchange.enrol(enrolment, hello.lease_ids)
        connection.capabilities, connection.speed = enrolment.capabilities, record.speed
        older = self.connections.bind(connection, record.id, hello.site)
        if older is not None:
            self._refuse(older.sid, RefusedError("replaced"))
        told_at = self._runtime.hub.clock.monotonic()

        def measure(*_: object) -> None:
            # the first; later ones are those of the pings, which everybody answers
            self.connections.answered(connection.sid, self._runtime.hub.clock.monotonic() - told_at)

        welcome = self._hellos.welcome(record.id, hello)
        self._emit(connection.sid, "volunteer_welcome", welcome, acknowledged=measure)
        self._emit(connection.sid, "volunteer_standing", packing.standing_message(record.standing))

    def _request(self, connection: Connection, request: messages.LeaseRequest) -> None:
        self._lease(connection, request.sub_jobs)

    def _lease(self, connection: Connection, wants: int) -> None:
        self.connections.stop_waiting(connection)
        ask = Ask(volunteer_id=connection.volunteer_id, sub_jobs=wants)
        self.exchange.put(Request(sid=connection.sid, ask=ask))

    def _offer(self, request: Request, offer: LeaseOffer | UnknownVolunteer | None) -> None:
        connection = self.connections.get(request.sid)
        if isinstance(offer, UnknownVolunteer):
            self._refuse(request.sid, RefusedError(offer.code, offer.message))
            return
        if connection is None:
            if offer is not None:  # its socket closed while the lease was made
                volunteer_id = request.ask.volunteer_id
                self._server.start_background_task(
                    self.exchange.put,
                    Returning(volunteer_id=volunteer_id, lease_id=offer.lease_id, sub_job_ids=None),
                )
            return
        if offer is None:
            self.connections.wait(connection)
        else:
            connection.at_work += len(offer.sub_jobs)
        self._emit(connection.sid, "lease_offer", packing.offer_message(offer))

    def _wake_others(self, offers: Sequence[LeaseOffer]) -> None:
        if self.connections.waiting:
            leases = Counter((offer.queue, offer.strategy) for offer in offers)
            for (queue, strategy), count in leases.items():
                self.nudge(_NEXT_NUDGE * count, queue, strategy)

    def _renew(self, connection: Connection, renewal: messages.LeaseRenew) -> dict[str, Any]:
        seconds: float = sizing.LEASE_MIN_SECONDS
        if renewal.lease_ids:
            with contextlib.suppress(DatabaseUnavailable):  # it tries again, and so do we
                renewed = self.exchange.renew(connection.volunteer_id, renewal.lease_ids)
                seconds = renewed.lease_seconds
                for lease_id in renewed.gone:
                    self.revoke(connection.volunteer_id, lease_id, None, "The lease has ended.")
        token = self._runtime.tokens.issue(Purpose.SESSION, connection.volunteer_id)
        return messages.Renewed(token=token, lease_seconds=seconds).model_dump()

    def _release(self, connection: Connection, release: messages.LeaseRelease) -> None:
        named = None if release.sub_job_ids is None else tuple(release.sub_job_ids)
        self.exchange.put(
            Returning(
                volunteer_id=connection.volunteer_id,
                lease_id=release.lease_id,
                sub_job_ids=named,
            )
        )

    def _report(self, connection: Connection, report: messages.ResultReport) -> None:
        reports = packing.reports(connection.volunteer_id, report)
        connection.at_work = max(connection.at_work - len(reports), 0)
        self.exchange.put(Batch(sid=connection.sid, lease_id=report.lease_id, reports=reports))
        if report.wants:
            self._lease(connection, report.wants)

    def _checkpoint(self, connection: Connection, report: messages.CheckpointReport) -> None:
        most = self._settings.checkpoint_bytes
        taken = [each for each in packing.checkpoints(report) if len(each.output) <= most]
        if taken:
            volunteer_id = connection.volunteer_id
            self.exchange.put(Unfinished(volunteer_id=volunteer_id, checkpoints=tuple(taken)))

    def _acknowledge(self, batch: Batch, receipts: Sequence[Receipt]) -> None:
        speed = next((each.speed for each in reversed(receipts) if each.speed is not None), None)
        if speed is not None and (connection := self.connections.get(batch.sid)):
            connection.speed = speed
        results = [
            messages.ResultReceipt(
                sub_job_id=receipt.sub_job_id, status=receipt.status, message=receipt.message
            )
            for receipt in receipts
        ]
        ack = messages.ResultAck(lease_id=batch.lease_id, results=results)
        self._emit(batch.sid, "result_ack", ack)

    # What every message goes through -----------------------------------------------------------

    def _guarded(
        self, model: type[M], handler: Callable[[Connection, Any], Any]
    ) -> Callable[..., Any]:
        def handle(sid: str, *args: object) -> Any:
            connection = self.connections.get(sid)
            if connection is None:
                return None
            try:
                self._count(connection)
                message = _parse(model, args)
                self._authorize(connection, message)
                return handler(connection, message)
            except RefusedError as error:
                self._refuse(sid, error)
            except packing.BadPackingError as error:
                self._refuse(sid, RefusedError("bad_message", str(error)))
            except TokenRefusedError as error:
                self._refuse(sid, RefusedError(error.code))
            except OwcError as error:
                self._refuse(sid, RefusedError(error.code, error.message))
            except Exception:
                _logger.exception("%s could not be handled", model.__name__)
                self._refuse(sid, RefusedError("internal_error"))
            return None

        return handle

    def _unknown(self, event: str, sid: str, *_: object) -> None:
        self._refuse(sid, RefusedError("bad_message", f"There is no event {str(event)[:40]!r}."))

    def _authorize(self, connection: Connection, message: Message) -> None:
        if isinstance(message, messages.VolunteerHello):
            return  # its tokens are read where they are used
        if not connection.volunteer_id:
            raise RefusedError("hello_first")
        token: str = message.token  # type: ignore[attr-defined]  # every event has one
        now = self._runtime.hub.clock.now().timestamp()
        if token == connection.token and now < connection.token_until:
            return  # read before: its signature need not be computed for every message
        claims = self._runtime.tokens.read(token, Purpose.SESSION)
        if claims.subject != connection.volunteer_id:
            raise RefusedError("bad_token")
        connection.token, connection.token_until = token, claims.expires_at.timestamp()

    def _count(self, connection: Connection) -> None:
        now = self._runtime.hub.clock.monotonic()
        if now - connection.messages_since >= 1:
            connection.messages_since, connection.messages_seen = now, 0
        connection.messages_seen += 1
        if connection.messages_seen > _MESSAGES_PER_SECOND:
            raise RefusedError("too_many_messages")

    def _refuse(self, sid: str, error: RefusedError) -> None:
        known = messages.REFUSALS.get(error.code, "")
        message = " ".join(part for part in (known, error.detail) if part)
        refusal = messages.VolunteerRefused(code=error.code, message=message, reload=error.reload)
        self._emit(sid, "volunteer_refused", refusal)
        self._server.disconnect(sid, namespace=VOLUNTEER_NAMESPACE, ignore_queue=True)

    def _emit(
        self,
        sid: str,
        event: str,
        message: Message,
        acknowledged: Callable[..., None] | None = None,
    ) -> None:
        self._server.emit(
            event,
            message.model_dump(),
            to=sid,
            namespace=VOLUNTEER_NAMESPACE,
            callback=acknowledged,
            ignore_queue=True,
        )


def _parse(model: type[M], args: tuple[object, ...]) -> M:
    if len(args) != 1:
        raise RefusedError("bad_message", f"{model.__name__} is one object.")
    if model is messages.VolunteerHello:
        _check_protocol(args[0])
    try:
        return model.model_validate(args[0])
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or model.__name__
        raise RefusedError("bad_message", f"{where}: {first['msg']}"[:300]) from None


def _check_protocol(hello: object) -> None:
    """Before anything else of a hello is read: what else it says depends on its version."""
    protocol = hello.get("protocol") if isinstance(hello, dict) else None
    if type(protocol) is int and protocol not in messages.SERVED_PROTOCOLS:
        served = " and ".join(map(str, messages.SERVED_PROTOCOLS))
        raise RefusedError("unsupported_protocol", f"It speaks {served}.", reload=True)
