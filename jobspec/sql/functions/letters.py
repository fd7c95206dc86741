"""Functions of characters: their case, and their numbers (code points)."""

from __future__ import annotations

import struct
from functools import cache

from jobspec import ir, kernels
from jobspec.sql.functions.signature import Function, Operands, Overload, Takes
from jobspec.sql.value import both, either, i64, negated, op
from jobspec.types import ValueType
from jobspec.unicode.case import Run, lower_runs, upper_runs

_I64, _STRING = ValueType.I64, ValueType.STRING
_STR = Takes.STRING


def lower_case(body: ir.Body, text: ir.Expr) -> ir.Expr:
    """A text in lower case."""
    return body.temporary(kernels.call(body, "str_recase", text, ir.Text(_table(lower_runs()))))


def _lower(of: Operands) -> ir.Expr:
    return lower_case(of.body, of[0])


def _upper(of: Operands) -> ir.Expr:
    return of.call("str_recase", of[0], ir.Text(_table(upper_runs())))


@cache
def _table(runs: tuple[Run, ...]) -> bytes:
    """The runs as `jobspec.kernels.letters` reads them."""
    return b"".join(struct.pack("<iiii", *run) for run in runs)


def _ascii(of: Operands) -> ir.Expr:
    return of.call("char_first", of[0], i64(0))


def _code_point(of: Operands) -> ir.Expr:
    return of.call("char_first", of[0], i64(-1))


def _chr(of: Operands) -> ir.Expr:
    point = of[0]
    surrogate = both(op("i64.ge_s", point, i64(0xD800)), op("i64.le_s", point, i64(0xDFFF)))
    known = op("i64.le_u", point, i64(0x10FFFF))
    message = "there is no character of that number"
    of.trap_if(either(negated(known), surrogate), "invalid_argument", message)
    return of.call_if_valid("char_text", point)


FUNCTIONS = (
    Function(
        name="ascii",
        overloads=(Overload(operation="ascii", takes=(_STR,), gives=_I64, lower=_ascii),),
        about="The number of the first character; 0 if there is none.",
        examples=(("ascii('A')", "65"), ("ascii('')", "0")),
    ),
    Function(
        name="chr",
        overloads=(Overload(operation="chr", takes=(Takes.COUNT,), gives=_STRING, lower=_chr),),
        about="The character of a number; an error if there is none.",
        examples=(("chr(65)", "'A'"), ("chr(128512)", "'😀'")),
    ),
    Function(
        name="lower",
        overloads=(Overload(operation="lower", takes=(_STR,), gives=_STRING, lower=_lower),),
        about="The text in lower case, character by character.",
        examples=(("lower('Straße IM Ärmel')", "'straße im ärmel'"),),
        aliases=("lcase",),
    ),
    Function(
        name="unicode",
        overloads=(Overload(operation="unicode", takes=(_STR,), gives=_I64, lower=_code_point),),
        about="The number of the first character; -1 if there is none.",
        examples=(("unicode('é')", "233"), ("unicode('')", "-1")),
        aliases=("ord",),
    ),
    Function(
        name="upper",
        overloads=(Overload(operation="upper", takes=(_STR,), gives=_STRING, lower=_upper),),
        about="The text in upper case, character by character.",
        examples=(("upper('Ärmel')", "'ÄRMEL'"), ("upper('ǆ')", "'Ǆ'")),
        aliases=("ucase",),
    ),
)
