"""From patterns to the tables of kernels. Equal patterns are compiled once a process."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from jobspec.regex.determinize import determinize
from jobspec.regex.minimise import minimise
from jobspec.regex.parse import Flags, Parsed, parse
from jobspec.regex.program import compile_tree
from jobspec.regex.tables import finder_table, matcher_table
from jobspec.regex.tree import Assertion, Sequence, Where, is_anchored


@dataclass(frozen=True, slots=True)
class Matcher:
    """Tells whether a text matches."""

    table: bytes


@dataclass(frozen=True, slots=True)
class Finder:
    """Finds the bounds of the first match, and of groups in it.

    Register 0 of its table is the end of the match; `registers` has, for each group that was asked
    for, the registers of its bounds. A register is -1 until something is written to it.
    """

    table: bytes
    registers: dict[int, tuple[int, int]]


@lru_cache(maxsize=256)
def matches(pattern: str, flags: Flags, *, whole: bool) -> Matcher:
    """The machine that tells whether a text, or a part of it, matches. Raises RegexError."""
    tree = _parsed(pattern, flags).tree
    if whole:
        tree = Sequence((Assertion(Where.TEXT_BEGIN), tree, Assertion(Where.TEXT_END)))
    program = compile_tree(tree, scans=not is_anchored(tree))
    return Matcher(matcher_table(minimise(determinize(program, None))))


def group_count(pattern: str, flags: Flags) -> int:
    """How many groups a pattern has, besides the whole match. Raises RegexError."""
    return _parsed(pattern, flags).groups


def find(pattern: str, flags: Flags, groups: Collection[int]) -> Finder:
    """The machine that finds the bounds of groups; 0 is the whole match. Raises RegexError."""
    return _find(pattern, flags, tuple(sorted(set(groups))))


@lru_cache(maxsize=256)
def _find(pattern: str, flags: Flags, groups: tuple[int, ...]) -> Finder:
    tree = _parsed(pattern, flags).tree
    marks = tuple(
        mark for group in groups for mark in ((2 * group, 2 * group + 1) if group else (0,))
    )
    registers = {
        group: (1 + marks.index(2 * group), 1 + marks.index(2 * group + 1) if group else 0)
        for group in groups
    }
    program = compile_tree(tree, scans=not is_anchored(tree), groups=groups)
    return Finder(finder_table(minimise(determinize(program, marks))), registers)


@lru_cache(maxsize=256)
def _parsed(pattern: str, flags: Flags) -> Parsed:
    return parse(pattern, flags)
