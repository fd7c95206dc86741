"""The kernels: functions that programs call by name and that are linked in when they do.

They are written in the kernel language, which is described in `jobspec.functions`, as the text
constant `SOURCE` of the modules of this package. Kernels call each other by name across sources.
A new source is one more entry of `_SOURCES`, or comes with a plugin (`jobspec.plugins`); names are
unique among all of them.

A source is read when one of its functions is asked for, and only that function is compiled.
"""

from __future__ import annotations

from functools import cache

from jobspec import ir, plugins
from jobspec.errors import CompilerError
from jobspec.functions.context import CompiledFunction
from jobspec.functions.kernel import (
    KernelSource,
    compile_kernel,
    function_names,
    read_source,
    variable_types,
)
from jobspec.ir import Body, Call, Do, Expr, TrapCheck
from jobspec.kernels import (
    angles,
    binary,
    calendar,
    casts,
    chance,
    decimals,
    editing,
    exact,
    exponentials,
    float_parsing,
    float_texts,
    gamma,
    hashing,
    integer_texts,
    letters,
    logarithms,
    memory,
    numbers,
    order,
    pairs,
    patterns,
    powers_of_ten,
    records,
    roots,
    states,
    strings,
    time_formats,
    times,
    trigonometry,
)
from jobspec.types import ValueType

_SOURCES = {
    "angles": angles.SOURCE,
    "binary": binary.SOURCE,
    "calendar": calendar.SOURCE,
    "casts": casts.SOURCE,
    "chance": chance.SOURCE,
    "decimals": decimals.SOURCE,
    "editing": editing.SOURCE,
    "exact": exact.SOURCE,
    "exponentials": exponentials.SOURCE,
    "float_parsing": float_parsing.SOURCE,
    "float_texts": float_texts.SOURCE,
    "gamma": gamma.SOURCE,
    "hashing": hashing.SOURCE,
    "integer_texts": integer_texts.SOURCE,
    "letters": letters.SOURCE,
    "logarithms": logarithms.SOURCE,
    "memory": memory.SOURCE,
    "numbers": numbers.SOURCE,
    "order": order.SOURCE,
    "pairs": pairs.SOURCE,
    "patterns": patterns.SOURCE,
    "powers_of_ten": powers_of_ten.SOURCE,
    "records": records.SOURCE,
    "roots": roots.SOURCE,
    "states": states.SOURCE,
    "strings": strings.SOURCE,
    "time_formats": time_formats.SOURCE,
    "times": times.SOURCE,
    "trigonometry": trigonometry.SOURCE,
}

_compiled: dict[str, CompiledFunction] = {}


def kernel(name: str) -> CompiledFunction | None:
    """A kernel with its types, and whether it may trap; None if there is none of that name."""
    return _kernel(name, ())


def _kernel(name: str, callers: tuple[str, ...]) -> CompiledFunction | None:
    if name in _compiled:
        return _compiled[name]
    source = _sources_by_function().get(name)
    if source is None:
        return None
    if name in callers:
        raise CompilerError(f"kernels call each other in a circle: {' > '.join(callers)} > {name}")
    # Threads that meet here compile the same kernel to equal values.
    _compiled[name] = compile_kernel(
        _read(source),
        name,
        callee=lambda callee: _kernel(callee, (*callers, name)),
        callee_names=names,
        globals_=_global_types(),
    )
    return _compiled[name]


def function(name: str) -> ir.Function | None:
    """The kernel's code."""
    found = kernel(name)
    return found.function if found else None


def global_variable(name: str) -> ir.Global | None:
    """The module-level variable of that name which kernels share."""
    source = _sources_by_variable().get(name)
    return None if source is None else _read(source).globals[name]


def names() -> list[str]:
    """The names of all kernels, sorted."""
    return sorted(_sources_by_function())


def call(body: Body, name: str, *args: Expr) -> Expr:
    """The result of a kernel; when it may trap, it is called now and its trap is passed on."""
    found = _needed(name)
    if found.result is None:
        raise CompilerError(f"kernel {name} has no result")
    result = Call(name, args, found.result.kind)
    if not found.may_trap:
        return result
    kept = body.temporary(result)
    body.add(TrapCheck())
    return kept


def do(body: Body, name: str, *args: Expr) -> None:
    """Call a kernel for its effect, and pass its trap on."""
    found = _needed(name)
    body.add(Do(name, args, found.result.kind if found.result else None))
    if found.may_trap:
        body.add(TrapCheck())


def _needed(name: str) -> CompiledFunction:
    found = kernel(name)
    if found is None:
        raise CompilerError(f"there is no kernel {name}")
    return found


@cache
def _texts() -> dict[str, str]:
    return {**_SOURCES, **plugins.kernel_sources()}


@cache
def _read(source: str) -> KernelSource:
    return read_source(source, _texts()[source])


@cache
def _sources_by_function() -> dict[str, str]:
    found: dict[str, str] = {}
    for source, text in _texts().items():
        for name in function_names(text):
            if name in found:
                raise CompilerError(f"two kernels are named {name}")
            found[name] = source
    return found


@cache
def _sources_by_variable() -> dict[str, str]:
    return {name: source for source, text in _texts().items() for name in variable_types(text)}


@cache
def _global_types() -> dict[str, ValueType]:
    types = {"trap": ValueType.I32, "heap_base": ValueType.I32}
    for text in _texts().values():
        types |= variable_types(text)
    return types
