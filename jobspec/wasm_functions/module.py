"""Reads a researcher's WebAssembly module: what of it a program can take over, or why it cannot.

The module has been validated by an engine before, so types and indices are right; what is read
here is only what a program may have. Not here: the instructions (`jobspec.wasm_functions.rewrite`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from jobspec.errors import ProgramError
from jobspec.wasm import encode
from jobspec.wasm.reader import Reader

SUBJECT = "the module cannot be used"
MAX_MEMORY_BYTES = 16 << 20
MAX_VARIABLES = 5_000


class Unusable(Exception):  # noqa: N818 - a way out: it becomes a problem
    """Why a module cannot become part of a program."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Signature:
    params: tuple[str, ...]
    results: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """A global variable and what it begins with."""

    kind: str
    initial: int | float


@dataclass(frozen=True, slots=True)
class Code:
    """The body of a function: runs of local variables of one type, then its instructions."""

    variables: tuple[tuple[int, str], ...]
    start: int
    end: int


@dataclass(slots=True)
class WasmModule:
    """The parts of a module that a program can have."""

    wasm: bytes
    types: list[Signature] = field(default_factory=list)
    functions: list[Signature] = field(default_factory=list)
    memory_bytes: int = 0
    globals: list[Variable] = field(default_factory=list)
    exports: dict[str, int] = field(default_factory=dict)
    """The exported functions, by their index."""
    bodies: list[Code] = field(default_factory=list)
    data: list[tuple[int, bytes]] = field(default_factory=list)

    def code(self, index: int) -> Reader:
        """The instructions of a function."""
        body = self.bodies[index]
        return Reader(self.wasm, body.start, body.end, SUBJECT)


def read_module(wasm: bytes) -> WasmModule:
    """The parts of a valid module. Raises Unusable."""
    try:
        return _read(wasm)
    except ProgramError as error:
        raise Unusable("unsupported_wasm", error.message) from error


def _read(wasm: bytes) -> WasmModule:
    reader = Reader(wasm, 0, len(wasm), SUBJECT)
    reader.expect(encode.MAGIC, "the beginning of a module")
    module = WasmModule(wasm)
    while not reader.at_end:
        number = reader.byte()
        section = reader.part()
        if number in _REFUSED:
            raise Unusable("unsupported_wasm", *_REFUSED[number])
        if number in _SECTIONS:
            _SECTIONS[number](section, module)
    for address, content in module.data:
        if address + len(content) > module.memory_bytes:
            raise Unusable("bad_wasm", "data lies outside the module's memory")
    return module


def _types(reader: Reader, module: WasmModule) -> None:
    def signature() -> Signature:
        reader.expect(b"\x60", "the type of a function")
        return Signature(tuple(reader.vector(reader.kind)), tuple(reader.vector(reader.kind)))

    module.types = reader.vector(signature)


def _imports(reader: Reader, module: WasmModule) -> None:
    del module  # has none
    if reader.unsigned():
        place, name = reader.name(), reader.name()
        raise Unusable(
            "unsupported_wasm",
            f"the module imports {name[:60]!r} of {place[:60]!r}: functions can only compute",
            "link without a runtime: -nostdlib, or no_std in Rust",
        )


def _functions(reader: Reader, module: WasmModule) -> None:
    module.functions = [module.types[index] for index in reader.vector(reader.unsigned)]


def _memories(reader: Reader, module: WasmModule) -> None:
    def memory() -> int:
        has_maximum = reader.byte()
        minimum = reader.unsigned()
        if has_maximum & 1:
            reader.unsigned()
        return minimum * encode.PAGE_BYTES

    module.memory_bytes = sum(reader.vector(memory))
    if module.memory_bytes > MAX_MEMORY_BYTES:
        raise Unusable(
            "program_too_large",
            f"the module has {module.memory_bytes:,} bytes of memory;"
            f" at most {MAX_MEMORY_BYTES:,} are given",
            "link it with a smaller stack and less static data",
        )


def _globals(reader: Reader, module: WasmModule) -> None:
    def variable() -> Variable:
        kind = reader.kind()
        reader.byte()
        return Variable(kind, _constant(reader, kind))

    module.globals = reader.vector(variable)


def _constant(reader: Reader, kind: str) -> int | float:
    """The value of an expression that is one constant of a number type."""
    if kind == "v128":
        raise Unusable("unsupported_wasm", "a global variable holds a vector")
    if reader.byte() not in encode.instruction(f"{kind}.const"):
        raise Unusable("unsupported_wasm", "something begins with a value that is no constant")
    value = reader.constant(kind)
    if reader.byte() not in encode.instruction("end"):
        raise Unusable("unsupported_wasm", "something begins with a value that is computed")
    return value


def _exports(reader: Reader, module: WasmModule) -> None:
    exports = reader.vector(lambda: (reader.name(), reader.byte(), reader.unsigned()))
    module.exports = {
        name: index for name, what, index in exports if what == encode.EXPORT_FUNCTION
    }


def _bodies(reader: Reader, module: WasmModule) -> None:
    def body() -> Code:
        code = reader.part()
        runs = code.vector(lambda: (code.unsigned(), code.kind()))
        if sum(count for count, _ in runs) > MAX_VARIABLES:
            raise Unusable(
                "program_too_large", f"a function has more than {MAX_VARIABLES:,} variables"
            )
        return Code(tuple(runs), code.position, code.end)

    module.bodies = reader.vector(body)


def _data(reader: Reader, module: WasmModule) -> None:
    def segment() -> tuple[int, bytes]:
        flag = reader.unsigned()
        if flag == 1:
            raise Unusable(
                "unsupported_wasm", "data is copied by the code itself", "build it without threads"
            )
        if flag == 2:
            reader.unsigned()
        address = int(_constant(reader, "i32")) & 0xFFFFFFFF
        return address, reader.take(reader.unsigned())

    module.data = reader.vector(segment)


_SECTIONS: dict[int, Callable[[Reader, WasmModule], None]] = {
    encode.SECTION_TYPE: _types,
    2: _imports,
    encode.SECTION_FUNCTION: _functions,
    encode.SECTION_MEMORY: _memories,
    encode.SECTION_GLOBAL: _globals,
    encode.SECTION_EXPORT: _exports,
    encode.SECTION_CODE: _bodies,
    encode.SECTION_DATA: _data,
}
"""Tables and their elements (4, 9), a count of data (12) and custom sections (0) are passed over:
no instruction that programs take looks at them."""

_REFUSED: dict[int, tuple[str, str]] = {
    8: ("the module has a start function", "link it as a library: --no-entry"),
    13: ("the module throws exceptions", "build it without them"),
}
