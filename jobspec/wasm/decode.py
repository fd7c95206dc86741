"""Reads the binary format back: the parts of a module, for the disassembler.

It knows only what `codegen` writes. Bytes are believed nothing: whatever else they hold is a
ProgramError that names the place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from jobspec.wasm import encode
from jobspec.wasm.reader import Reader

MAX_LOCALS = 50_000
"""What browsers allow a function."""


@dataclass(frozen=True, slots=True)
class FunctionType:
    params: tuple[str, ...]
    results: tuple[str, ...]


@dataclass(slots=True)
class Parts:
    """A module as its sections have it; `names` maps name subsections to names by index."""

    types: list[FunctionType] = field(default_factory=list)
    functions: list[int] = field(default_factory=list)
    memories: list[tuple[int, int]] = field(default_factory=list)
    globals: list[tuple[str, int | float]] = field(default_factory=list)
    exports: list[tuple[str, int, int]] = field(default_factory=list)
    bodies: list[tuple[list[str], Reader]] = field(default_factory=list)
    data: list[tuple[int, bytes]] = field(default_factory=list)
    names: dict[int, dict[int, str]] = field(default_factory=dict)
    local_names: dict[int, dict[int, str]] = field(default_factory=dict)


def decode(wasm: bytes) -> Parts:
    """The parts of a module. Raises ProgramError."""
    reader = Reader(wasm, 0, len(wasm))
    reader.expect(encode.MAGIC, "the beginning of a module")
    parts = Parts()
    last = 0
    while not reader.at_end:
        number = reader.byte()
        section = reader.part()
        if number != encode.SECTION_CUSTOM and number <= last:
            raise reader.fail(f"section {number} stands after section {last}")
        read = _SECTIONS.get(number)
        if read is None:
            raise reader.fail(f"section {number} is none of ours")
        read(section, parts)
        if not section.at_end:
            raise section.fail(f"section {number} is longer than its content")
        last = number or last
    if len(parts.functions) != len(parts.bodies):
        raise reader.fail(f"{len(parts.functions)} functions have {len(parts.bodies)} bodies")
    if any(index >= len(parts.types) for index in parts.functions):
        raise reader.fail("a function has a type that does not exist")
    return parts


def _types(reader: Reader, parts: Parts) -> None:
    def function_type() -> FunctionType:
        reader.expect(b"\x60", "a function type")
        params = reader.vector(reader.kind)
        return FunctionType(tuple(params), tuple(reader.vector(reader.kind)))

    parts.types = reader.vector(function_type)


def _functions(reader: Reader, parts: Parts) -> None:
    parts.functions = reader.vector(reader.unsigned)


def _memories(reader: Reader, parts: Parts) -> None:
    def memory() -> tuple[int, int]:
        reader.expect(b"\x01", "a memory with a maximum")
        return reader.unsigned(), reader.unsigned()

    parts.memories = reader.vector(memory)


def _constant_expression(reader: Reader, kind: str) -> int | float:
    reader.expect(encode.instruction(f"{kind}.const"), f"an {kind} constant")
    value = reader.constant(kind)
    reader.expect(encode.instruction("end"), "the end of a constant")
    return value


def _globals(reader: Reader, parts: Parts) -> None:
    def variable() -> tuple[str, int | float]:
        kind = reader.kind()
        reader.expect(b"\x01", "a mutable variable")
        return kind, _constant_expression(reader, kind)

    parts.globals = reader.vector(variable)


def _exports(reader: Reader, parts: Parts) -> None:
    parts.exports = reader.vector(lambda: (reader.name(), reader.byte(), reader.unsigned()))


def _code(reader: Reader, parts: Parts) -> None:
    def body() -> tuple[list[str], Reader]:
        code = reader.part()
        kinds: list[str] = []
        for count, kind in code.vector(lambda: (code.unsigned(), code.kind())):
            if len(kinds) + count > MAX_LOCALS:
                raise code.fail(f"a function has more than {MAX_LOCALS} variables")
            kinds += [kind] * count
        return kinds, code

    parts.bodies = reader.vector(body)


def _data(reader: Reader, parts: Parts) -> None:
    def segment() -> tuple[int, bytes]:
        reader.expect(b"\x00", "an active segment")
        address = _constant_expression(reader, "i32")
        return int(address), reader.take(reader.unsigned())

    parts.data = reader.vector(segment)


def _custom(reader: Reader, parts: Parts) -> None:
    if reader.name() != "name":
        raise reader.fail("a custom section is none of ours")
    while not reader.at_end:
        number = reader.byte()
        names = reader.part()
        if number == encode.NAMES_LOCAL:
            parts.local_names = _local_names(names)
        elif number in (encode.NAMES_FUNCTION, encode.NAMES_GLOBAL):
            parts.names[number] = _name_map(names)
        else:
            raise names.fail(f"names of sort {number} are none of ours")


def _local_names(reader: Reader) -> dict[int, dict[int, str]]:
    return dict(reader.vector(lambda: (reader.unsigned(), _name_map(reader))))


def _name_map(reader: Reader) -> dict[int, str]:
    return dict(reader.vector(lambda: (reader.unsigned(), reader.name())))


_SECTIONS: dict[int, Callable[[Reader, Parts], None]] = {
    encode.SECTION_TYPE: _types,
    encode.SECTION_FUNCTION: _functions,
    encode.SECTION_MEMORY: _memories,
    encode.SECTION_GLOBAL: _globals,
    encode.SECTION_EXPORT: _exports,
    encode.SECTION_CODE: _code,
    encode.SECTION_DATA: _data,
    encode.SECTION_CUSTOM: _custom,
}
