"""The loaders that a hub has served, each under an address that never changes what it gives.

A page that pins the digest of its script (`integrity`) would go dark at the hub's next upgrade if
only the newest loader were there: so every one is kept. They are a few kilobytes each.
"""

from __future__ import annotations

import base64
import hashlib
from html import escape

from owc.services.hub import Hub
from owc.store import LoaderRow

VERSION_CHARS = 16


def version_of(script: bytes) -> str:
    """What a loader is called in its address: the first digits of its SHA-256."""
    return hashlib.sha256(script).hexdigest()[:VERSION_CHARS]


def integrity_of(script: bytes) -> str:
    """What a tag's `integrity` says of a script."""
    return "sha384-" + base64.b64encode(hashlib.sha384(script).digest()).decode()


def path_of(script: bytes) -> str:
    """Where the hub serves a loader for ever."""
    return f"/loader/{version_of(script)}/openwebcompute.js"


def tag(script: bytes, address: str, site: str | None = None) -> str:
    """The tag, pinned to this loader, for the pages of a site. `address`: of the hub."""
    of_site = f' data-site="{escape(site)}"' if site else ""
    return (
        f'<script src="{escape(address)}{path_of(script)}" integrity="{integrity_of(script)}"'
        f' crossorigin="anonymous"{of_site} async></script>'
    )


def keep(hub: Hub, script: bytes) -> None:
    """From now on this loader is served; again is no error."""
    version = version_of(script)
    with hub.database.read() as session:
        if session.get(LoaderRow, version) is not None:
            return
    with hub.database.write() as session:
        session.merge(
            LoaderRow(version=version, script=script.decode(), created_at=hub.clock.now())
        )


def find(hub: Hub, version: str) -> bytes | None:
    """The loader of that version, if this hub ever served it."""
    with hub.database.read() as session:
        row = session.get(LoaderRow, version)
        return None if row is None else row.script.encode()
