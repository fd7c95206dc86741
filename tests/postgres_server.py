"""A PostgreSQL server for tests: in a temporary folder, on a free port of this machine.

`python -m tests.postgres_server COMMAND...` runs a command with OWC_TEST_DATABASE_URL naming a new,
empty database, and ends the server with it. PostgreSQL refuses to run as root: root starts it as
the user `postgres` of the system's package.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from owc.cli.processes import free_port

USER = "postgres"
_FOLDERS = Path("/usr/lib/postgresql")
_START_SECONDS = 30


def postgres_program(name: str) -> str | None:
    """The newest version's; Debian keeps them off the PATH."""
    for folder in sorted(_FOLDERS.glob("*/bin"), key=_version, reverse=True):
        if (folder / name).exists():
            return str(folder / name)
    return shutil.which(name)


@contextmanager
def postgres_server() -> Iterator[str]:
    """The URL of an empty database for SQLAlchemy. Raises FileNotFoundError where PostgreSQL is not
    installed."""
    initdb, control = postgres_program("initdb"), postgres_program("pg_ctl")
    if initdb is None or control is None:
        raise FileNotFoundError("PostgreSQL is not installed")
    become = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups"]
    prefix = become if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(prefix="owc-postgres-") as name:
        folder, port = Path(name), free_port(0)
        if prefix:
            shutil.chown(folder, USER, USER)
        data = folder / "data"

        def run(*command: str) -> None:
            subprocess.run([*prefix, *command], check=True, stdout=subprocess.DEVNULL, cwd=folder)

        # nothing of it outlives the tests: no disk is waited for
        run(initdb, "-D", str(data), "-U", "owc", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
        options += " -c fsync=off -c deadlock_timeout=100ms"
        log, wait = str(folder / "log"), str(_START_SECONDS)
        run(control, "start", "-w", "-t", wait, "-D", str(data), "-l", log, "-o", options)
        try:
            yield f"postgresql+psycopg://owc@127.0.0.1:{port}/postgres"
        finally:
            run(control, "stop", "-m", "immediate", "-D", str(data))


def _version(folder: Path) -> int:
    return int(folder.parent.name) if folder.parent.name.isdigit() else 0


def main() -> int:
    """Run the command that the arguments are; told to end, the server is ended first."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with postgres_server() as url:
        environ = {**os.environ, "OWC_TEST_DATABASE_URL": url}
        return subprocess.run(sys.argv[1:], env=environ, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
