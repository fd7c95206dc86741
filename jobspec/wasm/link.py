"""Completes a module by the kernels that it calls, and by those that they call.

The order is that of discovery, so the same module always gives the same result.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from jobspec import kernels, walk
from jobspec.errors import CompilerError
from jobspec.ir import Function, GetGlobal, Global, Kind, Module, SetGlobal

STANDARD_GLOBALS = ("trap", "heap_base")
"""i32 variables that every module has; the code generator sets where the heap begins."""


@dataclass(frozen=True, slots=True)
class _Needs:
    """The functions that one function calls, and the global variables that it uses, each once."""

    functions: tuple[str, ...]
    globals: tuple[str, ...]


def link(module: Module) -> Module:
    """The module with every function it needs, its own first.

    Raises CompilerError if a name is defined twice or nowhere.
    """
    functions: dict[str, Function] = {}
    needs: dict[str, _Needs] = {}
    names: set[str] = set()
    own = [(function.name, function) for function in module.functions]
    for name, function in (*own, *((foreign.name, None) for foreign in module.foreign)):
        if name in names:
            raise CompilerError(f"function {name} is defined twice")
        names.add(name)
        if function is not None:
            functions[name], needs[name] = function, _needs(function)
    pending = deque(functions)
    while pending:
        caller = pending.popleft()
        for name in needs[caller].functions:
            if name not in names:
                kernel = _kernel(name)
                if kernel is None:
                    raise CompilerError(f"{caller} calls {name}, which does not exist")
                names.add(name)
                functions[name], needs[name] = kernel
                pending.append(name)
    return replace(module, functions=tuple(functions.values()), globals=_globals(module, needs))


@cache
def _kernel(name: str) -> tuple[Function, _Needs] | None:
    function = kernels.function(name)
    return None if function is None else (function, _needs(function))


def _needs(function: Function) -> _Needs:
    used = [part.name for part in walk.expressions(function.body) if isinstance(part, GetGlobal)]
    used += [part.name for part in walk.statements(function.body) if isinstance(part, SetGlobal)]
    called = walk.callees(function.body)
    return _Needs(tuple(dict.fromkeys(called)), tuple(dict.fromkeys(used)))


def _globals(module: Module, needs: Mapping[str, _Needs]) -> tuple[Global, ...]:
    standard = (Global(name=name, kind=Kind.I32) for name in STANDARD_GLOBALS)
    found: dict[str, Global] = {}
    for variable in (*standard, *module.globals):
        if variable.name in found:
            raise CompilerError(f"global variable {variable.name} is defined twice")
        found[variable.name] = variable
    for function, needed in needs.items():
        for name in needed.globals:
            if name not in found:
                variable_of_kernels = kernels.global_variable(name)
                if variable_of_kernels is None:
                    raise CompilerError(
                        f"{function} uses global variable {name}, which does not exist"
                    )
                initial = module.initial.get(name, variable_of_kernels.initial)
                found[name] = replace(variable_of_kernels, initial=initial)
    return tuple(found.values())
