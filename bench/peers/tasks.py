"""What the peers' workers run."""

from __future__ import annotations


def noop(_number: int) -> None:
    """Nothing."""
