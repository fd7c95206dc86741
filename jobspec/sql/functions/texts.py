"""Functions of texts. Positions and lengths count characters (code points), from 1."""

from __future__ import annotations

from jobspec import ir
from jobspec.sql.functions import binary
from jobspec.sql.functions.signature import Function, Lower, Operands, Overload, Takes, kernel
from jobspec.sql.value import i32, i64, op
from jobspec.types import ValueType

_BOOL, _I64, _STRING = ValueType.BOOL, ValueType.I64, ValueType.STRING
_STR, _COUNT = Takes.STRING, Takes.COUNT
SPACES = "".join(map(chr, (0x20, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000)))
"""What `trim` removes where it is not told: Unicode's space separators, no tabs or newlines."""


def _strlen(of: Operands) -> ir.Expr:
    return op("i64.shr_u", of[0], i64(32))


def _substring(of: Operands) -> ir.Expr:
    length = of[2] if len(of.values) > 2 else i64(2**32)
    return of.call("str_substring", of[0], of[1], length)


def _trim(sides: int) -> Lower:
    def trim(of: Operands) -> ir.Expr:
        characters = of[1] if len(of.values) > 1 else ir.Text(SPACES.encode())
        return of.call("str_trim", of[0], characters, i32(sides))

    return trim


def _function(
    name: str,
    takes: tuple[Takes, ...],
    gives: ValueType,
    lower: Lower | None = None,
    optional: int = 0,
) -> tuple[Overload]:
    """The one overload of a function; without a lowering, the kernel `str_<name>` does all."""
    lower = lower or kernel(f"str_{name}")
    return (Overload(operation=name, takes=takes, gives=gives, lower=lower, optional=optional),)


OPERATORS = (
    Function(
        name="||",
        overloads=(*_function("concat", (Takes.TEXT, Takes.TEXT), _STRING), binary.CONCAT),
        about="Both texts or binary values, one after the other.",
        examples=(("'a' || 'b'", "'ab'"), ("'n' || 1", "'n1'"), ("'a' || NULL", "NULL")),
    ),
)

BEHIND_START = Function(
    name="concat_ws",
    overloads=_function("behind_start", (_STR, _STR), _STRING),
    about="A text that begins with the other or is empty, without that beginning.",
    examples=(),
)

FUNCTIONS = (
    Function(
        name="contains",
        overloads=_function("contains", (_STR, _STR), _BOOL),
        about="Whether the second text occurs in the first.",
        examples=(("contains('banana', 'nan')", "TRUE"),),
    ),
    Function(
        name="ends_with",
        overloads=_function("ends_with", (_STR, _STR), _BOOL),
        about="Whether the first text ends with the second.",
        examples=(("ends_with('banana', 'na')", "TRUE"),),
        aliases=("suffix",),
    ),
    Function(
        name="left",
        overloads=(*_function("left", (_STR, _COUNT), _STRING), binary.LEFT),
        about="The first characters; with a negative count all but the last.",
        examples=(("left('banana', 3)", "'ban'"), ("left('banana', -2)", "'bana'")),
        differs=binary.ONLY_TEXTS,
    ),
    Function(
        name="length",
        overloads=(*_function("length", (_STR,), _I64), binary.LENGTH),
        about="How many characters (code points) the text has.",
        examples=(("length('naïve')", "5"),),
        differs=binary.ONLY_TEXTS,
        aliases=("char_length", "character_length", "len"),
    ),
    Function(
        name="ltrim",
        overloads=_function("ltrim", (_STR, _STR), _STRING, _trim(1), 1),
        about="The text without spaces, or the given characters, at its start.",
        examples=(("ltrim('  a ')", "'a '"), ("ltrim('xxa', 'x')", "'a'")),
    ),
    Function(
        name="replace",
        overloads=_function("replace", (_STR, _STR, _STR), _STRING),
        about="The text with every occurrence of the second text replaced by the third.",
        examples=(("replace('banana', 'na', '-')", "'ba--'"),),
    ),
    Function(
        name="reverse",
        overloads=_function("reverse", (_STR,), _STRING),
        about="The characters (code points) in reverse order.",
        examples=(("reverse('abc')", "'cba'"),),
        differs="code points are reversed, which breaks what a reader sees as one character",
    ),
    Function(
        name="right",
        overloads=(*_function("right", (_STR, _COUNT), _STRING), binary.RIGHT),
        about="The last characters; with a negative count all but the first.",
        examples=(("right('banana', 2)", "'na'"),),
        differs=binary.ONLY_TEXTS,
    ),
    Function(
        name="rtrim",
        overloads=_function("rtrim", (_STR, _STR), _STRING, _trim(2), 1),
        about="The text without spaces, or the given characters, at its end.",
        examples=(("rtrim(' a  ')", "' a'"),),
    ),
    Function(
        name="starts_with",
        overloads=_function("starts_with", (_STR, _STR), _BOOL),
        about="Whether the first text starts with the second.",
        examples=(("starts_with('banana', 'ba')", "TRUE"),),
        aliases=("prefix",),
    ),
    Function(
        name="strlen",
        overloads=_function("strlen", (_STR,), _I64, _strlen),
        about="How many bytes the text has in UTF-8.",
        examples=(("strlen('naïve')", "6"),),
    ),
    Function(
        name="strpos",
        overloads=_function("strpos", (_STR, _STR), _I64),
        about="Where the second text first occurs in the first, from 1; 0 if it does not.",
        examples=(("strpos('banana', 'na')", "3"),),
        aliases=("instr",),
    ),
    Function(
        name="substring",
        overloads=(
            *_function("substring", (_STR, _COUNT, _COUNT), _STRING, _substring, 1),
            binary.SUBSTRING,
        ),
        about="Characters from a position (from 1; negative: from the end), at most so many.",
        examples=(("substring('banana', 2, 3)", "'ana'"), ("substring('banana', -2)", "'na'")),
        differs=binary.ONLY_TEXTS,
        aliases=("substr",),
    ),
    Function(
        name="trim",
        overloads=_function("trim", (_STR, _STR), _STRING, _trim(3), 1),
        about="The text without spaces, or the given characters, at both ends.",
        examples=(("trim('  a ')", "'a'"), ("trim('xxax', 'x')", "'a'")),
    ),
)
