"""The code of plugins in programs: compiled like a document's functions, where a program calls it.

Bodies in the kernel language are kernels (`jobspec.kernels`) and need nothing of this, but that
researchers' functions can call them.
"""

from __future__ import annotations

import re
from dataclasses import replace

from jobspec import kernels, walk
from jobspec.errors import CompilerError, PluginError
from jobspec.functions import CompiledFunction, compile_functions
from jobspec.ir import Module, TrapSites
from jobspec.plugins import FunctionBody, KernelBody, Plugin, WasmBody, plugins
from jobspec.problems import ProblemList, pointer
from jobspec.sql import FUNCTIONS
from jobspec.types import ValueType
from jobspec.wasm_functions import Unusable, WasmFunction, compile_one

_PREFIX = "fn_"
"""What functions that were compiled are named by in programs."""


def callable_plugins(text: str, traps: TrapSites) -> dict[str, CompiledFunction]:
    """The plugins that a text of functions names, as far as functions can call them."""
    words = set(re.findall(r"\w+", text))
    return {
        name: compiled(plugin, traps)
        for name, plugin in plugins().items()
        if name in words and plugin.for_functions
    }


def with_plugins(module: Module, traps: TrapSites) -> Module:
    """The module and the code of the plugins that it calls."""
    own = {function.name for function in module.functions}
    called = {name for function in module.functions for name in walk.callees(function.body)}
    installed = plugins()
    wanted = sorted(
        name.removeprefix(_PREFIX)
        for name in called - own
        if name.startswith(_PREFIX) and name.removeprefix(_PREFIX) in installed
    )
    added = [compiled(installed[name], traps) for name in wanted]
    return replace(
        module,
        functions=(*module.functions, *(one.function for one in added)),
        foreign=(*module.foreign, *(part for one in added for part in one.foreign)),
        globals=(*module.globals, *(part for one in added for part in one.globals)),
    )


def check_plugin(plugin: Plugin) -> None:
    """Raises PluginError if the plugin's body does not compile, or has other types than it says."""
    compiled(plugin, TrapSites())


def check_plugins() -> None:
    """All that are installed, with their names: what a hub does before it starts."""
    for name, plugin in plugins().items():
        check_plugin(plugin)
        if name not in FUNCTIONS:
            raise CompilerError(f"plugin {name} is not in the table of functions")


def compiled(plugin: Plugin, traps: TrapSites) -> CompiledFunction:
    """The body of a plugin. Raises PluginError."""
    match plugin.body:
        case KernelBody(function=name):
            found = _kernel(plugin, name)
        case FunctionBody(source=source):
            found = _function(plugin, source, traps)
        case WasmBody():
            found = _module(plugin, plugin.body, traps)
    hidden = [ValueType.I64] if plugin.of_row else []
    kinds = [type_.kind for type_ in hidden]
    kinds += [plugin.types(name)[0].kind for name, _ in plugin.params]
    given = [kind for _, kind in found.function.params]
    if kinds != given or found.result is None or found.result.kind is not plugin.result.kind:
        raise PluginError(f"plugin {plugin.name}: its body does not have the types that it says")
    params = tuple((name, plugin.types(name)[0]) for name, _ in plugin.params)
    return replace(found, name=plugin.name, params=params, result=plugin.result)


def _kernel(plugin: Plugin, name: str) -> CompiledFunction:
    try:
        found = kernels.kernel(name)
    except CompilerError as error:
        raise PluginError(f"plugin {plugin.name}: {error.message}") from error
    if found is None:
        raise PluginError(f"plugin {plugin.name}: its source has no function {name}")
    return found


def _function(plugin: Plugin, source: str, traps: TrapSites) -> CompiledFunction:
    problems = ProblemList()
    found = compile_functions({plugin.name: source}, problems, traps, part="plugins")
    if problems:
        reasons = "; ".join(problem.render() for problem in problems)
        raise PluginError(f"plugin {plugin.name}: {reasons}")
    function = found[plugin.name]
    declared = [type_ for _, type_ in function.params]
    if declared != [plugin.types(name)[0] for name, _ in plugin.params]:
        raise PluginError(f"plugin {plugin.name}: its body does not have the types that it says")
    return function


def _module(plugin: Plugin, body: WasmBody, traps: TrapSites) -> CompiledFunction:
    one = WasmFunction(
        wasm=body.wasm,
        export=body.export,
        params=tuple((name, plugin.types(name)[0]) for name, _ in plugin.params),
        result=plugin.result,
    )
    try:
        return compile_one(plugin.name, one, traps, pointer("plugins", plugin.name))
    except Unusable as reason:
        raise PluginError(f"plugin {plugin.name}: {reason.message}") from reason
