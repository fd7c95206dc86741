"""strftime, strptime and try_strptime: timestamps as texts in a literal format, and back."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from jobspec import ir
from jobspec.ir import Kind
from jobspec.sql.functions.signature import Complaint, Function, Operands, Overload, Takes
from jobspec.sql.typed import Constant, Typed
from jobspec.sql.value import Value, negated
from jobspec.types import ValueType

_SHORTENED = {"c": "%Y-%m-%d %H:%M:%S", "x": "%Y-%m-%d", "X": "%H:%M:%S"}
_BARE = {"d", "m", "y", "H", "I", "M", "S", "j"}
"""What `%-` takes the leading zeros from."""
_READ = {"a", "A", "b", "B", "d", "f", "g", "H", "I", "j", "m", "M", "p", "S", "y", "Y"}
_WRITTEN = {*_READ, "G", "u", "U", "V", "w", "W"}
_HINT = "write a format such as %Y-%m-%d %H:%M:%S; a percent sign is %%"


def compiled(format_: str, codes: set[str]) -> bytes | str:
    """A format as the kernels take it, or what is wrong with it."""
    found = bytearray()
    rest = format_
    while rest:
        text, percent, rest = rest.partition("%")
        if "\0" in text:
            return "a format has no character of code 0"
        found += text.encode()
        if not percent:
            break
        bare = rest.startswith("-")
        code, rest = rest[bare : bare + 1], rest[bare + 1 :]
        part = _code(code, bare, codes)
        if part is None:
            return f"%{'-' * bare}{code} is not known here"
        found += part
    return bytes(found)


def _code(code: str, bare: bool, codes: set[str]) -> bytes | None:
    """The bytes that one code becomes; None if there is no such code."""
    if bare:
        return bytes([0, ord(code) | 128]) if code in _BARE & codes else None
    if code in _SHORTENED:
        expanded = compiled(_SHORTENED[code], codes)
        return expanded if isinstance(expanded, bytes) else None
    if code in codes:
        return bytes([0, ord(code)])
    if code == "%":
        return b"%"
    if codes is _READ:
        return None
    return {"z": b"+00", "Z": b""}.get(code)


def _check(index: int, codes: set[str]) -> Callable[[Sequence[Typed]], Complaint | None]:
    def check(values: Sequence[Typed]) -> Complaint | None:
        value = values[index]
        if not isinstance(value, Constant) or not isinstance(value.value, bytes):
            return None
        format_ = value.value.decode()
        found = compiled(format_, codes) if format_ else "the format is empty"
        return Complaint(found, _HINT, index) if isinstance(found, str) else None

    return check


def _format(of: Operands, index: int, codes: set[str]) -> ir.Text:
    found = compiled(of.literal(index).decode(), codes)
    if isinstance(found, str):
        raise TypeError("the overload's check lets good formats through only")
    return ir.Text(found)


def _written(time: int) -> Callable[[Operands], ir.Expr]:
    return lambda of: of.call("time_format", of[time], _format(of, 1 - time, _WRITTEN))


def _read(of: Operands) -> Value:
    micros = of.call("time_parse", of[0], _format(of, 1, _READ))
    parsed = of.body.temporary(ir.GetGlobal("str_parsed", Kind.I32))
    return Value(ValueType.TIMESTAMP, micros, parsed)


def _read_strictly(of: Operands) -> ir.Expr:
    found = _read(of)
    if found.valid is not None:
        message = "the text is not a timestamp of that format"
        of.trap_if(negated(found.valid), "cast_overflow", message)
    return found.value


_DIFFERS = "formats are literals"
FUNCTIONS = (
    Function(
        name="strftime",
        overloads=(
            Overload(
                operation="strftime",
                takes=(Takes.TIMESTAMP, Takes.LITERAL),
                gives=ValueType.STRING,
                lower=_written(0),
                check=_check(1, _WRITTEN),
            ),
            Overload(
                operation="strftime_format_first",
                takes=(Takes.LITERAL, Takes.TIMESTAMP),
                gives=ValueType.STRING,
                lower=_written(1),
                check=_check(0, _WRITTEN),
            ),
        ),
        about="A date or timestamp as a text: %Y year, %m month, %d day, %H hour, %M minute, %S "
        "second, %f microseconds, %j day of the year, %A and %B names of day and month, %a and %b "
        "short ones, %I %p hour of half a day, %G-%V-%u ISO week; %-d has no leading zero.",
        examples=(
            ("strftime(DATE '2026-11-21', '%d.%m.%Y')", "'21.11.2026'"),
            ("strftime(TIMESTAMP '2026-11-21 13:05:30', '%-I:%M %p')", "'1:05 PM'"),
        ),
        differs=_DIFFERS,
    ),
    Function(
        name="strptime",
        overloads=(
            Overload(
                operation="strptime",
                takes=(Takes.STRING, Takes.LITERAL),
                gives=ValueType.TIMESTAMP,
                lower=_read_strictly,
                check=_check(1, _READ),
            ),
        ),
        about="The timestamp that a text says in a format, as `strftime` has them; another text "
        "traps.",
        examples=(("strptime('21.11.2026', '%d.%m.%Y')", "TIMESTAMP '2026-11-21 00:00:00'"),),
        differs=f"{_DIFFERS}, one for each call; weeks and time zones are not read",
    ),
    Function(
        name="try_strptime",
        overloads=(
            Overload(
                operation="try_strptime",
                takes=(Takes.STRING, Takes.LITERAL),
                gives=ValueType.TIMESTAMP,
                lower=_read,
                check=_check(1, _READ),
                may_null=True,
            ),
        ),
        about="The timestamp that a text says in a format; NULL for another text.",
        examples=(("try_strptime('soon', '%d.%m.%Y')", "NULL"),),
        differs=f"{_DIFFERS}, one for each call; weeks and time zones are not read",
    ),
)
