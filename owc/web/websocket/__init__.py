"""WebSockets of the hub: frames, the driver, Engine.IO on it, and the Socket.IO server."""

from __future__ import annotations

from owc.web.websocket.server import SocketServer

__all__ = ["SocketServer"]
