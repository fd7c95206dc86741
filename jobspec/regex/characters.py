"""Named sets of characters: Perl's, POSIX's, and Unicode's categories and scripts."""

from __future__ import annotations

from functools import cache
from itertools import chain

from jobspec.regex.errors import RegexError
from jobspec.unicode.categories import CATEGORIES
from jobspec.unicode.ranges import ALL, Ranges, complement, read, union
from jobspec.unicode.scripts import SCRIPTS

DIGITS: Ranges = ((0x30, 0x39),)
SPACES: Ranges = ((0x09, 0x0A), (0x0C, 0x0D), (0x20, 0x20))
WORD: Ranges = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
NEWLINE: Ranges = ((0x0A, 0x0A),)

PERL: dict[str, Ranges] = {
    "d": DIGITS,
    "s": SPACES,
    "w": WORD,
    "D": complement(DIGITS),
    "S": complement(SPACES),
    "W": complement(WORD),
}
"""The classes of a backslash and one letter. They are ASCII's, as in RE2."""

POSIX: dict[str, Ranges] = {
    "alnum": ((0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)),
    "alpha": ((0x41, 0x5A), (0x61, 0x7A)),
    "ascii": ((0x00, 0x7F),),
    "blank": ((0x09, 0x09), (0x20, 0x20)),
    "cntrl": ((0x00, 0x1F), (0x7F, 0x7F)),
    "digit": DIGITS,
    "graph": ((0x21, 0x7E),),
    "lower": ((0x61, 0x7A),),
    "print": ((0x20, 0x7E),),
    "punct": ((0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E)),
    "space": ((0x09, 0x0D), (0x20, 0x20)),
    "upper": ((0x41, 0x5A),),
    "word": WORD,
    "xdigit": ((0x30, 0x39), (0x41, 0x46), (0x61, 0x66)),
}
"""The classes between [: and :]."""


@cache
def unicode_class(name: str) -> Ranges:
    """The characters of a category (`Lu`, or `L` for all of its kind), of a script, or `Any`."""
    if name == "Any":
        return ALL
    if name in CATEGORIES:
        return read(CATEGORIES[name])
    if name in SCRIPTS:
        return read(SCRIPTS[name])
    kinds = [text for category, text in CATEGORIES.items() if category[:1] == name]
    if not kinds:
        raise RegexError(
            f"there is no category or script {name[:40]!r} of Unicode",
            r"such as \p{L}, \p{Lu} or \p{Greek}",
        )
    return union(chain.from_iterable(map(read, kinds)))
