"""Emits functions that were compiled elsewhere: fills in what the program numbers and places."""

from __future__ import annotations

from jobspec.foreign import AddressOf, BlockType, Foreign, FunctionAt, GlobalAt, OffsetFrom, Piece
from jobspec.wasm import encode
from jobspec.wasm.emit import Layout


def function_code(function: Foreign, layout: Layout) -> bytes:
    """The function as the code section has it."""
    code = b"".join(_encoded(piece, layout) for piece in function.code)
    return encode.function_body(function.variables, code)


def block_types(function: Foreign) -> list[BlockType]:
    """The types that the function's blocks need."""
    return [piece for piece in function.code if isinstance(piece, BlockType)]


def _encoded(piece: Piece, layout: Layout) -> bytes:
    match piece:
        case bytes():
            return piece
        case FunctionAt(name):
            return encode.unsigned(layout.functions[name].index)
        case GlobalAt(name):
            return encode.unsigned(layout.globals[name][0])
        case BlockType(params, results):
            return encode.signed(layout.type_index(params, results))
        case AddressOf(static):
            return encode.signed(layout.statics[static])
        case OffsetFrom(static, bytes_):
            return encode.unsigned(layout.statics[static] + bytes_)
