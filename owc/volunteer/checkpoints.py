"""When the output so far of a running sub-job is worth sending, in case its volunteer is lost.

Pure: times go in. A sub-job that ends soon has none, and one whose output has become too large has
no more, because outputs grow.
"""

from __future__ import annotations

from dataclasses import dataclass

FIRST_SECONDS = 1.0
"""How long a sub-job has run before its first checkpoint."""
EVERY_SECONDS = 0.5
"""The pause between checkpoints of a sub-job, at least."""
MOST_COST = 0.05
"""The part of a sub-job's time that making checkpoints may take."""


@dataclass(slots=True)
class CheckpointPace:
    """The checkpoints of one run; times are seconds since it began."""

    most_bytes: int
    """Of an output; 0: no checkpoint is wanted."""
    _due: float = FIRST_SECONDS
    _ended: bool = False

    def is_due(self, now: float) -> bool:
        return self.most_bytes > 0 and not self._ended and now >= self._due

    def made(self, begun: float, now: float, *, too_large: bool) -> None:
        """A checkpoint was made from `begun` to `now`, or its output was found too large."""
        self._ended = too_large
        self._due = begun + max(EVERY_SECONDS, (now - begun) / MOST_COST)
