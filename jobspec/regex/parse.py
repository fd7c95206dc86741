"""RE2's syntax to trees.

What RE2 refuses is refused; beyond that only `\\C`, a single byte. Not here: classes in square
brackets (`jobspec.regex.classes`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from jobspec.regex import characters
from jobspec.regex.classes import bracketed, named_class
from jobspec.regex.cursor import Cursor
from jobspec.regex.errors import RegexError
from jobspec.regex.tree import (
    EMPTY,
    Assertion,
    Characters,
    Choice,
    Group,
    Repeat,
    Sequence,
    Tree,
    Where,
)
from jobspec.unicode.case import folded
from jobspec.unicode.ranges import ALL, Ranges, complement

MAX_REPEAT = 1000
MAX_DEPTH = 60
_COUNTS = re.compile(r"\{([0-9]{1,9})(,([0-9]{0,9}))?\}")
_NAME = re.compile(r"[A-Za-z0-9_]+")
_ESCAPED_PLACES = {
    "A": Where.TEXT_BEGIN,
    "z": Where.TEXT_END,
    "b": Where.WORD_BOUNDARY,
    "B": Where.NO_WORD_BOUNDARY,
}
_NOT_LINEAR = "lookarounds are left out: matching would not be linear in time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """How a pattern is read; all but `literal` can be switched inside it: `(?im-s:...)`."""

    ignore_case: bool = False
    dot_matches_newline: bool = False
    literal: bool = False
    lines: bool = False
    """Whether ^ and $ match at the ends of lines too."""
    seldom: bool = False
    """Whether `x*` repeats as seldom as can be, and `x*?` as often."""


_SWITCHES = {
    "i": "ignore_case",
    "s": "dot_matches_newline",
    "m": "lines",
    "U": "seldom",
}


@dataclass(frozen=True, slots=True)
class Parsed:
    """A pattern's tree, and how many groups it has besides the whole match."""

    tree: Tree
    groups: int


def parse(pattern: str, flags: Flags) -> Parsed:
    """The tree of a pattern. Raises RegexError."""
    if flags.literal:
        parts = (Characters(_one(ord(character), flags)) for character in pattern)
        return Parsed(Sequence(tuple(parts)), 0)
    parser = _Parser(Cursor(pattern))
    tree = parser.choice(flags, depth=0)
    if not parser.cursor.done:
        raise RegexError("a ) has no (", r"write \) to match one")
    return Parsed(tree, parser.groups)


def _one(code_point: int, flags: Flags) -> Ranges:
    ranges: Ranges = ((code_point, code_point),)
    return folded(ranges) if flags.ignore_case else ranges


class _Parser:
    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self.groups = 0

    def choice(self, flags: Flags, depth: int) -> Tree:
        """Alternatives up to a closing bracket or the end."""
        if depth > MAX_DEPTH:
            raise RegexError(f"the pattern is nested more than {MAX_DEPTH} deep")
        branches: list[Tree] = []
        parts: list[Tree] = []
        repeated = False
        while not self.cursor.done and self.cursor.peek() != ")":
            if self.cursor.skip("|"):
                branches.append(_sequence(parts))
                parts, repeated = [], False
                continue
            repeat = self._repeat(flags)
            if repeat is not None:
                parts = self._repeated(parts, repeat, repeated)
                repeated = True
                continue
            flags = self._item(parts, flags, depth)
            repeated = False
        branches.append(_sequence(parts))
        return branches[0] if len(branches) == 1 else Choice(tuple(branches))

    # --- repetition -------------------------------------------------------------------------------

    def _repeat(self, flags: Flags) -> Repeat | None:
        """The repetition that stands here, of no part yet."""
        cursor = self.cursor
        plain = {"*": (0, None), "+": (1, None), "?": (0, 1)}.get(cursor.peek())
        if plain is not None:
            cursor.next()
            least, most = plain
        else:
            counts = _COUNTS.match(cursor.text, cursor.at)
            if counts is None:
                return None
            cursor.at = counts.end()
            least = int(counts[1])
            most = least if counts[2] is None else int(counts[3]) if counts[3] else None
            if least > MAX_REPEAT or (most is not None and not least <= most <= MAX_REPEAT):
                raise RegexError(
                    f"{counts[0]} is no repetition",
                    f"counts go up to {MAX_REPEAT}, the smaller first",
                )
        return Repeat(EMPTY, least, most, greedy=cursor.skip("?") == flags.seldom)

    def _repeated(self, parts: list[Tree], repeat: Repeat, again: bool) -> list[Tree]:
        if again:
            raise RegexError("a repetition is repeated", "put brackets around it: (?:a*)*")
        if not parts:
            raise RegexError("a repetition stands behind nothing", r"write \*, \+ or \? to match")
        return [*parts[:-1], replace(repeat, part=parts[-1])]

    # --- items ------------------------------------------------------------------------------------

    def _item(self, parts: list[Tree], flags: Flags, depth: int) -> Flags:
        """Read one item into `parts`; the flags of what follows it."""
        character = self.cursor.next()
        match character:
            case "(":
                return self._bracket(parts, flags, depth)
            case "[":
                parts.append(Characters(bracketed(self.cursor, flags.ignore_case)))
            case ".":
                rest = complement(characters.NEWLINE)
                parts.append(Characters(ALL if flags.dot_matches_newline else rest))
            case "^":
                parts.append(Assertion(Where.LINE_BEGIN if flags.lines else Where.TEXT_BEGIN))
            case "$":
                parts.append(Assertion(Where.LINE_END if flags.lines else Where.TEXT_END))
            case "\\":
                self._escape(parts, flags)
            case _:
                parts.append(Characters(_one(ord(character), flags)))
        return flags

    def _escape(self, parts: list[Tree], flags: Flags) -> None:
        cursor = self.cursor
        letter = cursor.peek()
        ranges = named_class(cursor, flags.ignore_case)
        if ranges is not None:
            parts.append(Characters(ranges))
        elif letter in _ESCAPED_PLACES:
            cursor.next()
            parts.append(Assertion(_ESCAPED_PLACES[letter]))
        elif letter == "Q":
            cursor.next()
            text = cursor.until(r"\E")
            if text is None:
                text, cursor.at = cursor.text[cursor.at :], len(cursor.text)
            parts.extend(Characters(_one(ord(character), flags)) for character in text)
        elif letter == "C":
            raise RegexError(r"\C, a single byte, is left out: texts would fall apart", "write .")
        else:
            parts.append(Characters(_one(cursor.escaped(), flags)))

    # --- brackets ---------------------------------------------------------------------------------

    def _bracket(self, parts: list[Tree], flags: Flags, depth: int) -> Flags:
        cursor = self.cursor
        number = 0
        inner = flags
        if not cursor.skip("?"):
            number = self._new_group()
        elif cursor.skip("P<"):
            number = self._named_group()
        else:
            inner, closed = self._switches(flags)
            if closed:
                return inner
        tree = self.choice(inner, depth + 1)
        if not cursor.skip(")"):
            raise RegexError("a ( is never closed", r"write \( to match one")
        parts.append(Group(tree, number) if number else tree)
        return flags

    def _new_group(self) -> int:
        self.groups += 1
        return self.groups

    def _named_group(self) -> int:
        name = self.cursor.until(">")
        if name is None or not _NAME.fullmatch(name):
            raise RegexError("a group's name is odd", "such as (?P<year>...)")
        return self._new_group()

    def _switches(self, flags: Flags) -> tuple[Flags, bool]:
        """What stands between (? and : or ), and whether it was the latter."""
        wanted, given = True, False
        while True:
            letter = self.cursor.next()
            if letter in _SWITCHES:
                flags = replace(flags, **{_SWITCHES[letter]: wanted})
                given = True
            elif letter == "-" and wanted:
                wanted, given = False, False
            elif letter == ":" and (given or wanted):
                return flags, False
            elif letter == ")" and (given or wanted):
                return flags, True
            else:
                raise RegexError("what stands behind (? is not known", _hint_of_bracket(letter))


def _hint_of_bracket(letter: str) -> str:
    if letter in {"=", "!"}:
        return _NOT_LINEAR
    if letter == "<":
        return f"a group's name is written (?P<name>...); {_NOT_LINEAR}"
    return "such as (?:...), (?P<name>...), (?i) or (?i:...)"


def _sequence(parts: list[Tree]) -> Tree:
    return parts[0] if len(parts) == 1 else Sequence(tuple(parts))
