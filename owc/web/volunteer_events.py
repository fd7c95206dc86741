"""Socket.IO namespace `/volunteer`: hello, leases, results, and how a connection ends.

Handlers run outside Flask's contexts, one after the other for a socket. Each checks its message and
its token, calls one service function and answers. A message that does not fit ends the connection
with a reason. A lost socket has some seconds to come back before its leases are given to others; a
clean goodbye has none.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import socketio
from pydantic import ValidationError

from owc.domain.matching import Capabilities
from owc.domain.states import Outcome
from owc.errors import OwcError
from owc.services import dispatch
from owc.services.values import LeaseOffer, Receipt, Report
from owc.web import messages
from owc.web.collector import Batch, Collector
from owc.web.connections import Connection, Connections
from owc.web.front_door import network_label
from owc.web.messages import VOLUNTEER_NAMESPACE, Message
from owc.web.runtime import Runtime
from owc.web.tokens import Purpose, TokenRefusedError

_MESSAGES_PER_SECOND = 200
_RENEW_SECONDS = 15  # leases last a minute at least
_FIRST_NUDGE = 8
_NEXT_NUDGE = 2

_logger = logging.getLogger("owc.web")

M = TypeVar("M", bound=Message)


class RefusedError(Exception):
    """The connection ends; `code` is one of `messages.REFUSALS`."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code, self.detail = code, detail


class VolunteerEvents:
    """The namespace's handlers and what they need to know of each other."""

    def __init__(self, runtime: Runtime, server: socketio.Server) -> None:
        self._runtime = runtime
        self._server = server
        self._settings = runtime.settings
        self.connections = Connections()
        self.collector = Collector(
            runtime.hub,
            runtime.writer,
            queue=server.eio.create_queue(maxsize=1_000),
            queue_empty=server.eio.get_queue_empty_exception(),
            sleep=server.sleep,
            acknowledge=self._acknowledge,
            failed=lambda batch: self._refuse(batch.sid, RefusedError("internal_error")),
        )

    def register(self) -> None:
        """Attach the handlers to the Socket.IO server."""
        on = self._server.on
        on("connect", self._connect, namespace=VOLUNTEER_NAMESPACE)
        on("disconnect", self._disconnect, namespace=VOLUNTEER_NAMESPACE)
        handlers: dict[str, Callable[[Connection, Any], Any]] = {
            "volunteer_hello": self._hello,
            "lease_request": self._lease,
            "lease_renew": self._renew,
            "lease_release": self._release,
            "result_report": self._report,
        }
        for name, handler in handlers.items():
            model = messages.VOLUNTEER_EVENTS[name]
            on(name, self._guarded(model, handler), namespace=VOLUNTEER_NAMESPACE)
        on("*", self._unknown, namespace=VOLUNTEER_NAMESPACE)

    # What the hub's news lead to ---------------------------------------------------------------

    def nudge(self, most: int = _FIRST_NUDGE) -> None:
        """Tell those who wait longest that there may be work; each that gets some wakes others."""
        for sid in self.connections.take_waiting(most):
            self._emit(sid, "work_available", messages.WorkAvailable())

    def revoke(self, volunteer_id: str, lease_id: str, reason: str) -> None:
        """Tell a volunteer, if it is connected here, that a lease is gone."""
        if connection := self.connections.of_volunteer(volunteer_id):
            message = messages.LeaseRevoke(lease_id=lease_id, reason=reason)
            self._emit(connection.sid, "lease_revoke", message)

    # Coming and going --------------------------------------------------------------------------

    def _connect(self, sid: str, *_: object) -> None:
        # A client can send an event named "connect": what it says is not looked at.
        environ = self._server.get_environ(sid, VOLUNTEER_NAMESPACE) or {}
        self.connections.add(Connection(sid=sid, address=environ.get("REMOTE_ADDR", "")))

    def _disconnect(self, sid: str, reason: object = None, *_: object) -> None:
        connection = self.connections.remove(sid)
        if connection is None:
            return
        if reason == self._server.reason.CLIENT_DISCONNECT:
            self._leave(connection.volunteer_id)
        else:
            self._server.start_background_task(self._leave_after_grace, connection.volunteer_id)

    def _leave_after_grace(self, volunteer_id: str) -> None:
        self._server.sleep(self._settings.grace_seconds)
        if self.connections.of_volunteer(volunteer_id) is None:
            self._leave(volunteer_id)

    def _leave(self, volunteer_id: str) -> None:
        try:
            self._runtime.write(dispatch.leave, self._runtime.hub, volunteer_id)
        except Exception:  # the leases expire by themselves
            _logger.exception("volunteer %s could not be taken out", volunteer_id)

    # Messages ----------------------------------------------------------------------------------

    def _hello(self, connection: Connection, hello: messages.VolunteerHello) -> None:
        if connection.volunteer_id:
            raise RefusedError("hello_twice")
        if hello.protocol != messages.PROTOCOL:
            raise RefusedError("unsupported_protocol", f"This hub speaks {messages.PROTOCOL}.")
        known_id = self._known_volunteer(hello)
        now = self._runtime.hub.clock.now()
        record = self._runtime.write(
            dispatch.enrol,
            self._runtime.hub,
            known_id,
            hello.kind,
            _capabilities(hello.capabilities),
            network_label(connection.address, self._runtime.tokens.key, now.date().isoformat()),
        )
        if known_id is not None:
            self._runtime.write(dispatch.leave, self._runtime.hub, record.id, hello.lease_ids)
        older = self.connections.bind(connection, record.id, hello.site)
        if older is not None:
            self._refuse(older.sid, RefusedError("replaced"))
        tokens = self._runtime.tokens
        welcome = messages.VolunteerWelcome(
            volunteer_id=record.id,
            token=tokens.issue(Purpose.SESSION, record.id),
            volunteer_token=tokens.issue(Purpose.IDENTITY, record.id),
            protocol=messages.PROTOCOL,
            renew_seconds=_RENEW_SECONDS,
            inline_result_bytes=self._settings.inline_result_bytes,
        )
        self._emit(connection.sid, "volunteer_welcome", welcome)

    def _known_volunteer(self, hello: messages.VolunteerHello) -> str | None:
        tokens = self._runtime.tokens
        claims = tokens.read(hello.token, Purpose.FRAME, Purpose.SESSION)
        if hello.volunteer_token is None:
            return claims.subject if claims.purpose is Purpose.SESSION else None
        try:
            return tokens.read(hello.volunteer_token, Purpose.IDENTITY).subject
        except TokenRefusedError:
            return None  # forged or too old: a newcomer, which is no harm

    def _lease(self, connection: Connection, request: messages.LeaseRequest) -> None:
        self.connections.stop_waiting(connection)
        offer = self._runtime.write(
            dispatch.lease, self._runtime.hub, connection.volunteer_id, request.sub_jobs
        )
        if offer is not None and self.connections.get(connection.sid) is None:
            # its socket closed while the lease was made, which nobody would work on
            release = (connection.volunteer_id, offer.lease_id)
            self._runtime.write(dispatch.release, self._runtime.hub, *release)
            return
        if offer is None:
            self.connections.wait(connection)
        else:
            self.nudge(_NEXT_NUDGE)
        self._emit(connection.sid, "lease_offer", _offer_message(offer))

    def _renew(self, connection: Connection, renewal: messages.LeaseRenew) -> dict[str, Any]:
        renewed = self._runtime.write(
            dispatch.renew, self._runtime.hub, connection.volunteer_id, renewal.lease_ids
        )
        for lease_id in renewed.gone:
            message = messages.LeaseRevoke(lease_id=lease_id, reason="The lease has ended.")
            self._emit(connection.sid, "lease_revoke", message)
        token = self._runtime.tokens.issue(Purpose.SESSION, connection.volunteer_id)
        answer = messages.Renewed(token=token, lease_seconds=renewed.lease_seconds)
        return answer.model_dump()

    def _release(self, connection: Connection, release: messages.LeaseRelease) -> None:
        self._runtime.write(
            dispatch.release,
            self._runtime.hub,
            connection.volunteer_id,
            release.lease_id,
            release.sub_job_ids,
            Outcome.RELEASED,
        )

    def _report(self, connection: Connection, report: messages.ResultReport) -> None:
        reports = tuple(
            Report(
                volunteer_id=connection.volunteer_id,
                lease_id=report.lease_id,
                sub_job_id=result.sub_job_id,
                output=result.output,
                output_sha256=result.output_sha256,
                trap_site=result.trap_site,
                rows_done=result.rows_done,
                elapsed_seconds=result.elapsed_ms / 1000,
                error=result.error,
            )
            for result in report.results
        )
        batch = Batch(sid=connection.sid, lease_id=report.lease_id, reports=reports)
        self.collector.put(batch)

    def _acknowledge(self, batch: Batch, receipts: Sequence[Receipt]) -> None:
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
        claims = self._runtime.tokens.read(token, Purpose.SESSION)
        if claims.subject != connection.volunteer_id:
            raise RefusedError("bad_token")

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
        refusal = messages.VolunteerRefused(code=error.code, message=message)
        self._emit(sid, "volunteer_refused", refusal)
        self._server.disconnect(sid, namespace=VOLUNTEER_NAMESPACE, ignore_queue=True)

    def _emit(self, sid: str, event: str, message: Message) -> None:
        self._server.emit(
            event, message.model_dump(), to=sid, namespace=VOLUNTEER_NAMESPACE, ignore_queue=True
        )


def _parse(model: type[M], args: tuple[object, ...]) -> M:
    if len(args) != 1:
        raise RefusedError("bad_message", f"{model.__name__} is one object.")
    try:
        return model.model_validate(args[0])
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or model.__name__
        raise RefusedError("bad_message", f"{where}: {first['msg']}"[:300]) from None


def _capabilities(said: messages.Capabilities) -> Capabilities:
    return Capabilities(
        cores=said.cores,
        memory_bytes=said.memory_bytes,
        features=frozenset(said.features),
        mobile=said.mobile,
        score=said.score,
        engine=said.engine,
    )


def _offer_message(offer: LeaseOffer | None) -> messages.LeaseOffer:
    if offer is None:
        return messages.LeaseOffer(
            lease_id=None, lease_seconds=0, job=None, program=None, sub_jobs=[]
        )
    sub_jobs = [
        messages.OfferedSubJob(
            sub_job_id=sub_job.sub_job_id,
            first_row=sub_job.first_row,
            rows=sub_job.rows,
            chunk=sub_job.chunk,
            chunk_url=None if sub_job.chunk is not None else f"/blob/{sub_job.chunk_sha256}",
            chunk_sha256=sub_job.chunk_sha256,
        )
        for sub_job in offer.sub_jobs
    ]
    return messages.LeaseOffer(
        lease_id=offer.lease_id,
        lease_seconds=offer.lease_seconds,
        job=messages.OfferedJob(id=offer.job_id, name=offer.job_name, about=offer.about),
        program=messages.OfferedProgram(
            sha256=offer.program_sha256,
            url=f"/blob/{offer.program_sha256}",
            memory_bytes=offer.memory_bytes,
        ),
        sub_jobs=sub_jobs,
    )
