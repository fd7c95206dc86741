"""Tokens of submitters: made, found, listed, revoked."""

from collections.abc import Iterable

from owc.services.hub import Hub
from owc.services.values import Token

SCOPES = frozenset({"submit", "trusted", "operate"})


def create_token(hub: Hub, name: str, scopes: Iterable[str]) -> str:
    """The secret, shown once."""
    raise NotImplementedError


def find_token(hub: Hub, token: str) -> Token | None:
    """Read-only. None for an unknown or revoked one."""
    raise NotImplementedError


def list_tokens(hub: Hub) -> tuple[Token, ...]:
    raise NotImplementedError


def revoke_token(hub: Hub, token_id: str) -> None:
    """Raises NotFound."""
    raise NotImplementedError
