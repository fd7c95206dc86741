"""A network of its own for one part of a cluster, with a link that can be cut (Linux, root)."""

from __future__ import annotations

import contextlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

_PREFIX = "owc"
_FOLDER = Path("/run/netns")
_FIRST_NETWORK = "10.213"


@dataclass(frozen=True, kw_only=True)
class Network:
    """A network namespace that a pair of virtual interfaces connects to this machine."""

    namespace: str
    address: str
    _outer: str
    _inner: str

    def cut(self) -> None:
        """Take the link down: packets are lost in silence, both ways."""
        _ip("-n", self.namespace, "link", "set", self._inner, "down")

    def mend(self) -> None:
        _ip("-n", self.namespace, "link", "set", self._inner, "up")

    def forget_connections(self) -> None:
        """As a machine that lost its power: its side of every connection is gone without a word,
        if the link is cut."""
        command = ["ip", "netns", "exec", self.namespace, "ss", "-K", "state", "established"]
        subprocess.run(command, check=False, capture_output=True)

    def remove(self) -> None:
        """Again is no error."""
        for command in (("link", "delete", self._outer), ("netns", "delete", self.namespace)):
            with contextlib.suppress(subprocess.CalledProcessError):
                _ip(*command)


def make_network(number: int) -> Network | None:
    """The `number`-th network of this process; None where that is not permitted."""
    _remove_left_over()
    pid = os.getpid()
    namespace, outer, inner = f"{_PREFIX}-{pid}-{number}", f"{_PREFIX}{pid}a{number}", "eth0"
    block = (pid * 8 + number) % (256 * 64)  # of four addresses
    network = f"{_FIRST_NETWORK}.{block // 64}"
    here, there = (f"{network}.{block % 64 * 4 + place}" for place in (1, 2))
    made = Network(namespace=namespace, address=there, _outer=outer, _inner=inner)
    try:
        _ip("netns", "add", namespace)
        _ip("link", "add", outer, "type", "veth", "peer", "name", inner, "netns", namespace)
        _ip("address", "add", f"{here}/30", "dev", outer)
        _ip("-n", namespace, "address", "add", f"{there}/30", "dev", inner)
        _ip("link", "set", outer, "up")
        _ip("-n", namespace, "link", "set", "lo", "up")
        _ip("-n", namespace, "link", "set", inner, "up")
    except (subprocess.CalledProcessError, FileNotFoundError):
        with contextlib.suppress(FileNotFoundError):
            made.remove()
        return None
    return made


def _remove_left_over() -> None:
    """What a process made that was killed before it could tidy up."""
    for path in _FOLDER.glob(f"{_PREFIX}-*-*"):
        pid = path.name.split("-")[1]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            with contextlib.suppress(subprocess.CalledProcessError):
                _ip("netns", "delete", path.name)  # its link goes with it


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
