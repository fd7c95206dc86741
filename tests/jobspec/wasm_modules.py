"""WebAssembly functions inside a program of ours, beside the engine's own run of their module."""

from __future__ import annotations

import base64
import math
import struct
from collections.abc import Sequence
from typing import Any

import wasmtime

from jobspec import ir
from jobspec.ir import Module
from jobspec.opcodes import OPERATORS
from jobspec.types import ValueType
from jobspec.wasm.codegen import assemble
from jobspec.wasm_functions import WasmFunction, compile_one
from tests.jobspec.running import CLEAR_TRAP, TRAP_SITE, exported

TYPES = {kind: ValueType(kind) for kind in ("i32", "i64", "f32", "f64")}
NANS = {"f32": 0x7FC00000, "f64": 0x7FF8 << 48}

SCALARS = [name for name in OPERATORS if not name.startswith("memory")]
VALUES: dict[str, list[float]] = {
    "i32": [0, 1, -1, 7, -7, 31, 2**31 - 1, -(2**31)],
    "i64": [0, 1, -1, 7, -7, 63, 2**31, -(2**31) - 1, 2**63 - 1, -(2**63)],
    "f32": [0.0, -0.0, 1.5, -2.5, 2.0**31, -(2.0**31), 2.0**63, 3e38, math.inf, math.nan],
    "f64": [
        *(0.0, -0.0, 0.5, -0.5, -0.999, 1.5, -2.5, 2.0**31, 2.0**31 - 0.5, -(2.0**31) - 0.5),
        *(-(2.0**31) - 1, 2.0**32, 2.0**32 - 0.5, 2.0**63, -(2.0**63), 2.0**64, 1e308),
        *(math.inf, -math.inf, math.nan),
    ],
}
"""What instructions are tried with: the edges of their types."""


class Trap:
    """What a call gives that does not return; all are equal."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Trap)

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "Trap"


class Both:
    """The exported functions of a module: as they are, and as part of a program."""

    def __init__(self, wat: str, *, fresh: bool = True) -> None:
        wasm = bytes(wasmtime.wat2wasm(wat))
        self._engine = wasmtime.Engine()
        config = wasmtime.Config()
        config.cranelift_nan_canonicalization = True
        self._exact = wasmtime.Engine(config)
        self._fresh = fresh
        self._wasm = wasm
        self._other: tuple[wasmtime.Store, Any] | None = None
        self._module = wasmtime.Module(self._engine, wasm)
        self.signatures = {
            export.name: ([str(one) for one in type_.params], [str(one) for one in type_.results])
            for export in self._module.exports
            if isinstance(type_ := export.type, wasmtime.FuncType)
        }
        self.traps = ir.TrapSites()
        compiled = []
        for name, (params, (result,)) in self.signatures.items():
            one = WasmFunction(
                wasm=wasm,
                export=name,
                params=tuple((f"p{at}", TYPES[kind]) for at, kind in enumerate(params)),
                result=TYPES[result],
            )
            compiled.append(compile_one(name, one, self.traps, f"/functions/{name}"))
        self.wasm = assemble(
            Module(
                functions=(
                    *(exported(one.function) for one in compiled),
                    exported(TRAP_SITE),
                    exported(CLEAR_TRAP),
                ),
                foreign=tuple(part for one in compiled for part in one.foreign),
                globals=tuple(part for one in compiled for part in one.globals),
                memory_maximum_bytes=64 << 20,
            )
        )
        self._store = wasmtime.Store(self._engine)
        program = wasmtime.Module(self._engine, self.wasm)
        self._ours = wasmtime.Instance(self._store, program, []).exports(self._store)

    def ours(self, name: str, *args: Any) -> Any:
        """A result, in bits if it is a float; Trap if a trap is pending."""
        kind = self.signatures[name][1][0]
        self._ours["clear_trap"](self._store)
        value = self._ours[f"fn_{name}"](self._store, *args)
        return Trap() if self._ours["trap_site"](self._store) else bits(value, kind)

    def trap_code(self) -> str:
        return self.traps.all()[self._ours["trap_site"](self._store) - 1].code

    def deterministic(self, name: str, *args: Any) -> Any:
        """The same where the engine makes each NaN canonical, as the deterministic profile says."""
        store = wasmtime.Store(self._exact)
        module = wasmtime.Module(self._exact, self._wasm)
        return wasmtime.Instance(store, module, []).exports(store)[name](store, *args)

    def theirs(self, name: str, *args: Any) -> Any:
        """The same of an instance of the module itself, a fresh one if it keeps anything."""
        if self._fresh or self._other is None:
            store = wasmtime.Store(self._engine)
            self._other = store, wasmtime.Instance(store, self._module, []).exports(store)
        store, exports = self._other
        try:
            return bits(exports[name](store, *args), self.signatures[name][1][0])
        except wasmtime.Trap:
            return Trap()


def bits(value: Any, kind: str) -> Any:
    """A float as its bits, all NaNs alike."""
    if kind not in NANS:
        return value
    if math.isnan(value):
        return NANS[kind]
    form = ("<f", "<I") if kind == "f32" else ("<d", "<Q")
    return struct.unpack(form[1], struct.pack(form[0], value))[0]


def member(wat: str, params: Sequence[str], result: str, export: str = "f") -> dict[str, Any]:
    """The entry of a document's functions."""
    return entry(bytes(wasmtime.wat2wasm(wat)), params, result, export)


def entry(wasm: bytes, params: Sequence[str], result: str, export: str = "f") -> dict[str, Any]:
    return {
        "wasm": base64.b64encode(wasm).decode(),
        "export": export,
        "params": list(params),
        "result": result,
    }
