"""Turns a module of the intermediate representation into the bytes of a WebAssembly program.

One pass, no optimisation: each statement becomes its instructions in place. Local variables get
their index and kind at their first assignment. String literals lie, each once, in one data
segment at the start of the memory, static memory and the heap follow. The same module gives the
same bytes.

Memory from address 0: 64 bytes that nothing points to, the literals, the static memory, the heap
from the global `heap_base` (a multiple of 64) on.

Mistakes in the module are mistakes of a front end and raise CompilerError with the function's
name. Not here: which kernels a module needs (`link`), the binary format (`encode`).
"""

from __future__ import annotations

from itertools import groupby

from jobspec import walk
from jobspec.errors import CompilerError
from jobspec.ir import Function, Module, Static, Text
from jobspec.wasm import encode
from jobspec.wasm.emit import Callee, Layout, emit_body, local_kinds
from jobspec.wasm.foreign import block_types, function_code
from jobspec.wasm.link import link

DATA_ADDRESS = 64
ALIGNMENT = 64


class TooMuchMemoryError(Exception):
    """Literals and static memory need more memory than the program may have."""

    def __init__(self, needed: int, most: int) -> None:
        super().__init__(f"literals and static memory need {needed:,} bytes, of {most:,}")
        self.needed = needed
        self.most = most


def assemble(module: Module) -> bytes:
    """The program of a module, with the kernels it calls linked in.

    Exports the memory as `memory`, with its declared maximum, and the module's exported functions.
    Raises TooMuchMemoryError, and CompilerError if the module is not well formed.
    """
    module = link(module)
    texts = _place_texts(module.functions)
    data = _data(texts)
    statics, end = _place_statics(module, DATA_ADDRESS + len(data))
    heap_base = _align(end)
    layout = _layout(module, texts, statics)
    bodies = [_function_code(function, layout) for function in module.functions]
    bodies += [function_code(function, layout) for function in module.foreign]
    initial: dict[str, int | float] = {"heap_base": heap_base}
    parts = [
        encode.MAGIC,
        encode.type_section(list(layout.types)),
        encode.function_section(
            [layout.type_index(one.params, one.results) for one in layout.functions.values()]
        ),
        encode.memory_section(*_memory_pages(module, heap_base)),
        encode.global_section(
            [(item.kind, initial.get(item.name, item.initial)) for item in module.globals]
        ),
        encode.export_section(_exports(module)),
        encode.code_section(bodies),
    ]
    if data:
        parts.append(encode.data_section(DATA_ADDRESS, data))
    parts.append(
        encode.name_section(
            list(layout.functions),
            [list(local_kinds(function)) for function in module.functions],
            [item.name for item in module.globals],
        )
    )
    return b"".join(parts)


def _layout(module: Module, texts: dict[bytes, int], statics: dict[str, int]) -> Layout:
    own = [Callee(index, *_signature(function)) for index, function in enumerate(module.functions)]
    foreign = [
        Callee(index, function.params, function.results)
        for index, function in enumerate(module.foreign, len(own))
    ]
    names = [function.name for function in module.functions]
    names += [function.name for function in module.foreign]
    layout = Layout(
        functions=dict(zip(names, (*own, *foreign), strict=True)),
        globals={item.name: (index, item.kind) for index, item in enumerate(module.globals)},
        texts=texts,
        statics=statics,
    )
    for one in layout.functions.values():
        layout.type_index(one.params, one.results)
    for function in module.foreign:
        for block in block_types(function):
            layout.type_index(block.params, block.results)
    return layout


def _signature(function: Function) -> tuple[tuple[str, ...], tuple[str, ...]]:
    results = () if function.result is None else (function.result.value,)
    return tuple(kind.value for _, kind in function.params), results


def _place_texts(functions: tuple[Function, ...]) -> dict[bytes, int]:
    """The address of each string literal, in the order of their first use."""
    addresses: dict[bytes, int] = {}
    address = DATA_ADDRESS
    for function in functions:
        for part in walk.expressions(function.body):
            if isinstance(part, Text) and part.value not in addresses:
                if len(part.value) >= ALIGNMENT:  # of arrays and tables, which are read by words
                    address = _align(address)
                addresses[part.value] = address
                address += len(part.value)
    return addresses


def _data(texts: dict[bytes, int]) -> bytes:
    """The literals as they lie from `DATA_ADDRESS` on."""
    data = bytearray()
    for text, address in texts.items():
        data.extend(bytes(address - DATA_ADDRESS - len(data)))
        data.extend(text)
    return bytes(data)


def _place_statics(module: Module, address: int) -> tuple[dict[str, int], int]:
    """The address of each piece of static memory, in the order of first use; where they end."""
    found = [
        (part.name, part.bytes)
        for function in module.functions
        for part in walk.expressions(function.body)
        if isinstance(part, Static)
    ]
    found += [function.memory for function in module.foreign if function.memory is not None]
    addresses: dict[str, int] = {}
    sizes: dict[str, int] = {}
    for name, size in found:
        if sizes.setdefault(name, size) != size:
            raise CompilerError(f"static memory {name} has two sizes")
        if name not in addresses:
            addresses[name] = address = _align(address)
            address += size
    return addresses, address


def _memory_pages(module: Module, heap_base: int) -> tuple[int, int]:
    minimum = -(-heap_base // encode.PAGE_BYTES)
    maximum = min(module.memory_maximum_bytes // encode.PAGE_BYTES, 65536)
    if minimum > maximum:
        raise TooMuchMemoryError(minimum * encode.PAGE_BYTES, maximum * encode.PAGE_BYTES)
    return minimum, maximum


def _exports(module: Module) -> list[tuple[str, int, int]]:
    exports = [("memory", encode.EXPORT_MEMORY, 0)]
    for index, function in enumerate(module.functions):
        if function.exported:
            exports.append((function.name, encode.EXPORT_FUNCTION, index))
    return exports


def _function_code(function: Function, layout: Layout) -> bytes:
    kinds = local_kinds(function)
    own = list(kinds.values())[len(function.params) :]
    runs = [(len(list(run)), kind.value) for kind, run in groupby(own)]
    return encode.function_body(runs, emit_body(function, kinds, layout))


def _align(address: int) -> int:
    return -(-address // ALIGNMENT) * ALIGNMENT
