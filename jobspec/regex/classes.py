"""Classes: sets of characters in square brackets, or behind a backslash."""

from __future__ import annotations

from jobspec.regex.characters import PERL, POSIX, unicode_class
from jobspec.regex.cursor import Cursor
from jobspec.regex.errors import RegexError
from jobspec.unicode.case import folded
from jobspec.unicode.ranges import Ranges, complement, union


def named_class(cursor: Cursor, ignore_case: bool) -> Ranges | None:
    """The class named behind a backslash, which is behind the cursor; None if there is none."""
    letter = cursor.peek()
    if letter in PERL and letter:
        cursor.next()
        if letter.isupper():
            return complement(_fold(PERL[letter.lower()], ignore_case))
        return _fold(PERL[letter], ignore_case)
    if letter not in {"p", "P"}:
        return None
    cursor.next()
    name = cursor.until("}") if cursor.skip("{") else cursor.next()
    if not name:
        raise RegexError(f"\\{letter} lacks the name of a class", r"such as \pL or \p{Greek}")
    negated = letter == "P"
    if name.startswith("^"):
        name, negated = name[1:], not negated
    members = _fold(unicode_class(name), ignore_case)
    return complement(members) if negated else members


def bracketed(cursor: Cursor, ignore_case: bool) -> Ranges:
    """The class whose opening bracket is behind the cursor."""
    negated = cursor.skip("^")
    members: list[tuple[int, int]] = []
    first = True
    while first or cursor.peek() != "]":
        if cursor.done:
            raise RegexError("a [ is never closed", r"write \[ to match one")
        members += _member(cursor, ignore_case)
        first = False
    cursor.next()
    ranges = union(members)
    return complement(ranges) if negated else ranges


def _member(cursor: Cursor, ignore_case: bool) -> Ranges:
    if cursor.peek(2) == "[:":
        found = _posix(cursor, ignore_case)
        if found is not None:
            return found
    if cursor.peek() == "\\":
        cursor.next()
        named = named_class(cursor, ignore_case)
        if named is not None:
            return named
        low = cursor.escaped()
    else:
        low = ord(cursor.next())
    high = low
    if cursor.peek() == "-" and cursor.peek(2) not in {"-", "-]"}:
        cursor.next()
        high = _end_of_range(cursor)
        if high < low:
            raise RegexError(
                f"the range from {chr(low)!r} to {chr(high)!r} is empty", "write the lower first"
            )
    return _fold(((low, high),), ignore_case)


def _end_of_range(cursor: Cursor) -> int:
    if cursor.skip("\\"):
        return cursor.escaped()
    return ord(cursor.next())


def _posix(cursor: Cursor, ignore_case: bool) -> Ranges | None:
    start = cursor.at
    cursor.at += 2
    name = cursor.until(":]")
    if name is None:
        cursor.at = start
        return None
    negated = name.startswith("^")
    members = POSIX.get(name.removeprefix("^"))
    if members is None:
        known = ", ".join(f"[:{known}:]" for known in list(POSIX)[:4])
        raise RegexError(f"there is no class [:{name[:40]}:]", f"such as {known}")
    members = _fold(members, ignore_case)
    return complement(members) if negated else members


def _fold(ranges: Ranges, ignore_case: bool) -> Ranges:
    return folded(ranges) if ignore_case else ranges
