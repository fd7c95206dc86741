"""A native volunteer: what a browser does for a hub, done by wasmtime in a process of one's own."""

from __future__ import annotations

from owc.volunteer.volunteer import HubRefusedError, Volunteer

__all__ = ["HubRefusedError", "Volunteer"]
