"""What the hub has stored of volunteers, read from its database while it runs."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from tests.browser.conftest import Processes


def newest_volunteer(processes: Processes) -> dict[str, Any]:
    """What the hub has stored of who came last."""
    database = processes.folder / "hub" / "owc.sqlite3"
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        query = "SELECT capabilities, speed, kind FROM volunteer ORDER BY created_at DESC LIMIT 1"
        capabilities, speed, kind = connection.execute(query).fetchone()
    finally:
        connection.close()
    return {**json.loads(capabilities), "speed": speed, "kind": kind}
