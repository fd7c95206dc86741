"""Hundreds of light volunteers in one process: they say hello, take leases and compute nothing
(`tests.cluster.working_crowd`: those that do).

`python -m tests.cluster.crowd URL MEMBERS SUB_JOBS` says one line once the crowd holds so many
sub-jobs between them, or after two minutes whatever it holds; it then holds on until it is killed.
Speaks Engine.IO and Socket.IO over
bare WebSockets: a full client for each would be too heavy.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import requests
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    RejectConnection,
    Request,
    TextMessage,
)

_NAMESPACE = "/volunteer"
_RECEIVE_BYTES = 65_536
_ASK_AGAIN_SECONDS = 1.0
_AT_A_TIME = 50
_GATHER_SECONDS = 120.0
HELLO = {
    "protocol": 1,
    "kind": "native",
    "volunteer_token": None,
    "site": "",
    "capabilities": {
        "cores": 1,
        "memory_bytes": 2**31,
        "features": ["simd128"],
        "mobile": False,
        "score": 1.0,
        "engine": "crowd",
    },
    "lease_ids": [],
}


class Crowd:
    """The members and the sub-jobs that they hold."""

    def __init__(self, url: str, members: int, sub_jobs: int) -> None:
        self._url, self._members, self._wanted = url, members, sub_jobs
        answer = requests.post(f"{url}/volunteer/token", json={"kind": "native"}, timeout=30)
        self._token: str = answer.json()["token"]
        self._door = asyncio.Semaphore(_AT_A_TIME)  # those who connect at the same time
        self._held: set[str] = set()
        self._connected = 0
        self._is_full = asyncio.Event()

    async def run(self) -> None:
        """Come, take everything, say so, stay."""
        members = [asyncio.create_task(self._member()) for _ in range(self._members)]
        full = asyncio.create_task(self._is_full.wait())
        await asyncio.wait(
            [full, *members], timeout=_GATHER_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        for member in members:
            if member.done():
                member.result()  # raises what went wrong
        said = {"members": self._connected, "sub_jobs": len(self._held)}
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()
        await asyncio.gather(*members)

    async def _member(self) -> None:
        socket = Socket()
        request: dict[str, Any] = {"sub_jobs": -(-self._wanted // self._members)}
        await self._door.acquire()
        await socket.open(self._url)
        async for name, payload in socket.events():
            if name == "connect":
                await socket.emit("volunteer_hello", {"token": self._token, **HELLO})
            elif name == "volunteer_welcome":
                self._door.release()
                self._connected += 1
                request["token"] = payload["token"]
                await socket.emit("lease_request", request)
            elif name == "lease_offer":
                self._hold(payload["sub_jobs"])
                if not payload["sub_jobs"]:
                    await asyncio.sleep(_ASK_AGAIN_SECONDS)
                if not self._is_full.is_set():
                    await socket.emit("lease_request", request)
            elif name == "volunteer_refused":
                raise RuntimeError(payload["message"])

    def _hold(self, sub_jobs: list[dict[str, Any]]) -> None:
        self._held |= {sub_job["sub_job_id"] for sub_job in sub_jobs}
        if len(self._held) >= self._wanted and self._connected == self._members:
            self._is_full.set()


class Socket:
    """One WebSocket that speaks Socket.IO in one namespace; once lost, it is of no use."""

    def __init__(self) -> None:
        self._protocol = WSConnection(ConnectionType.CLIENT)
        self._writer: asyncio.StreamWriter | None = None

    async def open(self, url: str) -> None:
        parts = urlsplit(url)
        host, port = str(parts.hostname), parts.port or 80
        self._reader, self._writer = await asyncio.open_connection(host, port)
        target = "/socket.io/?EIO=4&transport=websocket"
        self._send(Request(host=f"{host}:{port}", target=target))

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()

    async def emit(self, name: str, message: dict[str, Any], **attachment: bytes) -> None:
        """`attachment`: one at most, a value of the message."""
        holes = {key: {"_placeholder": True, "num": 0} for key in attachment}
        kind = "451-" if attachment else "42"
        self._say(f"{kind}{_NAMESPACE},{json.dumps([name, message | holes])}")
        for content in attachment.values():
            self._send(BytesMessage(data=content))
        assert self._writer is not None
        await self._writer.drain()

    async def events(self) -> AsyncIterator[tuple[str, Any]]:
        """Names and payloads, with their attachment, until it is lost; pings are answered on the
        way."""
        text, content = "", b""
        waiting: tuple[str, Any] | None = None  # for its attachment
        while data := await self._reader.read(_RECEIVE_BYTES):
            self._protocol.receive_data(data)
            for event in self._protocol.events():
                if isinstance(event, AcceptConnection):
                    self._say(f"40{_NAMESPACE},")
                elif isinstance(event, RejectConnection):
                    raise RuntimeError(f"no WebSocket, but {event.status_code}")
                elif isinstance(event, CloseConnection):
                    return
                elif isinstance(event, TextMessage):
                    text += event.data
                    if event.message_finished:
                        whole, text = text, ""
                        if whole == "2":
                            self._say("3")
                        elif whole.startswith("40"):
                            yield "connect", None
                        elif whole.startswith(("42", "450")):
                            yield self._event(whole.partition(",")[2])
                        elif whole.startswith("451"):
                            waiting = self._event(whole.partition(",")[2])
                elif isinstance(event, BytesMessage):
                    content += event.data
                    if event.message_finished and waiting is not None:
                        yield _filled(*waiting, content)
                        waiting, content = None, b""

    def _event(self, text: str) -> tuple[str, Any]:
        """Name and payload, of which the hub may want to know when they arrived."""
        number = text[: text.index("[")]
        if number:
            self._say(f"43{_NAMESPACE},{number}[]")
        name, payload = json.loads(text[len(number) :])
        return name, payload

    def _say(self, text: str) -> None:
        self._send(TextMessage(data=text))

    def _send(self, event: Any) -> None:
        assert self._writer is not None
        self._writer.write(self._protocol.send(event))


def _filled(name: str, payload: dict[str, Any], content: bytes) -> tuple[str, Any]:
    """With its one attachment where its place is."""
    hole = next(
        key for key, value in payload.items() if isinstance(value, dict) and "_placeholder" in value
    )
    return name, {**payload, hole: content}


def main() -> None:
    url, members, sub_jobs = sys.argv[1:]

    async def run() -> None:
        await Crowd(url, int(members), int(sub_jobs)).run()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run())


if __name__ == "__main__":
    main()
