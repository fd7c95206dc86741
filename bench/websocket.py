"""`python -m bench.websocket`: the stock WebSocket driver and ours, side by side in one run.

An echo through a whole Socket.IO server (one process on one core; the load on another), for several
sizes; and the memory of idle connections. The load sends bytes that were made beforehand and counts
what comes back, so that it costs little itself. Prints a table and writes JSON. What decides is the
server's CPU time a round trip; wall time is also that of whoever shares the machine.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
import os
import resource
import selectors
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "bench" / "results" / "websocket.json"
DRIVERS = ("stock", "ours")
MASK = b"\x5a\x13\xc7\xe9"
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True)
class Load:
    """So many connections, each with one message under way."""

    name: str
    payload_bytes: int
    binary: bool
    connections: int
    seconds: float = 3.0


LOADS = (
    Load(name="text 64 B", payload_bytes=64, binary=False, connections=16),
    Load(name="binary 64 B", payload_bytes=64, binary=True, connections=16),
    Load(name="binary 1 KB", payload_bytes=1 << 10, binary=True, connections=16),
    Load(name="binary 64 KB", payload_bytes=64 << 10, binary=True, connections=4),
    Load(name="binary 1 MB", payload_bytes=1 << 20, binary=True, connections=2),
)


@dataclass(kw_only=True)
class Row:
    """One line of the table: one value a repetition, for each driver."""

    what: str
    unit: str
    values: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in DRIVERS})

    def median(self, driver: str) -> float:
        return statistics.median(self.values[driver])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each load")
    parser.add_argument("--connections", type=int, default=2_000, help="idle ones")
    parser.add_argument("--json", type=Path, default=RESULTS)
    options = parser.parse_args()
    rows = _measure(options.repetitions, options.seconds, options.connections)
    _print(rows)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    document = {"machine": _machine(), "rows": [asdict(row) for row in rows]}
    options.json.write_text(json.dumps(document, indent=2) + "\n")
    print(f"written to {options.json}")


def _measure(repetitions: int, seconds: float, connections: int) -> list[Row]:
    trips = {load.name: Row(what=f"echo, {load.name}", unit="round trips/s") for load in LOADS}
    costs = {load.name: Row(what=f"echo, {load.name}", unit="CPU us/round trip") for load in LOADS}
    memory = Row(what=f"{connections} idle connections", unit="KB each (PSS)")
    opening = Row(what=f"{connections} idle connections", unit="opened/s")
    for _ in range(repetitions):
        for driver in DRIVERS:
            for load in LOADS:
                with _server(driver) as (port, pid):
                    per_second, cpu = _echo(port, pid, load, seconds)
                trips[load.name].values[driver].append(per_second)
                costs[load.name].values[driver].append(cpu)
            with _server(driver) as (port, pid):
                each, rate = _idle(port, pid, connections)
            memory.values[driver].append(each)
            opening.values[driver].append(rate)
    return [*trips.values(), *costs.values(), memory, opening]


def _echo(port: int, pid: int, load: Load, seconds: float) -> tuple[float, float]:
    """Round trips a second, and microseconds of the server's CPU each."""
    request = _event(load)
    wires = [_connect(port) for _ in range(load.connections)]
    expected = _round_trip(wires[0], request)
    with selectors.DefaultSelector() as selector:
        received = dict.fromkeys(wires, 0)
        for wire in wires:
            selector.register(wire, selectors.EVENT_READ)
            wire.sendall(request)
        begun, cpu = time.perf_counter(), _cpu_seconds(pid)
        done = 0
        while time.perf_counter() - begun < seconds:
            for key, _ in selector.select():
                wire = key.fileobj
                assert isinstance(wire, socket.socket)
                received[wire] += len(wire.recv(1 << 18))
                if received[wire] == expected:
                    received[wire] = 0
                    done += 1
                    wire.sendall(request)
        wall, cpu = time.perf_counter() - begun, _cpu_seconds(pid) - cpu
    for wire in wires:
        wire.close()
    return done / wall, cpu / done * 1e6


def _idle(port: int, pid: int, connections: int) -> tuple[float, float]:
    """Kilobytes a connection, and how many are opened a second."""
    wires = [_connect(port) for _ in range(50)]  # what comes with the first ones is no connection's
    before, begun = _pss_bytes(pid), time.perf_counter()
    wires += [_connect(port) for _ in range(connections)]
    wall = time.perf_counter() - begun
    each = (_pss_bytes(pid) - before) / connections / 1e3
    for wire in wires:
        wire.close()
    return each, connections / wall


def _connect(port: int) -> socket.socket:
    """A Socket.IO connection, past its opening messages."""
    wire = socket.create_connection(("127.0.0.1", port), timeout=30)
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    key = base64.b64encode(os.urandom(16)).decode()
    wire.sendall(
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0\r\n"
        f"Origin: http://127.0.0.1\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
    )
    _read_until(wire, b"maxPayload")
    wire.sendall(_frame(b"40", binary=False))
    _read_until(wire, b'40{"sid"')
    return wire


def _read_until(wire: socket.socket, words: bytes) -> None:
    seen = b""
    while words not in seen or not seen.endswith(b"}"):
        more = wire.recv(4096)
        assert more, f"the server ended the connection after {seen!r}"
        seen += more


def _round_trip(wire: socket.socket, request: bytes) -> int:
    """The length of the answer, which is the same every time."""
    wire.sendall(request)
    received = wire.recv(1 << 20)
    wire.settimeout(0.5)
    with contextlib.suppress(TimeoutError):
        while more := wire.recv(1 << 20):
            received += more
    wire.settimeout(30)
    assert len(received) >= len(request) - 32, "an echo is as long as what was said"
    return len(received)


def _event(load: Load) -> bytes:
    if not load.binary:
        return _frame(b'42["echo","' + b"x" * load.payload_bytes + b'"]', binary=False)
    head = _frame(b'451-["echo",{"_placeholder":true,"num":0}]', binary=False)
    return head + _frame(os.urandom(load.payload_bytes), binary=True)


def _frame(payload: bytes, *, binary: bool) -> bytes:
    length = len(payload)
    head = bytes([0x82 if binary else 0x81])
    if length < 126:
        head += bytes([0x80 | length])
    elif length < 1 << 16:
        head += b"\xfe" + length.to_bytes(2, "big")
    else:
        head += b"\xff" + length.to_bytes(8, "big")
    mask = int.from_bytes((MASK * (length // 4 + 1))[:length], "big")
    return head + MASK + (int.from_bytes(payload, "big") ^ mask).to_bytes(length, "big")


@contextlib.contextmanager
def _server(driver: str) -> Iterator[tuple[int, int]]:
    """Port and process id of an echo server on the first core; the load runs on the last."""
    cores = sorted(os.sched_getaffinity(0))
    command = [sys.executable, "-m", "bench.websocket_server", driver]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=subprocess.DEVNULL) as process:
        os.sched_setaffinity(process.pid, {cores[0]})
        os.sched_setaffinity(0, {cores[-1]})
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline()), process.pid
        finally:
            process.terminate()
            os.sched_setaffinity(0, set(cores))


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _pss_bytes(pid: int) -> int:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(rollup.partition("\nPss:")[2].split()[0]) * 1024


def _machine() -> dict[str, object]:
    model = Path("/proc/cpuinfo").read_text().partition("model name\t: ")[2].partition("\n")[0]
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "python": sys.version.split()[0],
        "load": os.getloadavg()[0],  # others' too
    }


def _print(rows: list[Row]) -> None:
    print(f"{'':28}{'':20}{'stock':>12}{'ours':>12}{'ratio':>8}   (medians)")
    for row in rows:
        stock, ours = row.median("stock"), row.median("ours")
        less_is_more = row.unit.startswith(("CPU", "KB"))
        ratio = stock / ours if less_is_more else ours / stock
        print(f"{row.what:28}{row.unit:20}{stock:12,.1f}{ours:12,.1f}{ratio:8.2f}")


if __name__ == "__main__":
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    main()
