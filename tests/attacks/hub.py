"""A served hub for attackers: raw sockets into it, and what it costs the machine."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import requests

from tests.web.served import ServedHub

_RATES = {
    "OWC_SUBMISSIONS_PER_MINUTE": "1000000",
    "OWC_UPLOADS_PER_MINUTE": "1000000",
    "OWC_HELLOS_PER_MINUTE": "1000000",
    "OWC_CONNECTIONS_PER_ADDRESS": "10000",
}


class AttackedHub(ServedHub):
    """A hub that is asked how it is."""

    def assert_well(self) -> None:
        """It answers, and nothing has failed in it, though the other side may have been refused."""
        assert requests.get(f"{self.url}/readyz", timeout=30).ok
        failures = [line for line in self.log().splitlines() if _is_failure(line)]
        assert not failures, failures[:5]

    def pids(self) -> list[int]:
        """The web process and its children (Redis, the worker)."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [self.process.pid, *map(int, children.split())]

    def files(self) -> int:
        """Descriptors that the web process has open."""
        assert self.process is not None
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


def _is_failure(line: str) -> bool:
    if "is not an accepted origin" in line:
        return False  # so says engineio of what it refuses
    return "Traceback" in line or " ERROR " in line or " CRITICAL " in line


@contextmanager
def attacked(folder: Path, variables: Mapping[str, str] | None = None) -> Iterator[AttackedHub]:
    """A hub that serves from here to the end of the block, and ends in order."""
    hub = AttackedHub(folder, variables={**_RATES, **(variables or {})})
    try:
        hub.start()
        yield hub
    finally:
        status = hub.stop()
    assert status == 0


def memory_bytes(pid: int) -> int:
    """What of the machine's memory is a process's own: proportional to how many share a page."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("the kernel does not say")


def peak_bytes(pid: int) -> int:
    """The most that a process has had in memory since `forget_peak`."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("the kernel does not say")


def forget_peak(pid: int) -> None:
    """Measure the peak anew from here."""
    with contextlib.suppress(PermissionError):
        Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")


def ask(hub: ServedHub, data: bytes, *, seconds: float = 10, most: int = 100_000) -> bytes:
    """What comes back for these bytes, to the end of the connection or of `most` bytes."""
    with socket.create_connection(("127.0.0.1", hub.port), timeout=seconds) as raw:
        raw.sendall(data)
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while len(answer) < most and (block := raw.recv(65_536)):
                answer += block
        return answer


def request(
    start: str, *headers: str, body: bytes = b"", host: str = "localhost", version: str = "1.1"
) -> bytes:
    """A request as it stands on the wire, as its author wrote it."""
    lines = [f"{start} HTTP/{version}", *([f"Host: {host}"] if host else []), *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body
