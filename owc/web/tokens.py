"""Signed, expiring tokens of the wire: who a frame, a volunteer or a returning volunteer is.

Three purposes, none of which passes for another: `frame` (carried by the frame page, or asked for
by a native volunteer; opens a connection), `session` (bound to one volunteer, renewed as it works)
and `identity` (kept by the volunteer, resumes its standing). Nothing is stored: a token is its
claims and a signature under the hub's key. The tokens of researchers are `owc.services.access`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from itsdangerous import BadData, URLSafeSerializer

from owc.clock import Clock


class Purpose(StrEnum):
    """What a token may be used for."""

    FRAME = "frame"
    SESSION = "session"
    IDENTITY = "identity"


_FRAME_LIFETIME = timedelta(hours=12)  # a page may stand open long before its visitor says yes
_IDENTITY_LIFETIME = timedelta(days=180)


class TokenRefusedError(Exception):
    """The token is not acceptable; `code` is one of the refusals of the wire."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, kw_only=True, slots=True)
class Claims:
    """What a token says: its subject is a site (frame) or a volunteer id (session, identity)."""

    purpose: Purpose
    subject: str
    expires_at: datetime


class TokenSigner:
    """Issues and reads tokens under the hub's key."""

    def __init__(self, key: bytes, clock: Clock, *, session_seconds: int) -> None:
        self.key = key
        self._clock = clock
        self._lifetimes = {
            Purpose.FRAME: _FRAME_LIFETIME,
            Purpose.SESSION: timedelta(seconds=session_seconds),
            Purpose.IDENTITY: _IDENTITY_LIFETIME,
        }
        self._serializers = {
            purpose: URLSafeSerializer(key, salt=f"owc.{purpose}") for purpose in Purpose
        }

    def issue(self, purpose: Purpose, subject: str) -> str:
        """A token for `subject` that lives as long as its purpose allows."""
        expires_at = int((self._clock.now() + self._lifetimes[purpose]).timestamp())
        return str(self._serializers[purpose].dumps([subject, expires_at]))

    def read(self, token: str, *purposes: Purpose) -> Claims:
        """The claims of a token issued for one of `purposes`; raises TokenRefusedError."""
        for purpose in purposes:
            try:
                subject, expires_at = self._serializers[purpose].loads(token)
            except (BadData, ValueError, TypeError):
                continue
            until = datetime.fromtimestamp(expires_at, tz=UTC)
            if until <= self._clock.now():
                raise TokenRefusedError("token_expired")
            return Claims(purpose=purpose, subject=subject, expires_at=until)
        raise TokenRefusedError("bad_token")
