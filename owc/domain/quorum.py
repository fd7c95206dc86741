"""What the results of a sub-job, so far, make of it: believed, another volunteer, or the hub's run.

Opinions are results over the same range; those that say the same, to the bit, form a party. A party
is rooted if somebody of it is believed: one trusted volunteer whose result was not drawn for a
check, or two. It is believed when it is rooted and has voices of as many networks as the quorum
asks for. Pure rules; the hub's own run is decisive and needs none of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

POOL = "pool"
"""The network of volunteers that the operator vouches for: they count one by one."""


class Next(StrEnum):
    """What a sub-job needs now."""

    BELIEVE = "believe"
    ANY = "any"
    """Another volunteer, on another network."""
    TRUSTED = "trusted"
    """Another volunteer, on another network, that is trusted."""
    HUB = "hub"


@dataclass(frozen=True, kw_only=True, slots=True)
class Opinion:
    """One result. `answer`: equal for results that agree; `is_trusted`: the volunteer, now;
    `is_drawn`: the result was drawn for a check."""

    volunteer_id: str
    network: str
    answer: str
    is_trusted: bool
    is_drawn: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """`answer`: the one that is believed, if one is."""

    next: Next
    answer: str | None = None


def decide(opinions: Sequence[Opinion], *, quorum: int, most: int, hub_has_room: bool) -> Decision:
    """`opinions`: at least one, in the order in which they came; `most`: how many there may be
    before the hub decides what they do not agree on; `hub_has_room`: whether it can run something
    at once."""
    parties: dict[str, list[Opinion]] = {}
    for opinion in opinions:
        parties.setdefault(opinion.answer, []).append(opinion)
    answer, party = max(parties.items(), key=lambda each: _voices(each[1]))
    voices, is_rooted, is_split = _voices(party), _is_rooted(party), len(parties) > 1
    # where there was a quarrel, a voice more than one has to be there
    needed = max(quorum, 2) if is_split else quorum
    if voices >= needed and is_rooted:
        return Decision(next=Next.BELIEVE, answer=answer)
    if is_split and len(opinions) >= most:
        return Decision(next=Next.HUB)
    lacks_root_only = not is_rooted and voices + 1 >= needed
    if lacks_root_only and not is_split and hub_has_room:
        return Decision(next=Next.HUB)
    return Decision(next=Next.TRUSTED if lacks_root_only else Next.ANY)


def most_opinions(*, quorum: int, replicas: int, max_disagreements: int) -> int:
    """How many volunteers are asked at most, before the hub decides. A single opinion that is
    checked is decided by the second."""
    return 2 if quorum == 1 else max(replicas, quorum + max_disagreements)


def roots(party: Sequence[Opinion]) -> list[Opinion]:
    """Those of a believed party on whose word it rests: one that is trusted, or several."""
    return [opinion for opinion in party if opinion.is_trusted]


def may_add(network: str, volunteer_id: str, opinions: Sequence[tuple[str, str]]) -> bool:
    """Whether a volunteer could say anything new: it has said nothing yet, nor has its network.
    `opinions`: the volunteers and networks that have."""
    return all(
        volunteer_id != other and (network == POOL or network != taken) for other, taken in opinions
    )


def _voices(party: Sequence[Opinion]) -> int:
    return len({each.volunteer_id if each.network == POOL else each.network for each in party})


def _is_rooted(party: Sequence[Opinion]) -> bool:
    trusted = [opinion for opinion in party if opinion.is_trusted]
    return len(trusted) > 1 or any(not opinion.is_drawn for opinion in trusted)
