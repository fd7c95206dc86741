"""Attackers at work: threads with raw sockets, which send hostile messages up to a number of them.

A socket lives until the hub ends it or its attacker is done with it. Some never read, some stop in
the middle of a frame, some reset.
"""

from __future__ import annotations

import contextlib
import json
import re
import select
import socket
import struct
import threading
from collections import Counter
from random import Random

import requests

from tests.attacks.hostile import MESSAGES, Seen, broken_streams, framed, packets
from tests.attacks.hub import AttackedHub, request

_UPGRADE = request(
    "GET /socket.io/?EIO=4&transport=websocket",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)
_ATTACKERS = 12
_TOKENS = 12
_PATIENCE = (0.005, 0.005, 0.005, 0.005, 0.005, 0.005, 0.005, 0.2)
_FOUND = re.compile(rb'"((?:lease|sub|job|vol)_[a-z0-9]+)"')
_TOKEN = re.compile(rb'"(?:volunteer_)?token":"([^"]+)"')
_REFUSED = re.compile(rb'"volunteer_refused",\{"code":"(\w+)"')


class Fuzz:
    """So many messages at a hub; `said` counts what it answered to them."""

    def __init__(self, hub: AttackedHub, number: int) -> None:
        self._hub, self._number = hub, number
        self._seen = Seen()
        self._turn = threading.Lock()
        self._left = 0
        self.sent = 0
        self.said: Counter[str] = Counter()
        self._streams = broken_streams(number, 300)
        pages = (requests.get(f"{hub.url}/frame?site=x", timeout=30).text for _ in range(_TOKENS))
        found = [re.search(r'name="owc-token" content="([^"]+)"', page) for page in pages]
        self._tokens = [match[1] for match in found if match]
        assert len(self._tokens) == _TOKENS

    def send(self, count: int) -> None:
        """Send so many more, from several attackers at a time."""
        self._left = count
        attackers = [
            threading.Thread(
                target=self._attack, args=(Random(f"{self._number} {self.sent} {each}"),)
            )
            for each in range(_ATTACKERS)
        ]
        for attacker in attackers:
            attacker.start()
        for attacker in attackers:
            attacker.join()

    def _take(self, count: int) -> bool:
        with self._turn:
            if self._left <= 0:
                return False
            self._left -= count
            self.sent += count
            return True

    def _attack(self, random: Random) -> None:
        while self._left > 0:
            with socket.create_connection(("127.0.0.1", self._hub.port), timeout=30) as raw:
                raw.sendall(_UPGRADE)
                answer = raw.recv(4096)
                assert answer.startswith(b"HTTP/1.1 101 "), answer
                with contextlib.suppress(ConnectionError, TimeoutError):
                    self._talk(raw, random)

    def _talk(self, raw: socket.socket, random: Random) -> None:
        kind = random.random()
        if kind < 0.15:
            if self._take(1):
                raw.sendall(random.choice(self._streams))
                raw.shutdown(socket.SHUT_WR)
                self._listen(raw, b"")
            return
        token = random.choice(self._tokens)
        raw.sendall(framed("40/volunteer,{}", random))
        if kind < 0.85:
            token = self._hello(raw, random, token)
        reads = random.random() < 0.95
        for _ in range(random.choice((1, 5, 30, 100))):
            sent = packets(random, self._seen, token)
            if not self._take(len(sent)):
                return
            for message in sent:
                raw.sendall(framed(message, random))
            if reads and random.random() < 0.6:  # some are patient enough for an answer
                select.select([raw], [], [], random.choice(_PATIENCE))
                if not self._listen(raw, None):
                    return
        self._leave(raw, random)

    def _hello(self, raw: socket.socket, random: Random, token: str) -> str:
        """A right hello, after which it is a volunteer with a token of its own."""
        if not self._take(1):
            return token
        hello = {"token": token, **MESSAGES["volunteer_hello"]}
        raw.sendall(framed(f'42/volunteer,["volunteer_hello",{json.dumps(hello)}]', random))
        heard = b""
        while b"volunteer_welcome" not in heard and b"volunteer_refused" not in heard:
            block = raw.recv(65_536)
            if not block:
                return token
            heard += block
        self._note(heard)
        found = re.search(rb'"token":"([^"]+)"', heard)
        return found[1].decode() if found else token

    def _listen(self, raw: socket.socket, heard: bytes | None) -> bool:
        """Take what has been said; with `heard`, to the end. Whether the connection goes on."""
        raw.setblocking(heard is not None)
        try:
            while True:
                block = raw.recv(65_536)
                if not block:
                    return False
                self._note(block)
        except BlockingIOError:
            return True
        finally:
            raw.settimeout(30)

    def _leave(self, raw: socket.socket, random: Random) -> None:
        match random.randrange(4):
            case 0:
                raw.sendall(framed("x" * 1000, random)[: random.randrange(1, 900)])
            case 1:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            case 2:
                raw.sendall(framed("41/volunteer,", random))
            case 3:
                raw.sendall(framed("1", random))

    def _note(self, heard: bytes) -> None:
        with self._turn:
            for found in _FOUND.findall(heard):
                self._seen.add(found.split(b"_")[0].decode(), found.decode())
            for found in _TOKEN.findall(heard):
                self._seen.add("token", found.decode())
            self.said.update(code.decode() for code in _REFUSED.findall(heard))
            for word in (b"lease_offer", b"result_ack", b"lease_revoke", b"volunteer_welcome"):
                self.said[word.decode()] += heard.count(word)
