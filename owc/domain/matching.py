"""Which volunteers can run which programs, and how the queues between them are named.

A queue is named by a *requirement key* and a priority: `owc.base.p5`. The key is coarser than the
requirement (memory and scores are rounded up to powers of two) so that queues stay few; whoever
satisfies the key satisfies every requirement that maps to it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

MEGABYTE = 1024 * 1024
BASE_MEMORY_BYTES = 64 * MEGABYTE
BASE_FEATURES = frozenset({"simd128"})
"""What every volunteer has: the hub does not take a browser without it."""

OTHER = "other"
"""The category of jobs that name none."""

PRIORITIES = range(10)
"""9 is served first, 5 is the default."""

_KEY_PART = re.compile(
    r"m(?P<memory>\d{1,6})|s(?P<score>\d{1,9})|f_(?P<feature>[a-z0-9_]{1,32})"
    r"|c_(?P<category>[a-z0-9_]{1,32})"
)
_QUEUE_NAME = re.compile(r"owc\.(?P<key>[a-z0-9_-]+)\.p(?P<priority>[0-9])")
_FEATURE = re.compile(r"[a-z0-9_]{1,32}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Capabilities:
    """What a volunteer has, as it says. `lacks`: what its engine does not offer to our client;
    `categories`: kinds of jobs that it helps, None: all."""

    cores: int = 1
    memory_bytes: int = BASE_MEMORY_BYTES
    features: frozenset[str] = BASE_FEATURES
    mobile: bool = False
    score: float = 0
    engine: str = ""
    engine_version: str = ""
    lacks: frozenset[str] = frozenset()
    gpu: str | None = None
    connection: str | None = None
    categories: frozenset[str] | None = None

    def to_json(self) -> dict[str, Any]:
        """As it is stored; `capabilities_from` reads it."""
        return {
            **asdict(self),
            "features": sorted(self.features),
            "lacks": sorted(self.lacks),
            "categories": None if self.categories is None else sorted(self.categories),
        }


def capabilities_from(stored: Mapping[str, Any]) -> Capabilities:
    """What `to_json` made, or an older version of it."""
    categories = stored.get("categories")
    return Capabilities(
        **{
            **stored,
            "features": frozenset(stored["features"]),
            "lacks": frozenset(stored.get("lacks", ())),
            "categories": None if categories is None else frozenset(categories),
        }
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Requirement:
    """What a job needs: its program, as the compiler says, and who helps its category."""

    memory_bytes: int = BASE_MEMORY_BYTES
    features: frozenset[str] = field(default_factory=frozenset)
    mobile: bool = True
    score: float = 0
    category: str = OTHER


def satisfies(capabilities: Capabilities, requirement: Requirement) -> bool:
    return (
        capabilities.memory_bytes >= requirement.memory_bytes
        and capabilities.features >= requirement.features
        and capabilities.score >= requirement.score
        and (requirement.mobile or not capabilities.mobile)
        and (capabilities.categories is None or requirement.category in capabilities.categories)
    )


def requirement_key(requirement: Requirement) -> str:
    """The name of the class of requirements that this one belongs to; `base` for most."""
    parts = []
    if requirement.memory_bytes > BASE_MEMORY_BYTES:
        parts.append(f"m{_power_of_two(-(-requirement.memory_bytes // MEGABYTE))}")
    if requirement.score > 0:
        parts.append(f"s{_power_of_two(math.ceil(requirement.score))}")
    if not requirement.mobile:
        parts.append("desktop")
    if requirement.category != OTHER:
        if not _FEATURE.fullmatch(requirement.category):
            raise ValueError(f"not the name of a category: {requirement.category!r}")
        parts.append(f"c_{requirement.category}")
    for feature in sorted(requirement.features - BASE_FEATURES):
        if not _FEATURE.fullmatch(feature):
            raise ValueError(f"not the name of a feature: {feature!r}")
        parts.append(f"f_{feature}")
    return "-".join(parts) or "base"


def requirement_of(key: str) -> Requirement:
    """The strictest requirement that `requirement_key` maps to this key."""
    memory_bytes, score, mobile, features = BASE_MEMORY_BYTES, 0, True, set(BASE_FEATURES)
    category = OTHER
    for part in [] if key == "base" else key.split("-"):
        if part == "desktop":
            mobile = False
        elif match := _KEY_PART.fullmatch(part):
            if match["memory"]:
                memory_bytes = int(match["memory"]) * MEGABYTE
            elif match["score"]:
                score = int(match["score"])
            elif match["category"]:
                category = match["category"]
            else:
                features.add(match["feature"])
        else:
            raise ValueError(f"not a requirement key: {key!r}")
    return Requirement(
        memory_bytes=memory_bytes,
        features=frozenset(features),
        mobile=mobile,
        score=score,
        category=category,
    )


def queue_name(key: str, priority: int) -> str:
    if priority not in PRIORITIES:
        raise ValueError(f"priority {priority} is not from 0 to 9")
    return f"owc.{key}.p{priority}"


def parse_queue_name(name: str) -> tuple[str, int] | None:
    """The requirement key and priority that `queue_name` made a name of; None for other names."""
    match = _QUEUE_NAME.fullmatch(name)
    return (match["key"], int(match["priority"])) if match else None


def missing(requirement: Requirement, fleet: Sequence[Capabilities]) -> tuple[str, ...]:
    """Why nobody of the connected fleet can run a program, as sentences; empty if somebody can."""
    if any(satisfies(each, requirement) for each in fleet):
        return ()
    if not fleet:
        return ("No volunteer is connected.",)
    reasons = []
    memory = max(each.memory_bytes for each in fleet)
    if memory < requirement.memory_bytes:
        reasons.append(
            f"It needs {_megabytes(requirement.memory_bytes)} of memory; the connected volunteers"
            f" have {_megabytes(memory)} at most."
        )
    score = max(each.score for each in fleet)
    if score < requirement.score:
        reasons.append(
            f"It asks for a score of {requirement.score:g}; the fastest connected volunteer"
            f" has {score:g}."
        )
    features: frozenset[str] = frozenset().union(*(each.features for each in fleet))
    if lacking := requirement.features - features:
        names = ", ".join(sorted(lacking))
        reasons.append(f"It needs {names}, which no connected volunteer has.")
    if not requirement.mobile and all(each.mobile for each in fleet):
        reasons.append("It asks for volunteers that are no phones; all connected ones are.")
    if all(
        each.categories is not None and requirement.category not in each.categories
        for each in fleet
    ):
        reasons.append(f"No connected volunteer helps jobs of the category {requirement.category}.")
    if not reasons:
        reasons.append("No connected volunteer has all that it asks for at once.")
    return tuple(reasons)


def _power_of_two(least: int) -> int:
    return 1 << (least - 1).bit_length()


def _megabytes(size: int) -> str:
    return f"{-(-size // MEGABYTE):,} MB"
