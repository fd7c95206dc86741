"""Where members of a cast begin: `python -m tests.cast.stage` forks a process for each part that it
reads, a line of JSON, and answers with its id. When its input ends, all that still play are ended.

Everything has been imported by then, which takes seconds of a core where a fork takes none.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from typing import NoReturn

from owc.cli.serve import end_with_parent, set_up_logging
from owc.volunteer import HubRefusedError
from tests.cast.liars import KINDS
from tests.cast.member import connect_from
from tests.cast.part import Part

_FAILED = 1


def main() -> None:
    """Begin parts until there are no more."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how they ended: their logs say it
    stage, pids = os.getpid(), []
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _play(Part(**json.loads(line)), stage)
        pids.append(pid)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)


def _play(part: Part, stage: int) -> NoReturn:
    """Be a volunteer until somebody says that it is enough."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, _interrupt)
    end_with_parent(stage)
    nothing = os.open(os.devnull, os.O_RDONLY)
    log = os.open(part.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for old, new in ((0, nothing), (1, log), (2, log)):
        os.dup2(new, old)
    set_up_logging(verbose=False)
    connect_from(part.address)
    status = _FAILED
    try:
        member = KINDS[part.kind](part)
        try:
            member.run()
        except KeyboardInterrupt:
            status = 0
        finally:
            member.close()
    except HubRefusedError as error:
        sys.stderr.write(f"owc: {error}\n")
    except Exception:  # noqa: BLE001 - the last chance to say it
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(status)  # its threads are not waited for, nor is what the stage would do


def _interrupt(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
