"""Reads instructions one by one: the number types' and vectors' of WebAssembly 2.0.

What programs do not have is no instruction here: tables and references, threads, relaxed vectors,
exceptions, tail calls. Bytes are believed nothing: whatever else they hold is a ProgramError.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from jobspec.opcodes import CONTROL, LOADS, OF_MEMORY, OPERATORS, STORES, VALUE_TYPES
from jobspec.wasm import encode, vectors
from jobspec.wasm.reader import Reader
from jobspec.wasm.vectors import VECTORS, Immediate

BLOCKS = frozenset({"block", "loop", "if"})

_KINDS = {number: name for name, number in VALUE_TYPES.items()}

_MNEMONICS: dict[int, str] = {
    **{number: name for name, number in CONTROL.items()},
    **{row[0]: name for name, row in OPERATORS.items()},
    **{row[0]: name for name, row in (LOADS | STORES).items()},
    **{vectors.PREFIX << 8 | number: name for name, (number, _) in VECTORS.items()},
}
_LEFT_OUT: dict[int, str] = {
    0x06: "try",
    0x08: "throw",
    0x11: "call_indirect",
    0x12: "return_call",
    0x13: "return_call_indirect",
    0x1F: "try_table",
    0x25: "table.get",
    0x26: "table.set",
    0xD0: "ref.null",
    0xD1: "ref.is_null",
    0xD2: "ref.func",
    0xFC08: "memory.init",
    0xFC09: "data.drop",
    0xFC0C: "table.init",
    0xFC0E: "table.copy",
    0xFC0F: "table.grow",
    0xFC10: "table.size",
    0xFC11: "table.fill",
}
"""Instructions that researchers' compilers write and programs do not have, by name."""
_OF_ONE_INDEX = frozenset(
    {"br", "br_if", "call", "local.get", "local.set", "local.tee", "global.get", "global.set"}
)


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction, and the bytes that it was read from."""

    name: str
    immediates: tuple[int, ...]
    """Indices; for a load or store alignment and offset, then the lane if there is one."""
    raw: bytes
    kind: str | None = None
    """The type of a block's or choice's one result."""
    number: float | None = None
    """The value of a constant of a number type."""
    content: bytes = b""
    """The 16 bytes of a vector constant or shuffle."""

    @property
    def opens(self) -> bool:
        return self.name in BLOCKS


def read(code: Reader) -> Instruction:
    """The next instruction. Raises ProgramError."""
    start = code.position
    name = _mnemonic(code)
    make = _READERS.get(name)
    parts = make(name, code) if make else Instruction(name, (), b"")
    raw = code.data[start : code.position]
    return Instruction(name, parts.immediates, raw, parts.kind, parts.number, parts.content)


def _mnemonic(code: Reader) -> str:
    number = code.byte()
    if number in (0xFC, vectors.PREFIX):
        number = number << 8 | code.unsigned()
    mnemonic = _MNEMONICS.get(number)
    if mnemonic is None:
        raise code.fail(f"{_LEFT_OUT.get(number, hex(number))} is no instruction of programs")
    return mnemonic


# --- immediates -----------------------------------------------------------------------------------


def _index(name: str, code: Reader) -> Instruction:
    return Instruction(name, (code.unsigned(),), b"")


def _indices(name: str, code: Reader) -> Instruction:
    """Those of `br_table`: the labels, then the one for all other numbers."""
    return Instruction(name, (*code.vector(code.unsigned), code.unsigned()), b"")


def _block(name: str, code: Reader) -> Instruction:
    """A block has no result, one of some kind, or a type by its index."""
    ahead = code.peek()
    if ahead in encode.EMPTY_BLOCK:
        code.byte()
        return Instruction(name, (), b"")
    if ahead in _KINDS:
        return Instruction(name, (), b"", _KINDS[code.byte()])
    index = code.signed(33)
    if index < 0:
        raise code.fail(f"{name} has no type")
    return Instruction(name, (index,), b"")


def _choice(name: str, code: Reader) -> Instruction:
    kinds = code.vector(code.kind)
    if len(kinds) != 1:
        raise code.fail(f"{name} chooses one value")
    return Instruction(name, (), b"", kinds[0])


def _access(name: str, code: Reader) -> Instruction:
    return Instruction(name, (code.unsigned(), code.unsigned()), b"")


def _lane_access(name: str, code: Reader) -> Instruction:
    return Instruction(name, (code.unsigned(), code.unsigned(), code.byte()), b"")


def _lane(name: str, code: Reader) -> Instruction:
    return Instruction(name, (code.byte(),), b"")


def _bytes(name: str, code: Reader) -> Instruction:
    return Instruction(name, (), b"", content=code.take(16))


def _constant(name: str, code: Reader) -> Instruction:
    return Instruction(name, (), b"", number=code.constant(name.partition(".")[0]))


def _only_memory(name: str, code: Reader) -> Instruction:
    code.expect(b"\0\0" if name == "memory.copy" else b"\0", "the only memory")
    return Instruction(name, (), b"")


_OF_VECTORS: dict[Immediate, Callable[[str, Reader], Instruction]] = {
    Immediate.MEMORY: _access,
    Immediate.MEMORY_LANE: _lane_access,
    Immediate.LANE: _lane,
    Immediate.BYTES: _bytes,
}
_READERS: dict[str, Callable[[str, Reader], Instruction]] = {
    **dict.fromkeys(_OF_ONE_INDEX, _index),
    **dict.fromkeys(BLOCKS, _block),
    **dict.fromkeys(LOADS | STORES, _access),
    **dict.fromkeys(("i32.const", "i64.const", "f32.const", "f64.const"), _constant),
    **dict.fromkeys((*OF_MEMORY, "memory.fill", "memory.copy"), _only_memory),
    **{
        name: _OF_VECTORS[immediate]
        for name, (_, immediate) in VECTORS.items()
        if immediate in _OF_VECTORS
    },
    "br_table": _indices,
    "select t": _choice,
}
