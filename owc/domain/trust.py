"""When a volunteer's word is enough. Trust is rooted in the hub's own runs. Pure rules."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """A volunteer's record: agreements since the last disagreement, disagreements ever."""

    agreed: int = 0
    disagreed: int = 0

    def after(self, *, agreed: bool) -> Standing:
        """Agreement is earned one by one, and lost all at once."""
        if agreed:
            return replace(self, agreed=self.agreed + 1)
        return Standing(agreed=0, disagreed=self.disagreed + 1)


def needs_check(standing: Standing, *, trust_after: int, spot_check: float, draw: float) -> bool:
    """Whether the hub re-runs this result. `draw` is uniform in [0, 1)."""
    return standing.agreed < trust_after or draw < spot_check
