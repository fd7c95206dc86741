"""Runs a program on one chunk in wasmtime: on the hub, and in native volunteers.

A program gets memory up to a limit, fuel (a deterministic count of the work done) where the caller
wants a bound, and nothing else: a module with imports is refused, and no address or length that
it names is believed.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from time import perf_counter, thread_time
from typing import cast

import wasmtime

from jobspec.errors import OutputError, RunError
from jobspec.table_bytes import read_header

SLICE_ROWS = 8192
FIRST_ROWS = 64
"""Of a run whose slices are to take a time, before it is known how long a row takes."""
FASTEST_GROWTH = 8
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
    cpu_seconds: float = field(default=0.0, compare=False)
    """What this thread worked for it; to compile the program does not count."""


class Between:
    """A run between two slices of its rows."""

    def __init__(self, program: _Program, rows_left: int, memory_bytes: int) -> None:
        self._program, self._memory_bytes = program, memory_bytes
        self.rows_left = rows_left

    def output(self, most_bytes: int) -> bytes | None:
        """The result of the rows done so far; to ask for it changes nothing of what follows.

        None if it has more than `most_bytes`, or if the program has used more than half of its
        memory: to make an output takes some. Raises RunError as the run itself does.
        """
        if 2 * self._program.memory_bytes > self._memory_bytes:
            return None
        address, length = self._program.make_output()
        if length > most_bytes:
            return None
        output = self._program.read(address, length)
        _rows_done(output)  # or it is malformed
        return output


def run_program(
    wasm: bytes,
    chunk: bytes,
    *,
    fuel: int | None,
    memory_bytes: int,
    slice_rows: int = SLICE_ROWS,
    slice_seconds: float | None = None,
    after_slice: Callable[[Between], None] | None = None,
    whole_rows: bool = False,
    twice: bool = False,
) -> Run:
    """Run a program over a chunk.

    `fuel` bounds the work (None: no bound, and a faster program), `memory_bytes` the memory.
    Rows are done in slices of `slice_rows`, or of as many as take about `slice_seconds`; after each
    `after_slice` is shown the run, and may raise to end it.

    The output of a run that traps can have a part of the row that did: the first of several matches
    of a join. `whole_rows` has the rows before it done once more, so that it is their result.
    `twice` has everything done once before, which counts in the fuel alone: `cpu_seconds` are then
    what an instance takes that has its memory already, as those of volunteers have.

    Raises RunError: `fuel_exhausted`, `memory` when the memory does not suffice, `invalid` when
    the module or what it does is not that of a program. A trap is a result, not an error.
    """
    module = _compiled(wasm, fuel is not None)
    began = thread_time()
    store = wasmtime.Store(module.engine)
    try:
        store.set_limits(memory_size=memory_bytes, instances=1, memories=1, tables=0)
        if fuel is not None:
            store.set_fuel(fuel)
        program = _Program(module.module, store)
        pace = _Pace(slice_rows, slice_seconds)
        if twice and _steps(program, chunk, pace, memory_bytes, None) is None:
            program.make_output()
            began = thread_time()
        trap_site = _steps(program, chunk, pace, memory_bytes, after_slice)
        output = program.output()
        rows_done = _rows_done(output)
        if whole_rows and trap_site is not None:
            if fuel is not None:
                store.set_fuel(fuel)
            output = _redone(program, chunk, rows_done, pace.rows)
        used = None if fuel is None else fuel - store.get_fuel()
    finally:
        store.close()
    return Run(
        output=output,
        rows_done=rows_done,
        trap_site=trap_site,
        fuel_used=used,
        cpu_seconds=thread_time() - began,
    )


class _Pace:
    """How many rows a slice has."""

    def __init__(self, slice_rows: int, slice_seconds: float | None) -> None:
        self.rows = slice_rows if slice_seconds is None else FIRST_ROWS
        self._seconds = slice_seconds
        self._began = perf_counter()

    def begin(self) -> None:
        self._began = perf_counter()

    def end(self) -> None:
        if self._seconds is not None:
            took = max(perf_counter() - self._began, 1e-6)
            ideal = int(self.rows * self._seconds / took)
            self.rows = min(max(ideal, 1), self.rows * FASTEST_GROWTH, MAX_I32)


def _steps(
    program: _Program,
    chunk: bytes,
    pace: _Pace,
    memory_bytes: int,
    after_slice: Callable[[Between], None] | None,
) -> int | None:
    """Do every row of a chunk; the trap site where one is met."""
    program.input(chunk)
    left: int | None = None
    while left != 0:
        pace.begin()
        rest = program.call("step", pace.rows)
        pace.end()
        if rest < 0:
            return -1 - rest
        if left is not None and rest >= left:
            raise RunError("invalid", f"step did no row: {rest} rows are left, as before")
        left = rest
        if after_slice is not None:
            after_slice(Between(program, left, memory_bytes))
    return None


def _redone(program: _Program, chunk: bytes, rows: int, slice_rows: int) -> bytes:
    """The output of the first `rows` rows of a chunk, which do not trap."""
    program.input(chunk)
    for start in range(0, rows, slice_rows):
        if program.call("step", min(slice_rows, rows - start)) < 0:
            raise RunError("invalid", f"row {rows} trapped, and then one before it")
    output = program.output()
    if _rows_done(output) != rows:
        raise RunError("invalid", f"{rows} rows were done, and then {_rows_done(output)}")
    return output


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
        return self.read(*self.make_output())

    def make_output(self) -> tuple[int, int]:
        """Where the result of the rows done is, and how long."""
        address, length = self.call("output"), self.call("output_bytes")
        if address <= 0 or length <= 0:
            raise RunError("memory", "the output does not fit the program's memory")
        return address, length

    def read(self, address: int, length: int) -> bytes:
        return ctypes.string_at(self._place(address, length), length)

    @property
    def memory_bytes(self) -> int:
        return self._memory.data_len(self._store)

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
