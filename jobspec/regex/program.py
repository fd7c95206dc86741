"""Trees to programs: nondeterministic automata over the bytes of UTF-8.

Texts are valid UTF-8 wherever a program meets them, so a byte sequence that is none may be taken
or not: sets of characters become the fewest steps over bytes that tell valid texts apart.

A program is built from its end, so that equal steps to equal places are one step.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from jobspec.regex.errors import LESS, TOO_LARGE, RegexError
from jobspec.regex.tree import (
    Assertion,
    Characters,
    Choice,
    Group,
    Repeat,
    Sequence,
    Tree,
    Where,
    can_be_empty,
)
from jobspec.unicode.ranges import ALL, Ranges

MAX_INSTRUCTIONS = 10_000
MAX_EDGES = 20_000
MAX_PARTS = 100_000
"""Parts of trees and ranges of sets that are built, each time; many can be one instruction."""

Edge = tuple[int, int, int]
"""First and last byte, and the instruction that follows."""


@dataclass(frozen=True, slots=True)
class Step:
    """Read a byte; its edges do not overlap. None of them fits: this way ends here."""

    edges: tuple[Edge, ...]


@dataclass(frozen=True, slots=True)
class Split:
    """Go several ways at once; earlier ones are preferred."""

    ways: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """Go on only where an assertion holds."""

    where: Where
    way: int


@dataclass(frozen=True, slots=True)
class Mark:
    """Remember the place under a number."""

    number: int
    way: int


@dataclass(frozen=True, slots=True)
class Accept:
    """A match ends here."""


Instruction = Step | Split | Ask | Mark | Accept


@dataclass(frozen=True, slots=True)
class Program:
    """Instructions, and where a match may begin; `scan`: it may begin at any character."""

    instructions: tuple[Instruction, ...]
    start: int
    scans: bool


def compile_tree(tree: Tree, *, scans: bool, groups: Collection[int] = ()) -> Program:
    """The program of a tree.

    `groups` are marked at their begin by 2n and their end by 2n + 1; group 0, the whole match, is
    marked at its begin only. If it `scans`, what comes before a match is skipped, at the least
    preference. Raises RegexError if there are too many instructions.
    """
    builder = _Builder(groups)
    start = builder.build(tree, builder.add(Accept()))
    if 0 in groups:
        start = builder.add(Mark(0, start))
    if scans:
        loop = builder.add(Split(()))
        skip = builder.characters(ALL, loop)
        builder.instructions[loop] = Split((start, skip))
        start = loop
    return Program(tuple(builder.instructions), start, scans)


class _Builder:
    def __init__(self, groups: Collection[int]) -> None:
        self.instructions: list[Instruction] = []
        self._groups = groups
        self._numbers: dict[Instruction, int] = {}
        self._edges = 0
        self._parts = 0

    def add(self, instruction: Instruction) -> int:
        """The number of an instruction; a step that is there already is not added again."""
        if isinstance(instruction, Step):
            known = self._numbers.get(instruction)
            if known is not None:
                return known
            self._numbers[instruction] = len(self.instructions)
            self._edges += len(instruction.edges)
        if len(self.instructions) >= MAX_INSTRUCTIONS or self._edges > MAX_EDGES:
            raise RegexError(TOO_LARGE, LESS)
        self.instructions.append(instruction)
        return len(self.instructions) - 1

    def build(self, tree: Tree, way: int) -> int:
        """The instruction at which `tree` begins if `way` follows it."""
        self._parts += 1 + (len(tree.ranges) if isinstance(tree, Characters) else 0)
        if self._parts > MAX_PARTS:
            raise RegexError(TOO_LARGE, LESS)
        match tree:
            case Characters(ranges):
                return self.characters(ranges, way)
            case Assertion(where):
                return self.add(Ask(where, way))
            case Sequence(parts):
                for part in reversed(parts):
                    way = self.build(part, way)
                return way
            case Choice(parts):
                return self.add(Split(tuple(self.build(part, way) for part in parts)))
            case Group(part, number):
                if number not in self._groups:
                    return self.build(part, way)
                end = self.add(Mark(2 * number + 1, way))
                return self.add(Mark(2 * number, self.build(part, end)))
            case Repeat():
                return self._repeat(tree, way)

    def _repeat(self, repeat: Repeat, way: int) -> int:
        if repeat.most is None:
            way = self._loop(repeat, way, at_least_once=repeat.least > 0)
        else:
            end = way
            for _ in range(repeat.most - repeat.least):
                way = self._either(self.build(repeat.part, way), end, repeat.greedy)
        for _ in range(repeat.least - (repeat.most is None and repeat.least > 0)):
            way = self.build(repeat.part, way)
        return way

    def _loop(self, repeat: Repeat, way: int, *, at_least_once: bool) -> int:
        loop = self.add(Split(()))
        part = self.build(repeat.part, loop)
        self.instructions[loop] = Split((part, way) if repeat.greedy else (way, part))
        if at_least_once:
            return part
        # A part that can be empty is entered before it may be left: (?:|a)* prefers "".
        return self._either(part, way, repeat.greedy) if can_be_empty(repeat.part) else loop

    def _either(self, part: int, rest: int, greedy: bool) -> int:
        return self.add(Split((part, rest) if greedy else (rest, part)))

    # --- characters -------------------------------------------------------------------------------

    def characters(self, ranges: Ranges, way: int) -> int:
        """One character of a set."""
        edges: list[Edge] = []
        for lead, least, most, continuations in _LENGTHS:
            within = _within(ranges, least, most, continuations)
            edges += self._byte_edges(within, lead, continuations, way)
        return self.add(Step(_joined(edges)))

    def _byte_edges(self, ranges: Ranges, base: int, level: int, way: int) -> list[Edge]:
        """Edges over a byte of which `base` is 0, before `level` more bytes of 6 bits each."""
        if level == 0:
            return [(base + low, base + high, way) for low, high in ranges]
        size = 1 << 6 * level
        parts: dict[int, list[tuple[int, int]]] = {}
        edges: list[Edge] = []
        for low, high in ranges:
            first, last = low // size, high // size
            if first == last:
                parts.setdefault(first, []).append((low % size, high % size))
                continue
            parts.setdefault(first, []).append((low % size, size - 1))
            if last - first > 1:
                whole = self._rest(((0, size - 1),), level, way)
                edges.append((base + first + 1, base + last - 1, whole))
            parts.setdefault(last, []).append((0, high % size))
        for lead, part in parts.items():
            rest = self._rest(tuple(part), level, way)
            edges.append((base + lead, base + lead, rest))
        return edges

    def _rest(self, ranges: Ranges, level: int, way: int) -> int:
        return self.add(Step(_joined(self._byte_edges(ranges, 0x80, level - 1, way))))


_LENGTHS = (
    (0x00, 0x00, 0x7F, 0),
    (0xC0, 0x80, 0x7FF, 1),
    (0xE0, 0x800, 0xFFFF, 2),
    (0xF0, 0x10000, 0x10FFFF, 3),
)
"""Forms of a character: base of the lead byte, first and last code point, bytes that follow."""


def _within(ranges: Ranges, least: int, most: int, continuations: int) -> Ranges:
    """The part of a set that has a form.

    A range that reaches an end of the form is widened to what the bytes could write beyond it:
    valid texts have nothing there, and fewer lead bytes need steps of their own.
    """
    found = [(max(low, least), min(high, most)) for low, high in ranges]
    clipped = [(low, high) for low, high in found if low <= high]
    if continuations > 1 and clipped:
        if clipped[0][0] == least:
            clipped[0] = (0, clipped[0][1])
        if clipped[-1][1] == 0x10FFFF:
            clipped[-1] = (clipped[-1][0], 0x13FFFF)
    return tuple(clipped)


def _joined(edges: list[Edge]) -> tuple[Edge, ...]:
    """Sorted, neighbours that lead to one place made one."""
    joined: list[Edge] = []
    for first, last, way in sorted(edges):
        if joined and joined[-1][1] + 1 == first and joined[-1][2] == way:
            joined[-1] = (joined[-1][0], last, way)
        else:
            joined.append((first, last, way))
    return tuple(joined)
