"""Patterns as trees: what the text says, with classes as sets of code points."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from jobspec.unicode.ranges import Ranges


class Where(Enum):
    """What an assertion asks of the place between two characters."""

    TEXT_BEGIN = auto()
    TEXT_END = auto()
    LINE_BEGIN = auto()
    LINE_END = auto()
    WORD_BOUNDARY = auto()
    NO_WORD_BOUNDARY = auto()


@dataclass(frozen=True, slots=True)
class Characters:
    """One character of a set; none at all if it is empty."""

    ranges: Ranges


@dataclass(frozen=True, slots=True)
class Assertion:
    """The empty text at a certain place."""

    where: Where


@dataclass(frozen=True, slots=True)
class Sequence:
    """One part after the other; the empty text if there is none."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """The first part that leads to a match."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """`part` from `least` to `most` times (None: any number), as often or as seldom as can be."""

    part: Tree
    least: int
    most: int | None
    greedy: bool


@dataclass(frozen=True, slots=True)
class Group:
    """A part whose bounds are asked for by a number, from 1."""

    part: Tree
    number: int


Tree = Characters | Assertion | Sequence | Choice | Repeat | Group

EMPTY = Sequence(())


def is_anchored(tree: Tree) -> bool:
    """Whether every match begins at the start of the text."""
    match tree:
        case Assertion(where):
            return where is Where.TEXT_BEGIN
        case Sequence(parts):
            return any(is_anchored(part) for part in parts[:1])
        case Choice(parts):
            return bool(parts) and all(is_anchored(part) for part in parts)
        case Group(part):
            return is_anchored(part)
        case Repeat(part, least):
            return least > 0 and is_anchored(part)
    return False


def can_be_empty(tree: Tree) -> bool:
    """Whether the tree may match the empty text somewhere."""
    match tree:
        case Characters():
            return False
        case Assertion():
            return True
        case Sequence(parts):
            return all(can_be_empty(part) for part in parts)
        case Choice(parts):
            return any(can_be_empty(part) for part in parts)
        case Group(part):
            return can_be_empty(part)
        case Repeat(part, least):
            return least == 0 or can_be_empty(part)
