"""A position in the text of a pattern, and the escapes that stand for one character."""

from __future__ import annotations

from jobspec.regex.errors import RegexError

_CONTROL = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_OCTAL = "01234567"


class Cursor:
    """Reads a pattern from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    @property
    def done(self) -> bool:
        return self.at >= len(self.text)

    def peek(self, length: int = 1) -> str:
        """The next characters; fewer at the end."""
        return self.text[self.at : self.at + length]

    def next(self) -> str:
        """The next character, which is then behind; empty at the end."""
        character = self.peek()
        self.at += len(character)
        return character

    def skip(self, wanted: str) -> bool:
        """Whether the text goes on with `wanted`, which is then behind."""
        found = self.text.startswith(wanted, self.at)
        if found:
            self.at += len(wanted)
        return found

    def until(self, end: str) -> str | None:
        """What stands before `end`, and both are behind; None if it does not come."""
        stop = self.text.find(end, self.at)
        if stop < 0:
            return None
        found = self.text[self.at : stop]
        self.at = stop + len(end)
        return found

    def escaped(self) -> int:
        """The one character that the text behind a backslash stands for."""
        start = self.at - 1
        character = self.next()
        if character == "x":
            return self._hexadecimal(start)
        if character in _CONTROL:
            return _CONTROL[character]
        # A single digit from 1 on is a reference to a group elsewhere, so RE2 refuses it.
        if character == "0" or (character and character in _OCTAL and self._octal_follows()):
            code = int(character)
            for _ in range(2):
                if self._octal_follows():
                    code = code * 8 + int(self.next())
            return code
        if character and character.isascii() and not character.isalnum():
            return ord(character)
        raise self.bad_escape(start)

    def bad_escape(self, start: int) -> RegexError:
        sequence = self.text[start : max(self.at, start + 1)][:40]
        hint = ""
        if sequence[1:].isdigit():
            hint = "there are no references to groups: matching would not be linear in time"
        elif sequence == "\\":
            hint = "double the backslash to match one"
        elif sequence == "\\Z":
            hint = r"write \z or $"
        return RegexError(f"{sequence!r} is no escape of a pattern", hint)

    def _octal_follows(self) -> bool:
        return not self.done and self.peek() in _OCTAL

    def _hexadecimal(self, start: int) -> int:
        digits: str | None
        digits = self.until("}") if self.skip("{") else self.next() + self.next()
        if not digits or not all(digit in "0123456789abcdefABCDEF" for digit in digits):
            raise self.bad_escape(start)
        if self.text[self.at - 1] != "}" and len(digits) != 2:
            raise self.bad_escape(start)
        if len(digits.lstrip("0")) > 6 or int(digits, 16) > 0x10FFFF:
            raise RegexError("code points end at 10FFFF", r"such as \x{1F600}")
        return int(digits, 16)
