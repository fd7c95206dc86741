"""Whether the worker process of a name still lives, as far as this machine can tell."""

from __future__ import annotations

import os
import re
import socket

CHECKING = "-checks"
_NAME = re.compile(rf"owc-(?P<host>.+)-(?P<pid>\d+)(?:{CHECKING})?")


def worker_name(suffix: str = "") -> str:
    """The name of this process as an RQ worker: tells its machine and its process id. `suffix`:
    that of a further worker in it, such as `CHECKING`."""
    return f"owc-{socket.gethostname()}-{os.getpid()}{suffix}"


def is_alive(name: str) -> bool:
    """False only for a worker of this machine whose process is gone. One of another machine is
    believed alive; if it is not, RQ's own heartbeat ends its tasks."""
    match = _NAME.fullmatch(name)
    if match is None or match["host"] != socket.gethostname():
        return True
    try:
        os.kill(int(match["pid"]), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
