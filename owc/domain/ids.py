"""Opaque ids: a prefix that names the noun, then 20 random lowercase letters and digits."""

import re
import secrets

ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
LENGTH = 20
PREFIXES = frozenset({"job", "sub", "lease", "vol", "token"})

_PATTERN = re.compile(rf"(?:{'|'.join(sorted(PREFIXES))})_[a-z0-9]{{{LENGTH}}}")


def new_id(prefix: str) -> str:
    """A new id such as `job_x3…`; 103 random bits."""
    if prefix not in PREFIXES:
        raise ValueError(f"unknown id prefix {prefix!r}")
    return f"{prefix}_" + "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def is_id(value: object, prefix: str) -> bool:
    """Whether `value`, which may be anything, is a well-formed id of that noun."""
    return (
        isinstance(value, str)
        and value.startswith(f"{prefix}_")
        and _PATTERN.fullmatch(value) is not None
    )
