"""Runs single functions of modules in wasmtime, for tests."""

from __future__ import annotations

from typing import Any

import wasmtime

from jobspec import ir
from jobspec.ir import Function, Kind, Module
from jobspec.wasm.codegen import assemble

TRAP_SITE = Function(
    name="trap_site", result=Kind.I32, body=(ir.Return(ir.GetGlobal("trap", Kind.I32)),)
)
CLEAR_TRAP = Function(name="clear_trap", body=(ir.SetGlobal("trap", ir.Const(Kind.I32, 0)),))


class Instance:
    """A module in an engine; `call` runs one of its functions, all of which are exported."""

    def __init__(self, *functions: Function, memory_bytes: int = 1 << 20) -> None:
        self.wasm = assemble(
            Module(
                functions=tuple(map(exported, (*functions, TRAP_SITE, CLEAR_TRAP))),
                memory_maximum_bytes=memory_bytes,
            )
        )
        self.store = wasmtime.Store()
        module = wasmtime.Module(self.store.engine, self.wasm)
        self._exports = wasmtime.Instance(self.store, module, []).exports(self.store)
        self.memory = self._exports["memory"]

    def call(self, name: str, *args: Any) -> Any:
        return self._exports[name](self.store, *args)

    def trap(self) -> int | None:
        """The number of the trap site that was met."""
        number = self.call("trap_site")
        return number - 1 if number else None


def exported(function: Function) -> Function:
    return Function(
        name=function.name,
        params=function.params,
        result=function.result,
        body=function.body,
        exported=True,
        comment=function.comment,
    )


def returning(expression: ir.Expr, *params: tuple[str, Kind]) -> Function:
    """A function `f` that computes one expression."""
    return Function(name="f", params=params, result=expression.kind, body=(ir.Return(expression),))
