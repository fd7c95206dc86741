"""The Socket.IO server of a hub: Engine.IO as we need it, and who sends nonsense is hung up on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import socketio

from owc.web.websocket.engine import Engine
from owc.web.websocket.packets import BadPacketError, BoundedPacket

_REFUSALS = frozenset({"Unexpected binary packet"})  # what Socket.IO says to what we let through


class SocketServer(socketio.Server):  # type: ignore[misc]  # untyped
    """A Socket.IO server on our own WebSockets; the options are those of its two base classes."""

    def __init__(self, **options: Any) -> None:
        super().__init__(serializer=BoundedPacket, **options)

    def on_pong(self, namespace: str, heard: Callable[[str, float], None]) -> None:
        """Have `heard` called whenever a ping has been answered by a socket of this namespace: with
        its id, and the seconds that it took. On the task of that connection."""

        def pass_on(eio_sid: str, seconds: float) -> None:
            sid = self.manager.sid_from_eio_sid(eio_sid, namespace)
            if sid is not None:
                heard(sid, seconds)

        self.eio.on_pong = pass_on

    def _engineio_server_class(self) -> type[Engine]:
        return Engine

    def _handle_eio_message(self, eio_sid: str, data: str | bytes) -> None:
        try:
            super()._handle_eio_message(eio_sid, data)
        except BadPacketError:
            self.eio.disconnect(eio_sid)
        except ValueError as error:
            if str(error) not in _REFUSALS:
                raise
            self.eio.disconnect(eio_sid)
