"""A small disk of its own for a folder of a cluster, which can be filled (Linux, root)."""

from __future__ import annotations

import contextlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

_BLOCK_BYTES = 64 * 1024
_FILLER = "filler"


@dataclass(frozen=True, kw_only=True)
class Disk:
    """A file system in memory, mounted at `folder`."""

    folder: Path

    def fill(self) -> None:
        """Leave no byte free."""
        block = bytes(_BLOCK_BYTES)
        with (self.folder / _FILLER).open("wb", buffering=0) as file:
            for size in (_BLOCK_BYTES, 1):  # the last page too
                with contextlib.suppress(OSError):
                    while file.write(block[:size]):
                        pass

    @property
    def free_bytes(self) -> int:
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize

    def free(self) -> None:
        (self.folder / _FILLER).unlink(missing_ok=True)

    def remove(self) -> None:
        subprocess.run(["umount", "--lazy", str(self.folder)], check=False, capture_output=True)


def make_disk(folder: Path, *, megabytes: int) -> Disk | None:
    """Mount one; None where that is not permitted."""
    folder.mkdir(mode=0o700)
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "tmpfs", str(folder)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (subprocess.CalledProcessError, FileNotFoundError):
        return None
    return Disk(folder=folder)
