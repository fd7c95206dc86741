"""Which client this hub serves: a name for the code that a tab has loaded.

A tab that stays open over an upgrade goes on with the code that it has; by the name in its hello
the hub knows that it is not today's, and says so.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

from owc.assets import asset

_FILES = (
    "agent.css",
    "agent.js",
    "benchmark.wasm",
    "frame.css",
    "frame.js",
    "panel.css",
    "protocol.js",
    "worker.js",
)
_FOLDERS = ("frame", "vendor")
_PAGE = Path(__file__).parent / "templates" / "frame.html"
_LENGTH = 16


@functools.cache
def client_build() -> str:
    """The first digits of a SHA-256 over the client's files, as they were when first asked for."""
    static = asset("static")
    folders = (path for name in _FOLDERS for path in (static / name).rglob("*") if path.is_file())
    digest = hashlib.sha256(_PAGE.read_bytes())
    for path in sorted([*(static / name for name in _FILES), *folders]):
        body = path.read_bytes()
        digest.update(f"{path.relative_to(static).as_posix()} {len(body)}\n".encode() + body)
    return digest.hexdigest()[:_LENGTH]
