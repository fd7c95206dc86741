"""Socket.IO packets that are what they say: known types, a sane number of attachments.

Its own class takes a billion attachments on trust, lets what is no packet end in a traceback, and
makes a JSON encoder or decoder anew for every message.
"""

from __future__ import annotations

import json
from typing import Any

from socketio.packet import ACK, BINARY_ACK, BINARY_EVENT, CONNECT_ERROR, EVENT, Packet

_PACKET_TYPES = frozenset(range(7)) - {CONNECT_ERROR}  # which only a server sends
_NAMED_TYPES = frozenset({EVENT, BINARY_EVENT})
_ACK_TYPES = frozenset({ACK, BINARY_ACK})
_CATCH_ALL = "*"  # handlers of that name are told other things than those of an event
_MAX_ATTACHMENTS = 1  # all binary of a message is packed into one


class BadPacketError(ValueError):
    """What arrived is no packet of Socket.IO."""


class _Json:
    """What Socket.IO asks of a JSON module; integers are as long as Python lets them be."""

    dumps_compactly = staticmethod(json.JSONEncoder(separators=(",", ":")).encode)
    loads = staticmethod(json.JSONDecoder().decode)

    @classmethod
    def dumps(cls, value: object, **_: object) -> str:
        return cls.dumps_compactly(value)


class BoundedPacket(Packet):  # type: ignore[misc]  # socketio ships no types
    """A Socket.IO packet that is one, with a sane number of attachments."""

    json = _Json

    def __init__(self, *args: Any, encoded_packet: str | None = None, **more: Any) -> None:
        if encoded_packet is not None and not (encoded_packet and isinstance(encoded_packet, str)):
            raise BadPacketError  # nothing, or binary that no packet has announced
        super().__init__(*args, encoded_packet=encoded_packet, **more)

    def decode(self, encoded_packet: str) -> int:
        try:
            count = int(super().decode(encoded_packet) or 0)
        except Exception as error:  # JSON of any depth and size, numbers of any length
            raise BadPacketError from error
        if count > _MAX_ATTACHMENTS or self.packet_type not in _PACKET_TYPES:
            raise BadPacketError
        if self.packet_type in _NAMED_TYPES and not _is_event(self.data):
            raise BadPacketError
        if self.packet_type in _ACK_TYPES and not isinstance(self.data, list):
            raise BadPacketError
        return count

    def add_attachment(self, attachment: bytes) -> bool:
        try:
            return bool(super().add_attachment(attachment))
        except Exception as error:  # placeholders that point anywhere
            raise BadPacketError from error

    @classmethod
    def data_is_binary(cls, data: object) -> bool:
        if isinstance(data, dict):
            return any(map(cls.data_is_binary, data.values()))
        if isinstance(data, list):
            return any(map(cls.data_is_binary, data))
        return isinstance(data, bytes | bytearray)


def _is_event(data: object) -> bool:
    return (
        isinstance(data, list) and bool(data) and isinstance(data[0], str) and data[0] != _CATCH_ALL
    )
