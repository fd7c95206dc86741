"""What is wrong with a pattern."""

from __future__ import annotations


class RegexError(Exception):
    """A pattern that means nothing, or that needs more than it may; `hint` is the mend."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


TOO_LARGE = "the pattern needs too large a table"
LESS = "repeat less behind .*, use smaller classes than \\pL, or match in two steps"
