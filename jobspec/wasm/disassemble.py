"""Shows a program as text: WebAssembly's own text format, which other tools read too.

Every instruction that `codegen` can emit is shown by its name in the specification, and things
by the names of the name section. Assembling the text gives the program back.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterator

from jobspec.wasm import encode
from jobspec.wasm.decode import Parts, Reader, constant, decode
from jobspec.wasm.opcodes import CONTROL, LOADS, OF_MEMORY, OPERATORS, STORES

MAX_DEPTH = 1_000
"""Blocks within blocks; it bounds the text's indentation."""

_MNEMONICS: dict[int, str] = {
    **{number: name for name, number in CONTROL.items()},
    **{row[0]: name for name, row in OPERATORS.items()},
    **{row[0]: name for name, row in (LOADS | STORES).items()},
}
_OF_INDEX = {
    "br": "label",
    "br_if": "label",
    "call": "function",
    "local.get": "local",
    "local.set": "local",
    "local.tee": "local",
    "global.get": "global",
    "global.set": "global",
}
_CHARACTERS = [
    chr(byte) if 0x20 <= byte < 0x7F and byte not in b'"\\' else f"\\{byte:02x}"
    for byte in range(256)
]
_PLAIN_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+\-./:<=>?@\\^_`|~]+")


def disassemble(wasm: bytes) -> str:
    """The text of a program. Raises ProgramError for bytes that are not one of ours."""
    return "\n".join(_module(decode(wasm))) + "\n"


def _module(parts: Parts) -> Iterator[str]:
    yield "(module"
    for minimum, maximum in parts.memories:
        yield f"  (memory{_exported(parts, encode.EXPORT_MEMORY, 0)} {minimum} {maximum})"
    for index, (kind, initial) in enumerate(parts.globals):
        value = _number(initial, kind)
        name = _name(parts.names.get(encode.NAMES_GLOBAL, {}), index)
        yield f"  (global {name} (mut {kind}) ({kind}.const {value}))"
    for index in range(len(parts.functions)):
        yield from _function(parts, index)
    for address, content in parts.data:
        yield f"  (data (i32.const {address}) {_quoted(content)})"
    yield ")"


def _function(parts: Parts, index: int) -> Iterator[str]:
    signature = parts.types[parts.functions[index]]
    own, code = parts.bodies[index]
    names = parts.local_names.get(index, {})
    head = f"  (func {_name(parts.names.get(encode.NAMES_FUNCTION, {}), index)}"
    head += _exported(parts, encode.EXPORT_FUNCTION, index)
    for number, kind in enumerate(signature.params):
        head += f" (param {_name(names, number)} {kind})"
    for kind in signature.results:
        head += f" (result {kind})"
    yield head
    for number, kind in enumerate(own, len(signature.params)):
        yield f"    (local {_name(names, number)} {kind})"
    yield from _Body(parts, names, len(signature.params) + len(own)).lines(code)
    yield "  )"


class _Body:
    """Shows the instructions of one function."""

    def __init__(self, parts: Parts, local_names: dict[int, str], locals_: int) -> None:
        self._names = {
            "local": (local_names, locals_),
            "global": (parts.names.get(encode.NAMES_GLOBAL, {}), len(parts.globals)),
            "function": (parts.names.get(encode.NAMES_FUNCTION, {}), len(parts.functions)),
        }

    def lines(self, code: Reader) -> Iterator[str]:
        depth = 1
        while depth:
            mnemonic = _mnemonic(code)
            if mnemonic in ("end", "else"):
                depth -= 1
            if depth:
                yield f"{'  ' * (depth + 1)}{mnemonic}{self._immediates(mnemonic, code, depth)}"
            if mnemonic in ("block", "loop", "if", "else"):
                depth += 1
            if depth > MAX_DEPTH:
                raise code.fail(f"blocks are nested more than {MAX_DEPTH} levels deep")
        if not code.at_end:
            raise code.fail("a function goes on after its end")

    def _immediates(self, mnemonic: str, code: Reader, depth: int) -> str:
        kind, _, operation = mnemonic.partition(".")
        if mnemonic in _OF_INDEX:
            return " " + self._index(_OF_INDEX[mnemonic], code, depth)
        if mnemonic in LOADS or mnemonic in STORES:
            return _memory_argument(mnemonic, code)
        if mnemonic in ("block", "loop", "if"):
            code.expect(encode.EMPTY_BLOCK, "a block without results")
        elif operation == "const":
            return " " + _number(constant(code, kind), kind)
        elif mnemonic in OF_MEMORY or mnemonic == "memory.fill":
            code.expect(b"\0", "the only memory")
        elif mnemonic == "memory.copy":
            code.expect(b"\0\0", "the only memory")
        return ""

    def _index(self, what: str, code: Reader, depth: int) -> str:
        index = code.unsigned()
        if what == "label":
            if index >= depth:
                raise code.fail(f"there is no block {index} levels up")
            return str(index)
        names, count = self._names[what]
        if index >= count:
            raise code.fail(f"there is no {what} {index}")
        return _name(names, index)


def _mnemonic(code: Reader) -> str:
    number = code.byte()
    if number == 0xFC:
        number = 0xFC00 | code.unsigned() & 0xFF
    mnemonic = _MNEMONICS.get(number)
    if mnemonic is None:
        raise code.fail(f"instruction {number:#04x} is none of ours")
    return mnemonic


def _memory_argument(mnemonic: str, code: Reader) -> str:
    alignment, offset = code.unsigned(), code.unsigned()
    if alignment != encode.natural_alignment(mnemonic):
        raise code.fail(f"{mnemonic} has an alignment that is not its own")
    return f" offset={offset}" if offset else ""


def _exported(parts: Parts, what: int, index: int) -> str:
    names = [name for name, sort, number in parts.exports if (sort, number) == (what, index)]
    return "".join(f" (export {_quoted(name.encode())})" for name in names)


def _name(names: dict[int, str], index: int) -> str:
    """A name as an identifier, or the index of what has none."""
    name = names.get(index)
    if name is None:
        return f"${index}"
    return f"${name}" if _PLAIN_NAME.fullmatch(name) else f"${_quoted(name.encode())}"


def _quoted(content: bytes) -> str:
    return f'"{"".join(map(_CHARACTERS.__getitem__, content))}"'


def _number(value: float, kind: str) -> str:
    if isinstance(value, int):
        return str(value)
    if math.isnan(value):
        form = (">d", ">Q", 52) if kind == "f64" else (">f", ">I", 23)
        bits = struct.unpack(form[1], struct.pack(form[0], value))[0]
        sign = "-" if math.copysign(1, value) < 0 else ""
        return f"{sign}nan:{bits & ((1 << form[2]) - 1):#x}"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return repr(value) if value.is_integer() and abs(value) < 1e16 else value.hex()
