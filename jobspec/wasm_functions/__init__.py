"""Functions that were compiled to WebAssembly elsewhere, taken into a program.

A researcher gives a module without imports, the name of an export, and types. The module is
validated by an engine, read (`module`), made safe (`rewrite`, with `checks`) and called through
`entry`: its memory is a region of the program's, every call begins with the memory and global
variables that the module declares, what would stop the engine is a trap of the row, and NaNs are
canonical. So it can do to a program no more than any other function: compute.

Refused: imports, start functions, growing memory, recursion, calls through tables, threads, relaxed
vector instructions, exceptions.
"""

from __future__ import annotations

from jobspec.wasm_functions.compile import WasmFunction, compile_one, compile_wasm
from jobspec.wasm_functions.module import MAX_MEMORY_BYTES, Unusable

__all__ = [
    "MAX_MEMORY_BYTES",
    "Unusable",
    "WasmFunction",
    "compile_one",
    "compile_wasm",
]
