"""Which volunteers can run which programs, and how the queues between them are named.

A queue is named by a *requirement key* and a priority: `owc.base.p5`. The key is coarser than the
requirement (memory is rounded up to a power of two) so that queues stay few; whoever satisfies
the key satisfies every requirement that maps to it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

MEGABYTE = 1024 * 1024
BASE_MEMORY_BYTES = 64 * MEGABYTE
BASE_FEATURES = frozenset({"simd128"})
"""What every volunteer has: the hub does not take a browser without it."""

PRIORITIES = range(10)
"""9 is served first, 5 is the default."""

_KEY_PART = re.compile(r"m(?P<memory>\d{1,6})|s(?P<score>\d{1,9})|f_(?P<feature>[a-z0-9_]{1,32})")
_QUEUE_NAME = re.compile(r"owc\.(?P<key>[a-z0-9_-]+)\.p(?P<priority>[0-9])")
_FEATURE = re.compile(r"[a-z0-9_]{1,32}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Capabilities:
    """What a volunteer has, as it says."""

    cores: int = 1
    memory_bytes: int = BASE_MEMORY_BYTES
    features: frozenset[str] = BASE_FEATURES
    mobile: bool = False
    score: float = 0
    engine: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Requirement:
    """What a program needs, as the compiler says."""

    memory_bytes: int = BASE_MEMORY_BYTES
    features: frozenset[str] = field(default_factory=frozenset)
    mobile: bool = True
    score: float = 0


def satisfies(capabilities: Capabilities, requirement: Requirement) -> bool:
    return (
        capabilities.memory_bytes >= requirement.memory_bytes
        and capabilities.features >= requirement.features
        and capabilities.score >= requirement.score
        and (requirement.mobile or not capabilities.mobile)
    )


def requirement_key(requirement: Requirement) -> str:
    """The name of the class of requirements that this one belongs to; `base` for most."""
    parts = []
    if requirement.memory_bytes > BASE_MEMORY_BYTES:
        megabytes = -(-requirement.memory_bytes // MEGABYTE)
        parts.append(f"m{1 << (megabytes - 1).bit_length()}")
    if requirement.score > 0:
        parts.append(f"s{math.ceil(requirement.score)}")
    if not requirement.mobile:
        parts.append("desktop")
    for feature in sorted(requirement.features - BASE_FEATURES):
        if not _FEATURE.fullmatch(feature):
            raise ValueError(f"not the name of a feature: {feature!r}")
        parts.append(f"f_{feature}")
    return "-".join(parts) or "base"


def requirement_of(key: str) -> Requirement:
    """The strictest requirement that `requirement_key` maps to this key."""
    memory_bytes, score, mobile, features = BASE_MEMORY_BYTES, 0, True, set(BASE_FEATURES)
    for part in [] if key == "base" else key.split("-"):
        if part == "desktop":
            mobile = False
        elif match := _KEY_PART.fullmatch(part):
            if match["memory"]:
                memory_bytes = int(match["memory"]) * MEGABYTE
            elif match["score"]:
                score = int(match["score"])
            else:
                features.add(match["feature"])
        else:
            raise ValueError(f"not a requirement key: {key!r}")
    return Requirement(
        memory_bytes=memory_bytes, features=frozenset(features), mobile=mobile, score=score
    )


def queue_name(key: str, priority: int) -> str:
    if priority not in PRIORITIES:
        raise ValueError(f"priority {priority} is not from 0 to 9")
    return f"owc.{key}.p{priority}"


def parse_queue_name(name: str) -> tuple[str, int] | None:
    """The requirement key and priority that `queue_name` made a name of; None for other names."""
    match = _QUEUE_NAME.fullmatch(name)
    return (match["key"], int(match["priority"])) if match else None
