"""The Autobahn test suite against our WebSockets: `make autobahn`, or with some cases only

    python -m tests.conformance.autobahn '6.*' 7.9.1

The suite is published for Python 2.7 only (its 25.10.1 too), so it gets an environment of its own,
made by an interpreter that is found on the PATH, in pyenv, or named by PYTHON2. Compression (12 and
13) is not run, since it is never agreed on. Prints each verdict; the exit status tells of failures.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENVIRONMENT = ROOT / ".venv-autobahn"
SUITE = "autobahntestsuite==25.10.1"
CASES = ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "9.*", "10.*"]
PASSES = {"OK", "INFORMATIONAL"}
_START_SECONDS = 20


def main(cases: list[str]) -> int:
    suite = _installed_suite()
    with tempfile.TemporaryDirectory() as folder, _echo_server() as port:
        verdicts = _run(suite, Path(folder), port, cases or CASES)
    counts: Counter[str] = Counter()
    for case in sorted(verdicts, key=lambda name: [int(part) for part in name.split(".")]):
        verdict = verdicts[case]
        behavior, close = verdict["behavior"], verdict["behaviorClose"]
        counts[behavior if behavior == close else f"{behavior}, close {close}"] += 1
        print(f"{case:8} {behavior:14} close: {close:14} {verdict['duration']:6} ms")
    print(f"{len(verdicts)} cases:", ", ".join(f"{n} {name}" for name, n in counts.items()))
    failed = [
        case
        for case, verdict in verdicts.items()
        if verdict["behavior"] not in PASSES or verdict["behaviorClose"] not in PASSES
    ]
    if failed:
        print("not passed:", ", ".join(sorted(failed)))
    return 1 if failed or not verdicts else 0


def _installed_suite() -> Path:
    suite = ENVIRONMENT / "suite" / "bin" / "wstest"
    if suite.exists():
        return suite
    python2 = _python2()
    # the last virtualenv that makes environments of Python 2.7
    subprocess.run([sys.executable, "-m", "venv", ENVIRONMENT / "maker"], check=True)
    maker = ENVIRONMENT / "maker" / "bin" / "python"
    pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([maker, *pip, "virtualenv<20.22"], check=True)
    made = ENVIRONMENT / "suite"
    subprocess.run([maker, "-m", "virtualenv", "--quiet", "-p", python2, made], check=True)
    quiet = {**os.environ, "PYTHONWARNINGS": "ignore"}
    subprocess.run([made / "bin" / "python", *pip, SUITE], check=True, env=quiet)
    return suite


def _python2() -> str:
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    known = sorted(str(path) for path in pyenv.glob("versions/2.7*/bin/python2.7"))
    for name in (os.environ.get("PYTHON2"), *known, "python2.7", "python2"):
        found = shutil.which(name) if name else None
        if (
            found
            and subprocess.run([found, "-V"], capture_output=True, check=False).returncode == 0
        ):
            return found
    sys.exit("The Autobahn suite needs a Python 2.7: name one by PYTHON2.")


@contextlib.contextmanager
def _echo_server() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    command = [sys.executable, "-m", "tests.conformance.echo", str(port)]
    with subprocess.Popen(command, cwd=ROOT) as server:
        try:
            deadline = time.monotonic() + _START_SECONDS
            while True:
                with contextlib.suppress(ConnectionRefusedError):
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                assert time.monotonic() < deadline, "the echo server does not start"
                time.sleep(0.05)
            yield port
        finally:
            server.terminate()


def _run(suite: Path, folder: Path, port: int, cases: list[str]) -> dict[str, dict[str, str]]:
    spec = {
        "outdir": str(folder / "reports"),
        "servers": [{"agent": "owc", "url": f"ws://127.0.0.1:{port}"}],
        "cases": cases,
    }
    (folder / "spec.json").write_text(json.dumps(spec))
    command = [suite, "-m", "fuzzingclient", "-s", folder / "spec.json"]
    said = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    index = folder / "reports" / "index.json"
    if not index.exists():
        sys.exit(f"the suite ended with {said.returncode}:\n{said.stdout}\n{said.stderr}")
    verdicts: dict[str, dict[str, str]] = json.loads(index.read_text())["owc"]
    return verdicts


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
