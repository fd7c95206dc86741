"""The jobs of the fault tests: as long as one likes, with an answer that arithmetic gives at once.

Every row is stirred some thousand times by a linear congruence, which composed with itself is
another one: the answer needs two numbers, where volunteers need every step.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

_FACTOR, _ADDEND, _MASK = 1_103_515_245, 12_345, 2**31 - 1


@dataclass(frozen=True)
class Work:
    """`rows` numbers, so many of them a sub-job, each stirred `rounds` times."""

    rows: int
    rows_each: int
    rounds: int

    @property
    def sub_jobs(self) -> int:
        return -(-self.rows // self.rows_each)

    @property
    def source(self) -> dict[str, Any]:
        return {"range": {"n": [0, self.rows]}}

    def summed(self, source: dict[str, Any] | None = None) -> dict[str, Any]:
        """The document of the job that keeps four numbers."""
        aggregate = {
            "rows": "count(*)",
            "total": "sum(y)",
            "largest": "max(y)",
            "place": "arg_max(n, y)",
        }
        return self._document(source, {"aggregate": aggregate})

    def listed(self, **more: Any) -> dict[str, Any]:
        """The document of the job that keeps every row."""
        return self._document(None) | more

    @property
    def sums(self) -> list[dict[str, Any]]:
        """The answer of `summed`."""
        stirred = self.stirred
        place = int(stirred.argmax())
        total, largest = int(stirred.sum()), int(stirred[place])
        return [{"rows": self.rows, "total": total, "largest": largest, "place": place}]

    @property
    def list(self) -> list[dict[str, Any]]:
        """The answer of `listed`."""
        return [{"n": n, "y": y} for n, y in enumerate(self.stirred.tolist())]

    @cached_property
    def stirred(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        factor, addend = 1, 0
        for _ in range(self.rounds):
            factor, addend = factor * _FACTOR & _MASK, (addend * _FACTOR + _ADDEND) & _MASK
        return np.arange(self.rows, dtype=np.int64) * factor + addend & _MASK

    def _document(self, source: dict[str, Any] | None, *closing: dict[str, Any]) -> dict[str, Any]:
        return {
            "name": "Stirred numbers",
            "about": "Work for volunteers while parts of the hub are taken away.",
            "source": source or self.source,
            "functions": {"stir": _stir(self.rounds)},
            "steps": [{"derive": {"y": "stir(n)"}}, *closing],
            "split": {"rows": self.rows_each},
        }


def _stir(rounds: int) -> str:
    return (
        "def stir(n: i64) -> i64:\n"
        "    x = n\n"
        f"    for step in range({rounds}):\n"
        f"        x = (x * {_FACTOR} + {_ADDEND}) & {_MASK}\n"
        "    return x"
    )
