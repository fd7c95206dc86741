"""Shows a program as text: WebAssembly's own text format, which other tools read too.

Every instruction that `codegen` can emit is shown by its name in the specification, and things
by the names of the name section. Assembling the text gives the program back.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterator

from jobspec.opcodes import LOADS, STORES
from jobspec.wasm import encode
from jobspec.wasm.decode import Parts, decode
from jobspec.wasm.instructions import BLOCKS, Instruction, read
from jobspec.wasm.reader import Reader
from jobspec.wasm.vectors import MEMORY, MEMORY_LANE

MAX_DEPTH = 1_000
"""Blocks within blocks; it bounds the text's indentation."""

_OF_INDEX = {
    "br": "label",
    "br_if": "label",
    "br_table": "label",
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
        self._types = parts.types
        self._names = {
            "local": (local_names, locals_),
            "global": (parts.names.get(encode.NAMES_GLOBAL, {}), len(parts.globals)),
            "function": (parts.names.get(encode.NAMES_FUNCTION, {}), len(parts.functions)),
        }

    def lines(self, code: Reader) -> Iterator[str]:
        depth = 1
        while depth:
            found = read(code)
            if found.name in ("end", "else"):
                depth -= 1
            if depth:
                shown = found.name.partition(" ")[0]
                yield f"{'  ' * (depth + 1)}{shown}{self._immediates(found, code, depth)}"
            if found.name in BLOCKS or found.name == "else":
                depth += 1
            if depth > MAX_DEPTH:
                raise code.fail(f"blocks are nested more than {MAX_DEPTH} levels deep")
        if not code.at_end:
            raise code.fail("a function goes on after its end")

    def _immediates(self, found: Instruction, code: Reader, depth: int) -> str:
        name = found.name
        what = _OF_INDEX.get(name)
        if what is not None:
            shown = (self._index(what, index, code, depth) for index in found.immediates)
            return "".join(f" {index}" for index in shown)
        if name in LOADS or name in STORES or name in MEMORY or name in MEMORY_LANE:
            return _memory_argument(found, code)
        if name in BLOCKS:
            return self._block_type(found, code)
        if found.kind is not None:
            return f" (result {found.kind})"
        if found.number is not None:
            return " " + _number(found.number, name.partition(".")[0])
        if name == "v128.const":
            words = struct.unpack("<4I", found.content)
            return " i32x4 " + " ".join(f"{word:#010x}" for word in words)
        return "".join(f" {lane}" for lane in (*found.content, *found.immediates))

    def _block_type(self, found: Instruction, code: Reader) -> str:
        if found.kind is not None:
            return f" (result {found.kind})"
        if not found.immediates:
            return ""
        (index,) = found.immediates
        if index >= len(self._types):
            raise code.fail(f"there is no type {index}")
        signature = self._types[index]
        parts = [f" (param {' '.join(signature.params)})"] if signature.params else []
        parts += [f" (result {' '.join(signature.results)})"] if signature.results else []
        return "".join(parts)

    def _index(self, what: str, index: int, code: Reader, depth: int) -> str:
        if what == "label":
            if index >= depth:
                raise code.fail(f"there is no block {index} levels up")
            return str(index)
        names, count = self._names[what]
        if index >= count:
            raise code.fail(f"there is no {what} {index}")
        return _name(names, index)


def _memory_argument(found: Instruction, code: Reader) -> str:
    alignment, offset, *lanes = found.immediates
    natural = encode.natural_alignment(found.name)
    if alignment > natural:
        raise code.fail(f"{found.name} has an alignment above its own")
    shown = f" offset={offset}" if offset else ""
    shown += f" align={1 << alignment}" if alignment < natural else ""
    return shown + "".join(f" {lane}" for lane in lanes)


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
