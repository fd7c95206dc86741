"""How much the states of one merge may hold on the hub."""

from __future__ import annotations

from jobspec.errors import MergeError

MERGE_BYTES = 256 << 20
"""About what the values take that all states of one merge remember together."""
VALUE_BYTES = 128
"""What a value takes beside its text."""


class Budget:
    """Counts what is remembered. One stands over all states of a merge."""

    def __init__(self, total: int = MERGE_BYTES) -> None:
        self._total = total
        self._left = total

    def spend(self, name: str, spent: int) -> None:
        """Raises MergeError where the aggregate `name` needs more than is left."""
        self._left -= spent
        if self._left < 0:
            raise MergeError(
                f"{name!r} has to remember more than {self._total:,} bytes in all; count with"
                " approx_count_distinct, or filter before"
            )
