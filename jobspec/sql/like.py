"""Patterns of LIKE, brought at compile time to the form that the kernel matches.

In that form the byte 0xFF stands for any text and 0xFE for any one character. Neither occurs in
UTF-8, so escapes need no place in it.
"""

from __future__ import annotations

ANY_TEXT = 0xFF
ANY_CHARACTER = 0xFE


class LikeError(Exception):
    """A pattern that means nothing."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def translate_pattern(pattern: str, escape: str = "") -> bytes:
    """The pattern in the kernel's form. Raises LikeError."""
    if len(escape) > 1:
        raise LikeError("ESCAPE takes a text of one character", "write ESCAPE '!', say")
    translated = bytearray()
    characters = iter(pattern)
    for character in characters:
        if character == escape:
            literal = next(characters, None)
            if literal is None:
                raise LikeError(
                    "the pattern ends with the escape character", "double it, or leave it out"
                )
            translated += literal.encode()
        elif character == "%":
            translated.append(ANY_TEXT)
        elif character == "_":
            translated.append(ANY_CHARACTER)
        else:
            translated += character.encode()
    return bytes(translated)


def simple_form(pattern: bytes) -> tuple[str, bytes] | None:
    """The operation that matches the pattern without looking for more than one text.

    One of `equals`, `starts_with`, `ends_with` and `contains`, and the text to look for; None if
    the pattern needs the general kernel.
    """
    text = pattern.strip(b"\xff")
    if ANY_TEXT in text or ANY_CHARACTER in text:
        return None
    before, after = pattern[:1] == b"\xff", pattern[-1:] == b"\xff"
    match before, after:
        case True, True:
            return "contains", text
        case True, False:
            return "ends_with", text
        case False, True:
            return "starts_with", text
    return "equals", text
