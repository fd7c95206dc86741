"""The WebSocket driver on real sockets, in threads: whole sends, slow readers, goodbyes."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import trustme

from owc.web.websocket.driver import Limits, Tasks, WebSocket
from tests.fuzz.frames import masked

MASK = b"\x11\x22\x33\x44"
LIMITS = Limits(message_bytes=1 << 20, unsent_bytes=1 << 20, close_seconds=5)
GOODBYE = b"\x88\x02\x03\xe8"


def start(target: Callable[..., object], *args: object) -> threading.Thread:
    thread = threading.Thread(target=target, args=args, daemon=True)
    thread.start()
    return thread


TASKS = Tasks(start=start, sleep=time.sleep)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of a TCP connection, with small buffers: the server's, the other side's."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 32_768)
        far = socket.socket()
        far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32_768)
        far.connect(listener.getsockname())
        near, _ = listener.accept()
    far.settimeout(10)
    with near, far:
        yield near, far


class Served:
    """A WebSocket that is read in a thread of its own."""

    def __init__(self, sock: socket.socket, limits: Limits = LIMITS, *, echo: bool = False) -> None:
        self.wire = WebSocket(sock, limits, TASKS)
        self.messages: list[str | bytes] = []
        self._echo = echo
        self.thread = start(self._read)

    def _read(self) -> None:
        while (message := self.wire.wait()) is not None:
            self.messages.append(message)
            if self._echo:
                self.wire.send(message)

    def has_ended(self, seconds: float = 10) -> bool:
        self.thread.join(seconds)
        return not self.thread.is_alive()


def receive(far: socket.socket, count: int) -> bytes:
    received = bytearray()
    while len(received) < count:
        more = far.recv(min(65_536, count - len(received)))
        assert more, f"ended after {len(received)} bytes"
        received += more
    return bytes(received)


def receive_frame(far: socket.socket) -> bytes:
    """The payload of a server's frame."""
    length = receive(far, 2)[1]
    if length >= 126:
        length = int.from_bytes(receive(far, 2 if length == 126 else 8), "big")
    return receive(far, length)


def until_end(far: socket.socket) -> bytes:
    received = bytearray()
    with contextlib.suppress(ConnectionResetError):
        while more := far.recv(65_536):
            received += more
    return bytes(received)


Pair = tuple[socket.socket, socket.socket]


def test_large_messages_go_both_ways_through_small_buffers(pair: Pair) -> None:
    near, far = pair
    Served(near, echo=True)
    for message in (b"", b"x" * 70_000, bytes(range(256)) * 4096):
        start(far.sendall, masked(0x82, message, MASK))
        assert receive_frame(far) == message


def test_messages_of_many_senders_stay_whole_and_in_order(pair: Pair) -> None:
    near, far = pair
    wire = Served(near, Limits(message_bytes=100, unsent_bytes=1 << 30)).wire
    senders, each = 8, 100

    def send(sender: int) -> None:
        for number in range(each):
            wire.send(struct.pack("!HH", sender, number) + bytes([sender]) * (37 * number))

    threads = [start(send, sender) for sender in range(senders)]
    seen = dict.fromkeys(range(senders), 0)
    for _ in range(senders * each):
        frame = receive_frame(far)
        sender, number = struct.unpack("!HH", frame[:4])
        assert frame[4:] == bytes([sender]) * (37 * number)
        assert number == seen[sender]
        seen[sender] += 1
    for thread in threads:
        thread.join()


def test_a_message_that_is_followed_goes_out_with_the_next(pair: Pair) -> None:
    near, far = pair
    wire = Served(near).wire
    wire.send("head", followed=True)
    far.settimeout(0.1)
    with pytest.raises(TimeoutError):
        far.recv(1)
    far.settimeout(10)
    wire.send(b"tail")
    assert far.recv(100) == b"\x81\x04head\x82\x04tail"
    for _ in range(2):
        wire.send("head", followed=True)
    assert far.recv(100) == b"\x81\x04head\x81\x04head", "only one is ever held back"
    wire.send("head", followed=True)
    wire.close()
    assert until_end(far) == b"\x81\x04head" + GOODBYE


def test_a_reader_that_does_not_read_is_hung_up_on_by_what_waits(pair: Pair) -> None:
    near, far = pair
    served = Served(near)
    sent = 0
    with contextlib.suppress(ConnectionAbortedError):
        while sent < 100 << 20:
            served.wire.send(bytes(50_000))
            sent += 50_000
    assert LIMITS.unsent_bytes - 50_000 <= sent <= LIMITS.unsent_bytes + (4 << 20)
    assert served.has_ended()
    assert len(until_end(far)) < sent
    with pytest.raises(ConnectionError):
        served.wire.send("more")


def test_a_reader_that_does_not_read_is_hung_up_on_by_how_long_it_waits(pair: Pair) -> None:
    near, far = pair
    served = Served(near, Limits(message_bytes=100, unsent_bytes=1 << 30, unsent_seconds=0.3))
    begun = time.monotonic()
    served.wire.send(bytes(8 << 20))
    assert time.monotonic() - begun < 0.25, "the sender does not wait"
    assert served.has_ended(5)
    assert len(until_end(far)) < 8 << 20


def test_a_slow_reader_gets_everything(pair: Pair) -> None:
    near, far = pair
    served = Served(near, Limits(message_bytes=100, unsent_bytes=1 << 30, unsent_seconds=1))
    for number in range(100):
        served.wire.send(bytes([number]) * 20_000)
    for number in range(100):
        time.sleep(0.02)  # slow is what it is about
        assert receive_frame(far) == bytes([number]) * 20_000


def test_the_other_side_says_goodbye_and_is_answered(pair: Pair) -> None:
    near, far = pair
    served = Served(near)
    served.wire.send("before")
    far.sendall(masked(0x88, b"\x0f\xa1bye", MASK))
    assert until_end(far) == b"\x81\x06before" + b"\x88\x02\x0f\xa1"
    far.close()
    assert served.has_ended()


def test_our_goodbye_comes_after_what_was_sent(pair: Pair) -> None:
    near, far = pair
    served = Served(near)
    served.wire.send(bytes(500_000))
    served.wire.close()
    with pytest.raises(ConnectionError):
        served.wire.send("after")
    assert until_end(far).endswith(bytes(100) + GOODBYE)
    far.sendall(masked(0x88, b"\x03\xe8", MASK))
    far.close()
    assert served.has_ended()
    assert served.messages == []


@pytest.mark.parametrize("speaks", [False, True])
def test_who_ignores_our_goodbye_is_left(pair: Pair, speaks: bool) -> None:
    near, far = pair
    limits = Limits(message_bytes=100, unsent_bytes=100, close_seconds=0.3)
    served = Served(near, limits)
    served.wire.close()
    with contextlib.suppress(OSError):
        while speaks and not served.has_ended(0.01):
            far.sendall(masked(0x81, b"still here", MASK))
    assert served.has_ended(5)
    assert served.messages == []


def test_a_goodbye_is_read_by_who_was_still_sending(pair: Pair) -> None:
    near, far = pair
    served = Served(near)
    sender = start(_send_until_refused, far, masked(0x82, b"", MASK, form=127)[:2] + b"\x7f" * 7)
    assert until_end(far).startswith(b"\x88"), "no reset before it"
    far.close()
    sender.join(10)
    assert served.has_ended()


def _send_until_refused(far: socket.socket, data: bytes) -> None:
    with contextlib.suppress(OSError):
        for _ in range(200):
            far.sendall(data * 1000)


def test_half_an_end_is_an_end(pair: Pair) -> None:
    near, far = pair
    served = Served(near)
    far.sendall(masked(0x81, b"last words", MASK) + b"\x81")
    far.shutdown(socket.SHUT_WR)
    assert served.has_ended()
    assert served.messages == ["last words"]
    assert until_end(far) == b""


def test_a_reset_is_an_end(pair: Pair) -> None:
    near, far = pair
    served = Served(near)
    far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    far.close()
    assert served.has_ended()
    with pytest.raises(ConnectionError):
        served.wire.send("x")


def test_pings_are_answered_while_messages_wait_for_none(pair: Pair) -> None:
    near, far = pair
    Served(near)
    far.sendall(masked(0x89, b"a", MASK) + masked(0x01, b"x", MASK) + masked(0x89, b"b", MASK))
    assert receive(far, 6) == b"\x8a\x01a\x8a\x01b"


def test_a_flood_of_pings_ends_with_a_reason(pair: Pair) -> None:
    near, far = pair
    served = Served(near)
    flood = start(_send_until_refused, far, masked(0x89, b"x" * 125, MASK))
    answer = until_end(far)
    assert b"\x88" in answer
    assert answer.endswith(b"too many frames without a message")
    far.close()
    flood.join(10)
    assert served.has_ended()


def test_nonsense_is_refused_with_its_code(pair: Pair) -> None:
    near, far = pair
    served = Served(near)
    far.sendall(b"GET / HTTP/1.1\r\n\r\n")
    assert until_end(far)[2:4] == (1002).to_bytes(2, "big")
    far.close()
    assert served.has_ended()


def test_it_works_over_tls(pair: Pair) -> None:
    near, far = pair
    authority = trustme.CA()
    context, trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("localhost").configure_cert(context)
    authority.configure_trust(trusting)
    wrapped: list[ssl.SSLSocket] = []
    wrapping = start(lambda: wrapped.append(context.wrap_socket(near, server_side=True)))
    with trusting.wrap_socket(far, server_hostname="localhost") as wire:
        wrapping.join(10)
        with wrapped[0]:
            served = Served(wrapped[0], echo=True)
            for message in (b"hello", bytes(300_000)):
                wire.sendall(masked(0x82, message, MASK))
                assert receive_frame(wire) == message
            wire.sendall(masked(0x88, b"\x03\xe8", MASK))
            assert receive(wire, 4) == GOODBYE
            wire.close()
            assert served.has_ended()
