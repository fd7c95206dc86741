"""The binary format of WebAssembly: numbers, vectors and sections, and nothing about programs.

Every function takes values and returns bytes. The names are those of the specification's chapter
on the binary format.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence

from jobspec.opcodes import CONTROL, LOADS, OF_MEMORY, OPERATORS, STORES, VALUE_TYPES
from jobspec.wasm.vectors import MEMORY, MEMORY_LANE

MAGIC = b"\0asm\1\0\0\0"
PAGE_BYTES = 65536
EMPTY_BLOCK = b"\x40"

#: The order in which sections must stand, by their numbers.
SECTION_TYPE, SECTION_FUNCTION, SECTION_MEMORY, SECTION_GLOBAL = 1, 3, 5, 6
SECTION_EXPORT, SECTION_CODE, SECTION_DATA, SECTION_CUSTOM = 7, 10, 11, 0

EXPORT_FUNCTION, EXPORT_MEMORY = 0x00, 0x02
NAMES_FUNCTION, NAMES_LOCAL, NAMES_GLOBAL = 1, 2, 7

_CANONICAL_NAN = {"f32": b"\x00\x00\xc0\x7f", "f64": b"\x00\x00\x00\x00\x00\x00\xf8\x7f"}


# --- numbers --------------------------------------------------------------------------------------


def unsigned(value: int) -> bytes:
    """LEB128 of a number from 0 on."""
    if value < 0:
        raise ValueError(f"{value} is negative")
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def signed(value: int) -> bytes:
    """LEB128 of a number in two's complement."""
    encoded = bytearray()
    while not -0x40 <= value < 0x40:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value & 0x7F)
    return bytes(encoded)


def integer_bits(value: int, bits: int) -> int:
    """The signed number that has the low `bits` bits of `value`."""
    half = 1 << (bits - 1)
    return (value + half) % (1 << bits) - half


def floating(value: float, kind: str) -> bytes:
    """IEEE 754, little endian; every NaN is the canonical one, too large an f32 is infinite."""
    if math.isnan(value):
        return _CANONICAL_NAN[kind]
    if kind == "f64":
        return struct.pack("<d", value)
    try:
        return struct.pack("<f", value)
    except OverflowError:
        return struct.pack("<f", float("inf") if value > 0 else float("-inf"))


# --- composites -----------------------------------------------------------------------------------


def vector(items: Sequence[bytes]) -> bytes:
    return unsigned(len(items)) + b"".join(items)


def sized(content: bytes) -> bytes:
    return unsigned(len(content)) + content


def name(text: str) -> bytes:
    return sized(text.encode())


def opcode(number: int) -> bytes:
    """Beyond one byte, the first is a prefix and the rest a number."""
    return bytes([number]) if number < 0x100 else bytes([number >> 8]) + unsigned(number & 0xFF)


def limits(minimum: int, maximum: int) -> bytes:
    return b"\1" + unsigned(minimum) + unsigned(maximum)


def value_type(kind: str) -> bytes:
    return bytes([VALUE_TYPES[kind]])


def function_type(params: Sequence[str], results: Sequence[str]) -> bytes:
    return b"\x60" + vector([*map(value_type, params)]) + vector([*map(value_type, results)])


# --- instructions ---------------------------------------------------------------------------------


def instruction(mnemonic: str, *immediates: int) -> bytes:
    """An instruction with unsigned immediates, such as indices of locals or labels."""
    return opcode(CONTROL[mnemonic]) + b"".join(map(unsigned, immediates))


def operator(mnemonic: str) -> bytes:
    code = opcode(OPERATORS[mnemonic][0])
    return code + b"\0" if mnemonic in OF_MEMORY else code


def memory_access(mnemonic: str, offset: int) -> bytes:
    """A load or store; its alignment is the natural one, which is a hint only."""
    number = LOADS[mnemonic][0] if mnemonic in LOADS else STORES[mnemonic][0]
    return opcode(number) + unsigned(natural_alignment(mnemonic)) + unsigned(offset)


def natural_alignment(mnemonic: str) -> int:
    """The exponent of the width: `i32.load8_u` gives 0, `f64.store` 3."""
    if mnemonic.startswith("v128"):
        return (MEMORY | MEMORY_LANE)[mnemonic][1].bit_length() - 1
    kind, _, rest = mnemonic.partition(".")
    for width, exponent in (("8", 0), ("16", 1), ("32", 2)):
        if rest.removeprefix("load").removeprefix("store").startswith(width):
            return exponent
    return 2 if kind.endswith("32") else 3


def constant(kind: str, value: float) -> bytes:
    """A constant; integers wrap to the width of `kind`."""
    code = opcode(CONTROL[f"{kind}.const"])
    if kind in ("f32", "f64"):
        return code + floating(float(value), kind)
    return code + signed(integer_bits(int(value), 32 if kind == "i32" else 64))


# --- sections -------------------------------------------------------------------------------------


def section(number: int, content: bytes) -> bytes:
    return bytes([number]) + sized(content)


def type_section(types: Sequence[bytes]) -> bytes:
    return section(SECTION_TYPE, vector(types))


def function_section(type_indices: Sequence[int]) -> bytes:
    return section(SECTION_FUNCTION, vector([unsigned(index) for index in type_indices]))


def memory_section(minimum_pages: int, maximum_pages: int) -> bytes:
    return section(SECTION_MEMORY, vector([limits(minimum_pages, maximum_pages)]))


def global_section(globals_: Sequence[tuple[str, float]]) -> bytes:
    """Variables, each with its kind and its initial value."""
    return section(
        SECTION_GLOBAL,
        vector(
            [
                value_type(kind) + b"\1" + constant(kind, initial) + instruction("end")
                for kind, initial in globals_
            ]
        ),
    )


def export_section(exports: Sequence[tuple[str, int, int]]) -> bytes:
    """Exports: name, what it is, index."""
    return section(
        SECTION_EXPORT,
        vector([name(text) + bytes([what]) + unsigned(index) for text, what, index in exports]),
    )


def code_section(bodies: Sequence[bytes]) -> bytes:
    return section(SECTION_CODE, vector([sized(body) for body in bodies]))


def function_body(locals_: Sequence[tuple[int, str]], code: bytes) -> bytes:
    """Local variables as runs of one kind, then the instructions."""
    runs = vector([unsigned(count) + value_type(kind) for count, kind in locals_])
    return runs + code + instruction("end")


def data_section(address: int, content: bytes) -> bytes:
    """One segment that is copied into the memory before the program starts."""
    place = constant("i32", address) + instruction("end")
    return section(SECTION_DATA, vector([b"\0" + place + sized(content)]))


def name_section(
    functions: Sequence[str], locals_: Sequence[Sequence[str]], globals_: Sequence[str]
) -> bytes:
    """The names of things by index: nothing runs on them, people read them."""
    nested = [unsigned(index) + _name_map(names) for index, names in enumerate(locals_) if names]
    parts = [(NAMES_FUNCTION, _name_map(functions))]
    if nested:
        parts.append((NAMES_LOCAL, vector(nested)))
    parts.append((NAMES_GLOBAL, _name_map(globals_)))
    content = name("name") + b"".join(bytes([number]) + sized(part) for number, part in parts)
    return section(SECTION_CUSTOM, content)


def _name_map(names: Sequence[str]) -> bytes:
    return vector([unsigned(index) + name(text) for index, text in enumerate(names)])
