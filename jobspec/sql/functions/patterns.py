"""Functions of regular expressions, in RE2's syntax; a text is matched in one pass.

Patterns are literals, since their automata are built when the job is compiled. Options are
letters: `i` ignores case, `c` does not, `s` lets . match newlines, `l` takes the pattern as a
plain text, `g` replaces every match.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from jobspec import ir, regex
from jobspec.sql.functions.signature import Complaint, Function, Lower, Operands, Overload, Takes
from jobspec.sql.typed import Constant, Typed
from jobspec.sql.value import i32
from jobspec.types import ValueType

_BOOL, _STRING = ValueType.BOOL, ValueType.STRING
_STR, _LITERAL, _DIGITS = Takes.STRING, Takes.LITERAL, Takes.DIGITS
_MAX_GROUP = 9
_GROUP_MARK = 0xFF


class _OptionsError(Exception):
    """Options that mean nothing."""


@dataclass(frozen=True, slots=True)
class _Options:
    flags: regex.Flags = field(default_factory=regex.Flags)
    every: bool = False


def _options(text: str, *, replaces: bool) -> _Options:
    flags, every = regex.Flags(), False
    for letter in text:
        match letter:
            case "c" | "i":
                flags = replace(flags, ignore_case=letter == "i")
            case "l":
                flags = replace(flags, literal=True)
            case "s" | "m" | "n" | "p":
                flags = replace(flags, dot_matches_newline=letter == "s")
            case "g" if replaces:
                every = True
            case " " | "\t" | "\n":
                pass
            case _:
                raise _OptionsError(letter)
    return _Options(flags, every)


def _text(value: Typed) -> str | None:
    """The text of a literal, None for NULL."""
    if isinstance(value, Constant) and isinstance(value.value, bytes):
        return value.value.decode()
    return None


def _check(
    options_at: int,
    use: Callable[[str, regex.Flags, Sequence[Typed]], Complaint | None],
    *,
    replaces: bool = False,
) -> Callable[[Sequence[Typed]], Complaint | None]:
    """A check of pattern and options, and of what `use` makes of them."""

    def check(operands: Sequence[Typed]) -> Complaint | None:
        options = _Options()
        if len(operands) > options_at:
            written = _text(operands[options_at])
            if written is None:
                return Complaint("the options are NULL", "leave them out", options_at)
            try:
                options = _options(written, replaces=replaces)
            except _OptionsError as error:
                letters = "c, i, l, s" + (" and g" if replaces else "")
                return Complaint(f"there is no option {error}", f"there are {letters}", options_at)
        pattern = _text(operands[1])
        try:
            return None if pattern is None else use(pattern, options.flags, operands)
        except regex.RegexError as error:
            return Complaint(str(error), error.hint, 1, "bad_pattern")

    return check


def _flags(of: Operands, at: int) -> regex.Flags:
    return _lowered_options(of, at).flags


def _lowered_options(of: Operands, at: int) -> _Options:
    if len(of.values) <= at:
        return _Options()
    return _options(of.literal(at).decode(), replaces=True)


# --- matching -------------------------------------------------------------------------------------


def _matching(name: str, *, whole: bool) -> tuple[Overload]:
    def use(pattern: str, flags: regex.Flags, operands: Sequence[Typed]) -> None:
        del operands
        regex.matches(pattern, flags, whole=whole)

    def lower(of: Operands) -> ir.Expr:
        machine = regex.matches(of.literal(1).decode(), _flags(of, 2), whole=whole)
        return of.call("re_matches", of[0], ir.Text(machine.table))

    return (
        Overload(
            operation=name,
            takes=(_STR, _LITERAL, _LITERAL),
            gives=_BOOL,
            lower=lower,
            optional=1,
            check=_check(2, use),
        ),
    )


# --- extracting -----------------------------------------------------------------------------------


def _lower_extract(group_at: int | None, options_at: int) -> Lower:
    def lower(of: Operands) -> ir.Expr:
        given = ir.Const(ir.Kind.I64, 0) if group_at is None else of[group_at]
        number = int(given.value) if isinstance(given, ir.Const) else 0
        pattern, flags = of.literal(1).decode(), _flags(of, options_at)
        if number > regex.group_count(pattern, flags):
            return ir.Text(b"")
        machine = regex.find(pattern, flags, (number,))
        first, last = machine.registers[number]
        return of.call("re_extract", of[0], ir.Text(machine.table), i32(first), i32(last))

    return lower


def _extracting(group_at: int | None, options_at: int) -> Overload:
    def use(pattern: str, flags: regex.Flags, operands: Sequence[Typed]) -> Complaint | None:
        number: object = 0
        if group_at is not None:
            given = operands[group_at]
            number = given.value if isinstance(given, Constant) else None
        if not isinstance(number, int) or not 0 <= number <= _MAX_GROUP:
            message = f"a group is a number from 0 to {_MAX_GROUP}"
            return Complaint(message, "0 is the whole match", 2)
        if number <= regex.group_count(pattern, flags):
            regex.find(pattern, flags, (number,))
        return None

    takes = (_STR, _LITERAL, _LITERAL) if group_at is None else (_STR, _LITERAL, _DIGITS, _LITERAL)
    return Overload(
        operation="regexp_extract" + ("" if group_at is None else "_group"),
        takes=takes,
        gives=_STRING,
        lower=_lower_extract(group_at, options_at),
        optional=1,
        check=_check(options_at, use),
    )


# --- replacing ------------------------------------------------------------------------------------


def _rewrite(text: str) -> list[str | int]:
    """A replacement as plain texts and numbers of groups. Raises RegexError."""
    parts: list[str | int] = [""]
    characters = iter(text)
    for character in characters:
        follows = next(characters, "") if character == "\\" else ""
        if follows.isascii() and follows.isdigit():
            parts += [int(follows), ""]
        elif character == "\\" and follows != "\\":
            raise regex.RegexError(
                r"a \ in the replacement stands before the number of a group",
                r"such as '\1'; write '\\' for one backslash",
            )
        else:
            parts[-1] = f"{parts[-1]}{character}"
    return parts


def _replacing(pattern: str, flags: regex.Flags, instead: str) -> tuple[bytes, bytes]:
    """The table, and the replacement in the form of the kernel. Raises RegexError."""
    parts = _rewrite(instead)
    groups = [part for part in parts if isinstance(part, int)]
    there_are = regex.group_count(pattern, flags)
    if max(groups, default=0) > there_are:
        raise regex.RegexError(
            f"the replacement asks for group {max(groups)}; the pattern has {there_are}",
            "put brackets around what it should be",
        )
    machine = regex.find(pattern, flags, (0, *groups))
    written = b"".join(
        part.encode() if isinstance(part, str) else bytes([_GROUP_MARK, *machine.registers[part]])
        for part in parts
    )
    return machine.table, written


def _use_replacement(
    pattern: str, flags: regex.Flags, operands: Sequence[Typed]
) -> Complaint | None:
    instead = _text(operands[2])
    try:
        if instead is not None:
            _rewrite(instead)
    except regex.RegexError as error:
        return Complaint(str(error), error.hint, 2)
    _replacing(pattern, flags, instead or "")
    return None


def _replace(of: Operands) -> ir.Expr:
    options = _lowered_options(of, 3)
    pattern, instead = of.literal(1).decode(), of.literal(2).decode()
    table, written = _replacing(pattern, options.flags, instead)
    every = i32(int(options.every))
    return of.call("re_replace", of[0], ir.Text(table), ir.Text(written), every)


_LITERAL_ONLY = "pattern and options are literals"

FUNCTIONS = (
    Function(
        name="regexp_extract",
        overloads=(_extracting(None, 2), _extracting(2, 3)),
        about="What the first match holds, or one of its groups; empty if there is no match.",
        examples=(
            ("regexp_extract('2026-11-21', '[0-9]+')", "'2026'"),
            ("regexp_extract('2026-11-21', '([0-9]+)-([0-9]+)', 2)", "'11'"),
            ("regexp_extract('Banana', 'AN', 0, 'i')", "'an'"),
        ),
        differs=_LITERAL_ONLY + "; there are no lists of named groups",
    ),
    Function(
        name="regexp_full_match",
        overloads=_matching("regexp_full_match", whole=True),
        about="Whether the whole text matches the pattern.",
        examples=(
            ("regexp_full_match('banana', '(an|b|a)*')", "TRUE"),
            ("regexp_full_match('banana', 'an')", "FALSE"),
        ),
        differs=_LITERAL_ONLY,
    ),
    Function(
        name="regexp_matches",
        overloads=_matching("regexp_matches", whole=False),
        about="Whether a part of the text matches the pattern.",
        examples=(
            ("regexp_matches('banana', 'a.a')", "TRUE"),
            ("regexp_matches('BANANA', '^ban', 'i')", "TRUE"),
        ),
        differs=_LITERAL_ONLY,
    ),
    Function(
        name="regexp_replace",
        overloads=(
            Overload(
                operation="regexp_replace",
                takes=(_STR, _LITERAL, _LITERAL, _LITERAL),
                gives=_STRING,
                lower=_replace,
                optional=1,
                check=_check(3, _use_replacement, replaces=True),
            ),
        ),
        about=r"The text with the first match, or with 'g' every one, replaced; \1 is a group.",
        examples=(
            ("regexp_replace('banana', 'a', 'o')", "'bonana'"),
            (r"regexp_replace('21.11.2026', '(\d+)\.(\d+)\.', '\2-\1-')", "'11-21-2026'"),
            (r"regexp_replace('a  b   c', '\s+', ' ', 'g')", "'a b c'"),
        ),
        differs=_LITERAL_ONLY + ", and so is the replacement",
    ),
)
