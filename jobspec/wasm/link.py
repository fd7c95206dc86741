"""Completes a module by the kernels that it calls, and by those that they call.

The order is that of discovery, so the same module always gives the same result.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from jobspec import kernels, walk
from jobspec.errors import CompilerError
from jobspec.ir import Function, GetGlobal, Global, Kind, Module, SetGlobal

STANDARD_GLOBALS = ("trap", "heap_base")
"""i32 variables that every module has; the code generator sets where the heap begins."""


def link(module: Module) -> Module:
    """The module with every function it needs, its own first.

    Raises CompilerError if a name is defined twice or nowhere.
    """
    functions: dict[str, Function] = {}
    names: set[str] = set()
    own = [(function.name, function) for function in module.functions]
    for name, function in (*own, *((foreign.name, None) for foreign in module.foreign)):
        if name in names:
            raise CompilerError(f"function {name} is defined twice")
        names.add(name)
        if function is not None:
            functions[name] = function
    pending = deque(functions.values())
    while pending:
        caller = pending.popleft()
        for name in walk.callees(caller.body):
            if name not in names:
                kernel = kernels.function(name)
                if kernel is None:
                    raise CompilerError(f"{caller.name} calls {name}, which does not exist")
                names.add(name)
                functions[name] = kernel
                pending.append(kernel)
    return replace(
        module,
        functions=tuple(functions.values()),
        globals=_globals(module, tuple(functions.values())),
    )


def _globals(module: Module, functions: tuple[Function, ...]) -> tuple[Global, ...]:
    standard = (Global(name=name, kind=Kind.I32) for name in STANDARD_GLOBALS)
    found: dict[str, Global] = {}
    for variable in (*standard, *module.globals):
        if variable.name in found:
            raise CompilerError(f"global variable {variable.name} is defined twice")
        found[variable.name] = variable
    for function in functions:
        for name in _globals_used(function):
            if name not in found:
                variable_of_kernels = kernels.global_variable(name)
                if variable_of_kernels is None:
                    raise CompilerError(
                        f"{function.name} uses global variable {name}, which does not exist"
                    )
                initial = module.initial.get(name, variable_of_kernels.initial)
                found[name] = replace(variable_of_kernels, initial=initial)
    return tuple(found.values())


def _globals_used(function: Function) -> list[str]:
    used = [part.name for part in walk.expressions(function.body) if isinstance(part, GetGlobal)]
    used += [part.name for part in walk.statements(function.body) if isinstance(part, SetGlobal)]
    return used
