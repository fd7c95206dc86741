"""The child: a process that runs batches of chunks and nothing else, one after the other.

What parent and child say to each other is defined here too: frames of a JSON header and bytes.

    parent  {"wasm_bytes", "chunk_bytes": [...], "limits": as `jobspec.run_program` takes them,
             "begin_seconds"}, then the program and the chunks
    child   {"ready"} once; for each chunk {"rows_done", "trap_site", "fuel_used", "cpu_seconds"}
            and the output, or {"code", "message"}; {"late"} instead where it is too late to begin

The child gives way to all other processes of the hub, holds one socket, and has no variable of the
environment that it does not need. It ends when the other end of its socket is closed, however that
comes about and whatever it is at: a thread of it does nothing but listen.

Started by its path, so that `owc.runs` is not imported; of `jobspec` it imports the engine alone:
the rest takes a second to import, and forty megabytes.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
import os
import queue
import resource
import socket
import struct
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

NICENESS: Final = 5
"""A third of the processor beside one other that wants all of it: browsers on the hub's own machine
must not bring its checks to a stand."""

DESCRIPTORS: Final = 64
_HEAD: Final = struct.Struct("<IQ")  # lengths of the JSON and of the bytes


def send(connection: socket.socket, header: Mapping[str, object], *parts: bytes) -> None:
    """Raises OSError, TimeoutError among them where the socket has a time limit."""
    text = json.dumps(header).encode()
    head = _HEAD.pack(len(text), sum(map(len, parts)))
    connection.sendall(b"".join((head, text, *parts)))


def receive(
    connection: socket.socket, deadline: float | None = None
) -> tuple[dict[str, Any], bytes]:
    """The next frame. Raises EOFError, OSError; TimeoutError after `deadline` (time.monotonic)."""
    text_bytes, more_bytes = _HEAD.unpack(_exactly(connection, _HEAD.size, deadline))
    header = json.loads(_exactly(connection, text_bytes, deadline))
    return header, bytes(_exactly(connection, more_bytes, deadline))


def _exactly(connection: socket.socket, size: int, deadline: float | None) -> bytearray:
    data = bytearray(size)
    view = memoryview(data)
    while view:
        if deadline is not None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            connection.settimeout(left)
        count = connection.recv_into(view)
        if not count:
            raise EOFError
        view = view[count:]
    return data


def main() -> None:
    """`child.py DESCRIPTOR DATA_BYTES`: serve the socket of that number until it is closed."""
    connection = socket.socket(fileno=int(sys.argv[1]))
    os.nice(NICENESS)
    engine = _engine()
    _limit(int(sys.argv[2]))
    batches: queue.SimpleQueue[tuple[dict[str, Any], bytes]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(connection, batches), daemon=True).start()
    send(connection, {"ready": True})
    while True:
        _serve(connection, engine, *batches.get())


def _engine() -> Any:
    """`jobspec.run`, without what `jobspec` imports for everybody else."""
    spec = importlib.util.find_spec("jobspec")
    if spec is None:
        raise ImportError("jobspec is not installed beside owc")
    sys.modules["jobspec"] = importlib.util.module_from_spec(spec)
    return importlib.import_module("jobspec.run")


def _limit(data_bytes: int) -> None:
    """What this process may have from now on, beside what it has already.

    RLIMIT_DATA counts what is writable; RLIMIT_AS would count the gigabytes of addresses that the
    engine reserves for each memory, too. Where the kernel does not say how much there is already
    (it is not Linux), the limits of the engine have to do.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
    with contextlib.suppress(OSError):
        # where the machine's memory ends, it is this process that goes
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            name, _, value = line.partition(":")
            if name == "VmData":
                limit = int(value.split()[0]) * 1024 + data_bytes
                resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _listen(
    connection: socket.socket, batches: queue.SimpleQueue[tuple[dict[str, Any], bytes]]
) -> None:
    try:
        while True:
            batches.put(receive(connection))
    finally:
        os._exit(0)  # the parent has gone or wants nothing more, in the midst of a run perhaps


def _serve(connection: socket.socket, engine: Any, header: dict[str, Any], data: bytes) -> None:
    began = time.monotonic()
    seconds = header["begin_seconds"]
    place = header["wasm_bytes"]
    wasm = data[:place]
    for number, size in enumerate(header["chunk_bytes"]):
        if number and seconds is not None and time.monotonic() - began >= seconds:
            send(connection, {"late": True})
            return
        chunk, place = data[place : place + size], place + size
        send(connection, *_run(engine, wasm, chunk, header))


def _run(
    engine: Any, wasm: bytes, chunk: bytes, header: dict[str, Any]
) -> tuple[dict[str, object], bytes]:
    try:
        run = engine.run_program(wasm, chunk, **header["limits"])
    except engine.RunError as error:
        return {"code": error.code, "message": error.message}, b""
    except MemoryError:
        return {"code": "memory", "message": "the run needs more memory than it may have"}, b""
    answer = {
        "rows_done": run.rows_done,
        "trap_site": run.trap_site,
        "fuel_used": run.fuel_used,
        "cpu_seconds": run.cpu_seconds,
    }
    return answer, run.output


if __name__ == "__main__":
    main()
