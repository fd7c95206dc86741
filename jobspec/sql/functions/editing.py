"""Functions that fill, repeat, cut and compare texts.

Positions and lengths count characters (code points), from 1; the distances count bytes, as in
DuckDB.
"""

from __future__ import annotations

from jobspec import ir
from jobspec.sql.functions.signature import Function, Lower, Operands, Overload, Takes
from jobspec.sql.value import either, i64, op
from jobspec.types import ValueType

_I64, _F64, _STRING, _BINARY = ValueType.I64, ValueType.F64, ValueType.STRING, ValueType.BINARY
_STR, _COUNT = Takes.STRING, Takes.COUNT


def _if_valid(kernel: str) -> Lower:
    return lambda of: of.call_if_valid(kernel, *(value.value for value in of.values))


def _pad(side: str) -> Lower:
    def pad(of: Operands) -> ir.Expr:
        operands = (of[0], of[1], of[2])
        message = f"{side} has nothing to fill the text up with"
        of.trap_if(of.call("str_lacks_padding", *operands), "invalid_argument", message)
        return of.call_if_valid(f"str_{side}", *operands)

    return pad


def _overlay(of: Operands) -> ir.Expr:
    length = of[3] if len(of.values) > 3 else i64(-1)
    return of.call("str_overlay", of[0], of[1], of[2], length)


def _hamming(of: Operands) -> ir.Expr:
    sizes = [op("i64.shr_u", of[at], i64(32)) for at in (0, 1)]
    message = "the texts must have one length, and not be empty"
    unlike = either(op("i64.ne", *sizes), op("i64.eqz", sizes[0]))
    of.trap_if(unlike, "invalid_argument", message)
    return of.call("bytes_hamming", of[0], of[1])


def _jaccard(of: Operands) -> ir.Expr:
    empty = [op("i64.eqz", op("i64.shr_u", of[at], i64(32))) for at in (0, 1)]
    of.trap_if(either(*empty), "invalid_argument", "the texts must not be empty")
    return of.call("bytes_jaccard", of[0], of[1])


def _one(
    name: str,
    takes: tuple[Takes, ...],
    gives: ValueType,
    lower: Lower,
    optional: int = 0,
) -> tuple[Overload]:
    return (Overload(operation=name, takes=takes, gives=gives, lower=lower, optional=optional),)


FUNCTIONS = (
    Function(
        name="hamming",
        overloads=_one("hamming", (_STR, _STR), _I64, _hamming),
        about="How many bytes of two texts of one length differ.",
        examples=(("hamming('banana', 'bahama')", "2"),),
        aliases=("mismatches",),
    ),
    Function(
        name="jaccard",
        overloads=_one("jaccard", (_STR, _STR), _F64, _jaccard),
        about="The share of bytes that occur in both texts among those that occur in either.",
        examples=(("jaccard('duck', 'luck')", "0.6e0"),),
    ),
    Function(
        name="levenshtein",
        overloads=_one("levenshtein", (_STR, _STR), _I64, _if_valid("bytes_levenshtein")),
        about="How many bytes must be added, left out or changed to make one text of the other.",
        examples=(("levenshtein('kitten', 'sitting')", "3"),),
        aliases=("editdist3",),
    ),
    Function(
        name="lpad",
        overloads=_one("lpad", (_STR, _COUNT, _STR), _STRING, _pad("lpad")),
        about="The text in a length: filled up at its start, or cut at its end.",
        examples=(("lpad('7', 3, '0')", "'007'"), ("lpad('banana', 3, ' ')", "'ban'")),
    ),
    Function(
        name="overlay",
        overloads=_one("overlay", (_STR, _STR, _COUNT, _COUNT), _STRING, _overlay, 1),
        about="The text with so many characters from a position on replaced by another text; "
        "by default, and for a negative count, as many as that has.",
        examples=(
            ("overlay('banana' PLACING 'so' FROM 1 FOR 4)", "'sona'"),
            ("overlay('banana', 'so', 1)", "'sonana'"),
        ),
    ),
    Function(
        name="repeat",
        overloads=(
            *_one("repeat", (_STR, _COUNT), _STRING, _if_valid("str_repeat")),
            *_one("repeat_binary", (Takes.BINARY, _COUNT), _BINARY, _if_valid("str_repeat")),
        ),
        about="The text or binary value so many times.",
        examples=(("repeat('na', 3)", "'nanana'"), ("repeat('na', -1)", "''")),
    ),
    Function(
        name="rpad",
        overloads=_one("rpad", (_STR, _COUNT, _STR), _STRING, _pad("rpad")),
        about="The text in a length: filled up or cut at its end.",
        examples=(("rpad('a', 4, 'xy')", "'axyx'"),),
    ),
    Function(
        name="split_part",
        overloads=_one("split_part", (_STR, _STR, _COUNT), _STRING, _if_valid("str_split_part")),
        about="One of the parts between separators, by number, from the end if that is negative.",
        examples=(
            ("split_part('a,b,c', ',', 2)", "'b'"),
            ("split_part('a,b,c', ',', -1)", "'c'"),
            ("split_part('abc', '', 2)", "'b'"),
        ),
    ),
    Function(
        name="translate",
        overloads=_one("translate", (_STR, _STR, _STR), _STRING, _if_valid("str_translate")),
        about="Characters of the second text replaced by those of the third, or left out.",
        examples=(("translate('banana', 'an', 'o')", "'booo'"),),
    ),
)
