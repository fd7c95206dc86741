"""Opaque ids: a prefix that names the noun, then 20 random lowercase letters and digits."""

from __future__ import annotations

import secrets

ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
LENGTH = 20
PREFIXES = frozenset({"job", "sub", "lease", "vol", "token"})


def new_id(prefix: str) -> str:
    """A new id such as `job_x3…`; 103 random bits."""
    if prefix not in PREFIXES:
        raise ValueError(f"unknown id prefix {prefix!r}")
    return f"{prefix}_" + "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
