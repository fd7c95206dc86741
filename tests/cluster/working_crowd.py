"""Hundreds of light volunteers in one process that compute, and come back whenever they are lost.

`python -m tests.cluster.working_crowd URL MEMBERS` answers each line of its input with one of
output: how many are connected, how often they were welcomed, how many results were stored. It ends
with its input. What a member held when its connection broke is lost: the hub gives it to others.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests
from wsproto.utilities import ProtocolError

from tests.cluster.computing import computed
from tests.cluster.crowd import HELLO, Socket

_AT_A_TIME = 50
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0
_LOST = (OSError, RuntimeError, ProtocolError, requests.RequestException)
_SUB_JOBS = 1


class WorkingCrowd:
    """The members, who share one thread to compute in."""

    def __init__(self, url: str, members: int) -> None:
        self._url, self._members = url, members
        self._door = asyncio.Semaphore(_AT_A_TIME)  # those who connect at the same time
        self._computing = ThreadPoolExecutor(1)
        self._fetching = ThreadPoolExecutor(4)
        self._token: str | None = None
        self._programs: dict[str, bytes] = {}
        self._counts = {"connected": 0, "welcomes": 0, "stored": 0}

    async def run(self) -> None:
        """Until there is no more input."""
        members = [asyncio.create_task(self._member()) for _ in range(self._members)]
        while await asyncio.to_thread(sys.stdin.readline):
            for member in members:
                if member.done():
                    member.result()  # raises what went wrong
            sys.stdout.write(json.dumps(self._counts) + "\n")
            sys.stdout.flush()
        for member in members:
            member.cancel()

    async def _member(self) -> None:
        """Come, work, and come again with growing pauses, as volunteers do."""
        pause, identity = _FIRST_PAUSE, None
        while True:
            socket = Socket()
            try:
                welcome = await self._come(socket, identity)
                pause, identity = _FIRST_PAUSE, welcome["volunteer_token"]
                await self._work(socket, welcome["token"])
            except _LOST:
                pass
            finally:
                socket.close()
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _come(self, socket: Socket, identity: str | None) -> dict[str, Any]:
        async with self._door:
            if self._token is None:  # one does for all: an address may not ask for hundreds
                self._token = await self._in_thread(self._frame_token)
            await socket.open(self._url)
            async for name, payload in socket.events():
                if name == "connect":
                    hello = {**HELLO, "token": self._token, "volunteer_token": identity}
                    await socket.emit("volunteer_hello", hello)
                elif name == "volunteer_welcome":
                    welcome: dict[str, Any] = payload
                    return welcome
                elif name == "volunteer_refused":
                    self._token = None
        raise ConnectionResetError("before the welcome")

    async def _work(self, socket: Socket, token: str) -> None:
        self._counts["connected"] += 1
        self._counts["welcomes"] += 1
        ask = {"token": token, "sub_jobs": _SUB_JOBS}
        try:
            await socket.emit("lease_request", ask)
            async for name, payload in socket.events():
                if name == "lease_offer" and payload["sub_jobs"]:
                    results, outputs = await self._computed(payload)
                    report = {"token": token, "lease_id": payload["lease_id"], "results": results}
                    await socket.emit(
                        "result_report", {**report, "wants": _SUB_JOBS}, outputs=outputs
                    )
                elif name == "work_available":
                    await socket.emit("lease_request", ask)
                elif name == "result_ack":
                    stored = [each["status"] == "stored" for each in payload["results"]]
                    self._counts["stored"] += sum(stored)
        finally:
            self._counts["connected"] -= 1

    async def _computed(self, offer: dict[str, Any]) -> tuple[list[dict[str, Any]], bytes]:
        program = await self._in_thread(self._program, offer["program"])
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._computing, computed, program, offer)

    async def _in_thread(self, function: Any, *arguments: Any) -> Any:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._fetching, function, *arguments)

    def _frame_token(self) -> str:
        address = f"{self._url}/volunteer/token"
        answer = requests.post(address, json={"kind": "native"}, timeout=10)
        answer.raise_for_status()
        return str(answer.json()["token"])

    def _program(self, program: dict[str, Any]) -> bytes:
        name = program["sha256"]
        if name not in self._programs:
            answer = requests.get(self._url + program["url"], timeout=10)
            answer.raise_for_status()
            self._programs[name] = answer.content
        return self._programs[name]


def main() -> None:
    url, members = sys.argv[1:]

    async def run() -> None:
        await WorkingCrowd(url, int(members)).run()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run())


if __name__ == "__main__":
    main()
