"""Tokens of submitters: made, found, listed, revoked. Only a token's digest is ever stored."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from typing import Final

from sqlalchemy import select

from owc.domain.ids import new_id
from owc.errors import NotFound, Refused
from owc.services.hub import Hub
from owc.services.values import Token
from owc.store import TokenRow

SCOPES: Final = frozenset({"submit", "trusted"})
"""`submit`: post jobs, which are held, and uploads; `trusted`: the same, and jobs start without
approval and anyone's can be cancelled."""

PREFIX: Final = "owc_"

LOOPBACK_NAME: Final = "loopback"
"""Who posts from the hub's own machine, without a token."""


def create_token(hub: Hub, name: str, scopes: Iterable[str]) -> str:
    """Make a token; its secret is returned here and never again. Raises Refused.

    A name stands for one submitter, whose jobs are its own: no two live tokens share one.
    """
    wanted = frozenset(scopes)
    if unknown := wanted - SCOPES:
        raise Refused(
            f"There is no scope {', '.join(sorted(unknown))};"
            f" there are {', '.join(sorted(SCOPES))}."
        )
    name = name.strip()
    if not name or len(name) > 80:
        raise Refused("A token needs a name of at most 80 characters.")
    if name == LOOPBACK_NAME:
        raise Refused(f"The name {name!r} stands for this machine: take another.")
    secret = PREFIX + secrets.token_urlsafe(32)
    with hub.database.write() as session:
        if session.scalar(
            select(TokenRow.id).where(TokenRow.name == name, TokenRow.revoked_at.is_(None))
        ):
            raise Refused(f"There is a token {name!r}: revoke it first, or take another name.")
        session.add(
            TokenRow(
                id=new_id("token"),
                name=name,
                digest=_digest(secret),
                scopes=sorted(wanted),
                created_at=hub.clock.now(),
            )
        )
    return secret


def find_token(hub: Hub, token: str) -> Token | None:
    """The token of this secret; None if there is none or it was revoked. Only reads."""
    with hub.database.read() as session:
        row = session.scalar(
            select(TokenRow).where(TokenRow.digest == _digest(token), TokenRow.revoked_at.is_(None))
        )
        return _token(row) if row else None


def list_tokens(hub: Hub) -> tuple[Token, ...]:
    with hub.database.read() as session:
        rows = session.scalars(select(TokenRow).order_by(TokenRow.created_at))
        return tuple(_token(row) for row in rows)


def revoke_token(hub: Hub, token_id: str) -> None:
    """End a token; again is no error. Raises NotFound."""
    with hub.database.write() as session:
        row = session.get(TokenRow, token_id)
        if row is None:
            raise NotFound(f"There is no token {token_id}.")
        row.revoked_at = row.revoked_at or hub.clock.now()


def _token(row: TokenRow) -> Token:
    return Token(
        id=row.id,
        name=row.name,
        scopes=frozenset(row.scopes),
        created_at=row.created_at,
        revoked_at=row.revoked_at,
    )


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
