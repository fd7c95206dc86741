"""Runs a program on one chunk in wasmtime: on the hub, and in native volunteers.

A program gets memory up to a limit, fuel (a deterministic count of the work done) where the caller
wants a bound, and nothing else: a module with imports is refused, and no address or length that
it names is believed.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import wasmtime

from jobspec.errors import OutputError, RunError
from jobspec.table_bytes import read_header

SLICE_ROWS = 8192
MAX_I32 = (1 << 31) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What became of one chunk."""

    output: bytes
    """The result of the rows done."""
    rows_done: int
    trap_site: int | None
    """The number of the trap site that ended the run at row `rows_done`, if one did."""
    fuel_used: int | None
    """None when the run was not metered."""


def run_program(
    wasm: bytes,
    chunk: bytes,
    *,
    fuel: int | None,
    memory_bytes: int,
    slice_rows: int = SLICE_ROWS,
    after_slice: Callable[[int], None] | None = None,
) -> Run:
    """Run a program over a chunk.

    `fuel` bounds the work (None: no bound, and a faster program), `memory_bytes` the memory.
    Rows are done in slices; after each `after_slice` is told how many rows are left, and may
    raise to end the run.

    Raises RunError: `fuel_exhausted`, `memory` when the memory does not suffice, `invalid` when
    the module or what it does is not that of a program. A trap is a result, not an error.
    """
    module = _compiled(wasm, fuel is not None)
    store = wasmtime.Store(module.engine)
    try:
        store.set_limits(memory_size=memory_bytes, instances=1, memories=1, tables=0)
        if fuel is not None:
            store.set_fuel(fuel)
        program = _Program(module.module, store)
        trap_site = _steps(program, chunk, slice_rows, after_slice)
        output = program.output()
        rows_done = _rows_done(output)
        used = None if fuel is None else fuel - store.get_fuel()
    finally:
        store.close()
    return Run(output=output, rows_done=rows_done, trap_site=trap_site, fuel_used=used)


def _steps(
    program: _Program, chunk: bytes, slice_rows: int, after_slice: Callable[[int], None] | None
) -> int | None:
    """Do every row of a chunk; the trap site where one is met."""
    program.input(chunk)
    left: int | None = None
    while left != 0:
        rest = program.call("step", slice_rows)
        if rest < 0:
            return -1 - rest
        if left is not None and rest >= left:
            raise RunError("invalid", f"step did no row: {rest} rows are left, as before")
        left = rest
        if after_slice is not None:
            after_slice(left)
    return None


def _rows_done(output: bytes) -> int:
    try:
        return read_header(output).rows_done
    except OutputError as error:
        raise RunError("invalid", f"the output is malformed: {error.message}") from error


# --- one instance ---------------------------------------------------------------------------------

_FUNCTIONS = {"input": 1, "step": 1, "output": 0, "output_bytes": 0}
"""What a program exports besides its memory, with the number of i32 parameters."""


class _Program:
    """An instance; whatever goes wrong inside it is a RunError."""

    def __init__(self, module: wasmtime.Module, store: wasmtime.Store) -> None:
        self._store = store
        try:
            instance = wasmtime.Instance(store, module, [])
        except wasmtime.Trap as trap:
            raise _of_trap(trap) from trap
        except wasmtime.WasmtimeError as error:
            if "memory" in str(error):
                message = "the program needs more memory than it may have"
                raise RunError("memory", message) from error
            raise RunError("invalid", f"the program cannot be started: {error}") from error
        exports = instance.exports(store)
        # `_compiled` has seen what each of them is.
        self._memory = cast(wasmtime.Memory, exports["memory"])
        self._functions = {name: cast(wasmtime.Func, exports[name]) for name in _FUNCTIONS}

    def call(self, name: str, *args: int) -> int:
        try:
            result: int = self._functions[name](self._store, *args)
        except wasmtime.Trap as trap:
            raise _of_trap(trap) from trap
        except wasmtime.WasmtimeError as error:
            raise RunError("invalid", f"{name} failed: {error}") from error
        return result

    def input(self, chunk: bytes) -> None:
        if len(chunk) > MAX_I32:
            raise RunError("memory", "the chunk is larger than any program's memory")
        address = self.call("input", len(chunk)) & 0xFFFFFFFF
        if address == 0:
            raise RunError("memory", "the chunk does not fit the program's memory")
        ctypes.memmove(self._place(address, len(chunk)), chunk, len(chunk))

    def output(self) -> bytes:
        address, length = self.call("output"), self.call("output_bytes")
        if address <= 0 or length <= 0:
            raise RunError("memory", "the output does not fit the program's memory")
        return ctypes.string_at(self._place(address, length), length)

    def _place(self, address: int, length: int) -> int:
        """Where a region of the program's memory lies in ours."""
        if address + length > self._memory.data_len(self._store):
            raise RunError(
                "invalid", f"{length} bytes at {address} lie outside the program's memory"
            )
        start = ctypes.cast(self._memory.data_ptr(self._store), ctypes.c_void_p).value
        if start is None:
            raise RunError("invalid", "the program has no memory")
        return start + address


def _of_trap(trap: wasmtime.Trap) -> RunError:
    message = str(trap).strip().splitlines()
    reason = next((line.strip() for line in reversed(message) if "wasm trap" in line), message[0])
    if trap.trap_code is wasmtime.TrapCode.OUT_OF_FUEL:
        return RunError("fuel_exhausted", "the program did more work than it was allowed to")
    return RunError("invalid", f"the engine stopped the program: {reason}")


def invalid_module(wasm: bytes) -> str | None:
    """Why bytes are not a valid module of what programs may have; None if they are one."""
    try:
        wasmtime.Module.validate(_engine(False), wasm)
    except wasmtime.WasmtimeError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        return lines[-1].removeprefix("0: ") if lines else "it cannot be read"
    return None


# --- engines and modules --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Compiled:
    engine: wasmtime.Engine
    module: wasmtime.Module


@lru_cache(maxsize=2)
def _engine(metered: bool) -> wasmtime.Engine:
    config = wasmtime.Config()
    config.consume_fuel = metered
    config.wasm_threads = False
    config.wasm_relaxed_simd = False
    config.wasm_memory64 = False
    config.wasm_multi_memory = False
    return wasmtime.Engine(config)


@lru_cache(maxsize=32)
def _compiled(wasm: bytes, metered: bool) -> _Compiled:
    """The machine code of a program, kept for the chunks that follow."""
    engine = _engine(metered)
    try:
        module = wasmtime.Module(engine, wasm)
    except wasmtime.WasmtimeError as error:
        raise RunError("invalid", f"this is not a WebAssembly module: {error}") from error
    if module.imports:
        raise RunError("invalid", "a program has no imports")
    exports = {export.name: export.type for export in module.exports}
    if not isinstance(exports.get("memory"), wasmtime.MemoryType):
        raise RunError("invalid", "a program exports its memory")
    for name, params in _FUNCTIONS.items():
        signature = exports.get(name)
        if (
            not isinstance(signature, wasmtime.FuncType)
            or [str(kind) for kind in signature.params] != ["i32"] * params
            or [str(kind) for kind in signature.results] != ["i32"]
        ):
            raise RunError("invalid", f"a program exports {name} with i32 parameters and result")
    return _Compiled(engine, module)
