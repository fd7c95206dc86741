"""Functions of binary values: their bytes, and how these are written as texts."""

from __future__ import annotations

from jobspec import ir
from jobspec.ir import Kind
from jobspec.sql.functions.signature import Function, Lower, Operands, Overload, Takes, kernel
from jobspec.sql.value import i32, i64, negated, op
from jobspec.types import ValueType

_I64, _STRING, _BINARY = ValueType.I64, ValueType.STRING, ValueType.BINARY
_STR, _BYTES, _COUNT = Takes.STRING, Takes.BINARY, Takes.COUNT
ONLY_TEXTS = "DuckDB takes no binary values here"
"""How functions of texts differ that take binary values too."""


def _count(of: Operands) -> ir.Expr:
    return op("i64.shr_u", of[0], i64(32))


def _bit_count(of: Operands) -> ir.Expr:
    return op("i64.shl", _count(of), i64(3))


def _slice(of: Operands) -> ir.Expr:
    length = of[2] if len(of.values) > 2 else i64(2**32)
    return of.call("bytes_slice", of[0], of[1], length)


def _digits(bits: int) -> Lower:
    return lambda of: of.call("bytes_to_digits", of[0], i32(bits))


def _number(bits: int) -> Lower:
    return lambda of: of.call("digits_of_u64", of[0], i32(bits))


def _read(kernel_name: str, message: str, *rest: ir.Expr) -> Lower:
    """What a kernel reads from a text, which may be no such text."""

    def read(of: Operands) -> ir.Expr:
        result = of.call(kernel_name, of[0], *rest)
        refused = of.body.temporary(ir.GetGlobal("str_refused", Kind.I32))
        of.trap_if(refused, "invalid_argument", message)
        return result

    return read


def _same(of: Operands) -> ir.Expr:
    return of[0]


def _decode(of: Operands) -> ir.Expr:
    valid = of.call("utf8_is_valid", of[0])
    of.trap_if(negated(valid), "invalid_argument", "the bytes are no UTF-8 text")
    return ir.Choose(valid, of[0], ir.Text(b""))


def _overload(
    operation: str, takes: tuple[Takes, ...], gives: ValueType, lower: Lower, optional: int = 0
) -> Overload:
    return Overload(operation=operation, takes=takes, gives=gives, lower=lower, optional=optional)


CONCAT = _overload("concat_binary", (_BYTES, _BYTES), _BINARY, kernel("str_concat"))
LEFT = _overload("left_binary", (_BYTES, _COUNT), _BINARY, kernel("bytes_left"))
LENGTH = _overload("length_binary", (_BYTES,), _I64, _count)
RIGHT = _overload("right_binary", (_BYTES, _COUNT), _BINARY, kernel("bytes_right"))
SUBSTRING = _overload("substring_binary", (_BYTES, _COUNT, _COUNT), _BINARY, _slice, 1)
"""Overloads of functions of texts."""


def _written(name: str, bits: int) -> tuple[Overload, ...]:
    return (
        _overload(f"{name}_number", (Takes.INTEGER,), _STRING, _number(bits)),
        _overload(f"{name}_text", (_STR,), _STRING, _digits(bits)),
        _overload(f"{name}_binary", (_BYTES,), _STRING, _digits(bits)),
    )


FUNCTIONS = (
    Function(
        name="bin",
        overloads=_written("bin", 1),
        about="A number, or each byte of a text or binary value, in binary digits.",
        examples=(("bin(5)", "'101'"), ("bin('A')", "'01000001'")),
        differs=ONLY_TEXTS,
        aliases=("to_binary",),
    ),
    Function(
        name="bit_length",
        overloads=(
            _overload("bit_length", (_STR,), _I64, _bit_count),
            _overload("bit_length_binary", (_BYTES,), _I64, _bit_count),
        ),
        about="How many bits a text takes in UTF-8, or a binary value.",
        examples=(("bit_length('é')", "16"),),
        differs=ONLY_TEXTS,
    ),
    Function(
        name="decode",
        overloads=(_overload("decode", (_BYTES,), _STRING, _decode),),
        about="The text that bytes say in UTF-8; an error if they say none.",
        examples=(("decode(unhex('C3A9'))", "'é'"),),
    ),
    Function(
        name="encode",
        overloads=(_overload("encode", (_STR,), _BINARY, _same),),
        about="The bytes of a text in UTF-8.",
        examples=(("hex(encode('é'))", "'C3A9'"),),
    ),
    Function(
        name="from_base64",
        overloads=(
            _overload(
                "from_base64", (_STR,), _BINARY, _read("base64_read", "the text is no base64")
            ),
        ),
        about="The bytes that a text says in base64; an error if it says none.",
        examples=(("decode(from_base64('YmFuYW5h'))", "'banana'"),),
    ),
    Function(
        name="hex",
        overloads=_written("hex", 4),
        about="A number, or each byte of a text or binary value, in hexadecimal digits.",
        examples=(("hex(255)", "'FF'"), ("hex('é')", "'C3A9'"), ("hex(-1)", "'FFFFFFFFFFFFFFFF'")),
        aliases=("to_hex",),
    ),
    Function(
        name="octet_length",
        overloads=(
            _overload("octet_length_text", (_STR,), _I64, _count),
            _overload("octet_length", (_BYTES,), _I64, _count),
        ),
        about="How many bytes a binary value has, or a text in UTF-8.",
        examples=(("octet_length(encode('é'))", "2"),),
        differs="DuckDB takes no texts here",
    ),
    Function(
        name="to_base64",
        overloads=(_overload("to_base64", (_BYTES,), _STRING, kernel("base64_write")),),
        about="The bytes as a text in base64.",
        examples=(("to_base64(encode('banana'))", "'YmFuYW5h'"),),
        aliases=("base64",),
    ),
    Function(
        name="unbin",
        overloads=(
            _overload(
                "unbin",
                (_STR,),
                _BINARY,
                _read("digits_to_bytes", "the text has other signs than 0 and 1", i32(1)),
            ),
        ),
        about="The bytes that binary digits stand for.",
        examples=(("unbin('01000001')", "encode('A')"),),
        aliases=("from_binary",),
    ),
    Function(
        name="unhex",
        overloads=(
            _overload(
                "unhex",
                (_STR,),
                _BINARY,
                _read("digits_to_bytes", "the text has signs that are no digits", i32(4)),
            ),
        ),
        about="The bytes that hexadecimal digits stand for.",
        examples=(("hex(unhex('c3a9'))", "'C3A9'"),),
        aliases=("from_hex",),
    ),
)
