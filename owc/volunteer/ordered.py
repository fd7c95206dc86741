"""A Socket.IO client that hears messages in the order in which they come.

The library hands each to a thread of its own, so that on a busy machine an attachment overtakes
the event that it belongs to, and both are lost. Handlers here only put into a queue, and may run
on the reader's thread.
"""

from __future__ import annotations

from typing import Any

import engineio  # type: ignore[import-untyped]  # it ships none
import socketio


class _OrderedEngine(engineio.Client):  # type: ignore[misc]  # untyped
    def _trigger_event(self, event: str, *args: Any, **more: Any) -> Any:
        return super()._trigger_event(event, *args, **{**more, "run_async": False})


class OrderedClient(socketio.Client):  # type: ignore[misc]  # untyped
    """Its handlers must not wait for anything that the hub says."""

    def _engineio_client_class(self) -> type[engineio.Client]:
        return _OrderedEngine
