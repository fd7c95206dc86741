"""A WebSocket of a server: one reader, any number of senders, never more memory than agreed.

The reader's own task waits for messages; pings are answered and the closing handshake is made on
the way. A send goes to the kernel at once. Only what the kernel does not take is kept, up to a
bound, and sent by a task that lives until it is gone; a reader that is too slow is hung up on. It
works alike on gevent's sockets and on blocking ones, plain or TLS.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from owc.web.websocket import frames
from owc.web.websocket.frames import Close, CloseCode, FrameParser, Ping, Pong, ProtocolError

_RECEIVE_BYTES = 65_536
_TLS_BYTES = 16_384
_FRAMES_A_TURN = 64  # then others get theirs, however much has arrived


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one connection may cost."""

    message_bytes: int
    unsent_bytes: int
    unsent_seconds: float = 30.0  # the longest that a message waits for a slow reader
    close_seconds: float = 3.0  # for the other side to hang up after a goodbye


@dataclass(frozen=True, kw_only=True)
class Tasks:
    """How things are done beside each other: in greenlets or in threads."""

    start: Callable[..., object]
    sleep: Callable[[float], object]
    make_lock: Callable[[], AbstractContextManager[object]] = threading.Lock


class WebSocket:
    """An open connection. `wait` is for one task, everything else for all."""

    __slots__ = (
        "_closing",
        "_ended",
        "_frames_seen",
        "_held",
        "_limits",
        "_parser",
        "_send",
        "_sock",
        "_tasks",
        "_turn",
        "_unsent",
        "_unsent_bytes",
        "_unsent_since",
        "is_receiving",
        "received_bytes",
    )

    def __init__(self, sock: Any, limits: Limits, tasks: Tasks) -> None:
        sock.settimeout(None)
        self._sock, self._send = sock, _immediate_send(sock)
        self._limits, self._tasks = limits, tasks
        self._parser = FrameParser(message_bytes=limits.message_bytes)
        self._turn = tasks.make_lock()
        self._held = b""  # goes out with what comes next
        self._unsent: deque[memoryview] | None = None  # None: no task sends what was kept
        self._unsent_bytes = 0
        self._unsent_since = 0.0
        self._closing = self._ended = False
        self._frames_seen = 0
        self.received_bytes = 0
        self.is_receiving = False

    def open(self, accepted: bytes) -> None:
        """Answer the request for it; before all else. Who has gone already is found by `wait`."""
        with contextlib.suppress(OSError):
            self._transmit(accepted)

    def wait(self) -> str | bytes | None:
        """The next message; None when the connection has ended, whoever ended it."""
        try:
            while not self._closing:
                received = self._parser.next()
                if received is None:
                    data = self._receive()
                    if not data:
                        break
                    self._parser.feed(data)
                    continue
                self._share()
                if isinstance(received, Ping):
                    self._transmit(frames.pong_frame(received.payload))
                elif isinstance(received, Close):
                    self.close(received.code)
                elif not isinstance(received, Pong):
                    return received
        except ProtocolError as error:
            self.close(error.code, str(error))
        except OSError:
            self.abort()
        self._hang_up()
        return None

    def send(self, message: str | bytes, *, followed: bool = False) -> None:
        """Send a message, or see to it that it is sent. Raises OSError if the connection ended.

        One that is `followed` by another at once goes out with that one.
        """
        if self._closing:
            raise ConnectionAbortedError
        self._transmit(frames.frame(message), hold=followed)

    def close(self, code: int | None = CloseCode.NORMAL, reason: str = "") -> None:
        """Say goodbye, after all that was sent before. The reader's `wait` then ends."""
        with self._turn:
            if self._closing:
                return
            self._closing = True
        with contextlib.suppress(OSError):
            self._transmit(frames.close_frame(code, reason), last=True)
        if self.is_receiving:  # a silent other side would keep the reader there
            self._tasks.start(self._abort_later)

    def abort(self) -> None:
        """End the connection now."""
        self._closing = self._ended = True
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    # Receiving ---------------------------------------------------------------------------------

    def _receive(self) -> bytes:
        self.is_receiving = True
        try:
            if self._closing:  # looked at after is_receiving is set: see close
                return b""
            data: bytes = self._sock.recv(_RECEIVE_BYTES)
        finally:
            self.is_receiving = False
        self.received_bytes += len(data)
        if len(data) == _RECEIVE_BYTES:
            self._tasks.sleep(0)
        return data

    def _share(self) -> None:
        """Let others run now and then: gevent goes on with who sends without end."""
        self._frames_seen += 1
        if self._frames_seen >= _FRAMES_A_TURN:
            self._frames_seen = 0
            self._tasks.sleep(0)

    def _hang_up(self) -> None:
        """Wait until the other side has heard our goodbye and hangs up, but not for long."""
        if self._closing and not self._ended:
            with contextlib.suppress(OSError, ValueError):  # closed by another thread meanwhile
                self._discard_input(time.monotonic() + self._limits.close_seconds)
        self.abort()
        while self._unsent is not None:  # its task has been woken, and must not outlive the socket
            self._tasks.sleep(0.01)

    def _discard_input(self, deadline: float) -> None:
        """Read to the end: closing before that resets the connection, and our goodbye is lost."""
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        while (patience := deadline - time.monotonic()) > 0 and not self._ended:
            if poll.poll(patience * 1000) and not self._sock.recv(_RECEIVE_BYTES):
                return
            self._tasks.sleep(0)

    def _abort_later(self) -> None:
        self._tasks.sleep(self._limits.close_seconds)
        self.abort()

    # Sending -----------------------------------------------------------------------------------

    def _transmit(self, data: bytes, *, hold: bool = False, last: bool = False) -> None:
        with self._turn:
            if self._ended:
                raise ConnectionAbortedError
            if hold and not self._held:
                self._held = data
                return
            if self._held:
                data, self._held = self._held + data, b""
            if self._unsent is not None:
                self._keep(self._unsent, memoryview(data))
                return
            sent = self._send(self._sock, data)
            if sent < len(data):
                self._unsent, self._unsent_bytes = deque(), 0
                self._unsent_since = time.monotonic()
                self._keep(self._unsent, memoryview(data)[sent:])
                self._tasks.start(self._send_kept)
            elif last:
                self._sock.shutdown(socket.SHUT_WR)

    def _keep(self, kept: deque[memoryview], rest: memoryview) -> None:
        if kept and self._unsent_bytes + len(rest) > self._limits.unsent_bytes:
            self.abort()
            raise ConnectionAbortedError("the other side does not read")
        kept.append(rest)
        self._unsent_bytes += len(rest)

    def _send_kept(self) -> None:
        """The task that sends what the kernel did not take; it ends with it."""
        done = False
        try:
            poll = select.poll()
            poll.register(self._sock, select.POLLOUT)
            while self._send_some():
                deadline = self._unsent_since + self._limits.unsent_seconds
                poll.poll(max(0.0, deadline - time.monotonic()) * 1000)
            done = True
        except OSError:
            pass
        finally:
            if not done:
                self.abort()
                self._unsent = None  # nothing is kept any more once it has ended

    def _send_some(self) -> bool:
        """What the kernel takes now; returns whether anything is left. Raises OSError."""
        with self._turn:
            while self._unsent and not self._ended:
                head = self._unsent[0]
                sent = self._send(self._sock, head)
                if not sent:
                    if time.monotonic() - self._unsent_since > self._limits.unsent_seconds:
                        raise TimeoutError
                    return True
                self._unsent_bytes -= sent
                if sent < len(head):
                    self._unsent[0] = head[sent:]
                else:
                    self._unsent.popleft()
                    self._unsent_since = time.monotonic()
            self._unsent = None
            if self._closing:
                self._sock.shutdown(socket.SHUT_WR)
            return False


def _immediate_send(sock: Any) -> Callable[[Any, bytes | memoryview], int]:
    """How to give a socket's kernel what it takes without waiting, which may be nothing."""
    if type(sock).__module__.startswith("gevent"):
        return _send_to_gevent_tls if isinstance(sock, ssl.SSLSocket) else _send_to_gevent
    return _send_to_blocking_tls if isinstance(sock, ssl.SSLSocket) else _send_to_blocking


def _send_to_gevent(sock: Any, data: bytes | memoryview) -> int:
    try:
        return int(sock.send(data, 0, 0.0))
    except BlockingIOError:
        return 0


def _send_to_gevent_tls(sock: Any, data: bytes | memoryview) -> int:
    sock.settimeout(0.0)  # nobody else runs until it is set back
    try:
        return int(sock.send(data))
    except BlockingIOError:
        return 0
    finally:
        sock.settimeout(None)


def _send_to_blocking(sock: Any, data: bytes | memoryview) -> int:
    try:
        return int(sock.send(data, socket.MSG_DONTWAIT))
    except BlockingIOError:
        return 0


def _send_to_blocking_tls(sock: Any, data: bytes | memoryview) -> int:
    poll = select.poll()
    poll.register(sock, select.POLLOUT)
    return int(sock.send(memoryview(data)[:_TLS_BYTES])) if poll.poll(0) else 0
