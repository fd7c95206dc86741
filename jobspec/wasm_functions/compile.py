"""Turns WebAssembly modules into functions that SQL and researchers' functions call.

Not here: reading a module (`module`), making its code safe (`rewrite`), calling it (`entry`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from jobspec import ir
from jobspec.errors import ProgramError
from jobspec.functions.context import CompiledFunction
from jobspec.problems import ProblemList, near_miss, pointer
from jobspec.run import invalid_module
from jobspec.types import ValueType
from jobspec.wasm.instructions import Instruction, read
from jobspec.wasm_functions.entry import entry, variables
from jobspec.wasm_functions.module import (
    MAX_MEMORY_BYTES,
    Signature,
    Unusable,
    WasmModule,
    read_module,
)
from jobspec.wasm_functions.rewrite import (
    MAX_DEPTH,
    WRITES,
    Rewritten,
    Surroundings,
    rewrite,
    touches_memory,
)
from jobspec.wasm_functions.stack import MAX_BYTES as MAX_STACK_BYTES
from jobspec.wasm_functions.stack import frame_bytes

MAX_FUNCTIONS = 1_000
MAX_RESULTS = 8
"""Of one function: every place that traps gives them all, so that code grows by their number."""
_SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class WasmFunction:
    """What a document or a plugin says of a function that was compiled elsewhere."""

    wasm: bytes
    export: str
    params: tuple[tuple[str, ValueType], ...]
    result: ValueType


def compile_wasm(
    functions: Mapping[str, WasmFunction],
    problems: ProblemList,
    traps: ir.TrapSites,
    memory_bytes: int = MAX_MEMORY_BYTES,
) -> dict[str, CompiledFunction]:
    """The functions by name; problems point to `/functions/<name>`.

    `memory_bytes` is what their memories may have together. A function whose module cannot be used
    is there without a body, so that its callers can be checked.
    """
    compiled = {name: _compiled(name, one, problems, traps) for name, one in functions.items()}
    needed = sum(one.static_bytes for one in compiled.values())
    if needed > memory_bytes:
        problems.add(
            "program_too_large",
            pointer("functions"),
            f"the modules have {needed:,} bytes of memory; at most {memory_bytes:,} are given",
            "link them with smaller stacks and less static data",
        )
    return compiled


def compile_one(name: str, one: WasmFunction, traps: ir.TrapSites, place: str) -> CompiledFunction:
    """One function. Raises Unusable."""
    reason = invalid_module(one.wasm)
    if reason is not None:
        raise Unusable("bad_wasm", f"the module is not valid: {reason[:_SHOWN]}")
    module = read_module(one.wasm)
    index = _exported(module, one)
    bodies = _reachable(module, index)
    _check_stack(module, bodies)
    around = Surroundings(module=module, name=f"fn_{name}", pointer=place, traps=traps)
    done: dict[int, Rewritten] = {}
    for number, instructions in bodies.items():
        done[number] = rewrite(around, number, instructions)
        around.may_trap[number] = done[number].may_trap
    names = {found.name for instructions in bodies.values() for found in instructions}
    writes = not names.isdisjoint(WRITES)
    touches = any(map(touches_memory, names))
    function = entry(
        around,
        index,
        one.params,
        one.result,
        writes=writes,
        touches=touches,
        may_trap=done[index].may_trap,
    )
    return CompiledFunction(
        name=name,
        params=one.params,
        result=one.result,
        function=function,
        may_trap=True,
        foreign=tuple(one.function for one in done.values()),
        globals=variables(around, writes=writes, touches=touches),
        static_bytes=around.memory_bytes,
    )


def _compiled(
    name: str, one: WasmFunction, problems: ProblemList, traps: ir.TrapSites
) -> CompiledFunction:
    place = pointer("functions", name)
    try:
        return compile_one(name, one, traps, place)
    except Unusable as reason:
        problems.add(reason.code, place, reason.message, reason.hint)
    kind = one.result.kind
    return CompiledFunction(
        name=name,
        params=one.params,
        result=one.result,
        function=ir.Function(
            name=f"fn_{name}",
            params=tuple((param, type_.kind) for param, type_ in one.params),
            result=kind,
            body=(ir.Return(ir.Const(kind, 0)),),
        ),
        may_trap=False,
    )


def _exported(module: WasmModule, one: WasmFunction) -> int:
    """The index of the function that is called, whose types are those that were said."""
    index = module.exports.get(one.export)
    if index is None:
        known = [name[:60] for name in list(module.exports)[:_SHOWN]]
        hint = near_miss(one.export, known) or "export a function"
        raise Unusable("bad_wasm", f"the module exports no function {one.export[:60]!r}", hint)
    kinds = tuple(type_.kind.value for _, type_ in one.params)
    wanted = Signature(kinds, (one.result.kind.value,))
    found = module.functions[index]
    if found != wanted:
        raise Unusable(
            "type_mismatch",
            f"{one.export[:60]} takes {_listed(found.params)} and gives {_listed(found.results)};"
            f" with the types that were said it takes {_listed(wanted.params)}"
            f" and gives {_listed(wanted.results)}",
            "bool and integers of up to 32 bits are i32 in WebAssembly, i64 and u64 are i64",
        )
    return index


def _listed(kinds: Sequence[str]) -> str:
    return f"({', '.join(kinds)})"


def _reachable(module: WasmModule, start: int) -> dict[int, list[Instruction]]:
    """The instructions of a function and of all that it calls, callees before callers."""
    read_: dict[int, list[Instruction]] = {}
    finished: dict[int, list[Instruction]] = {}
    path: list[tuple[int, Iterator[int]]] = []

    def enter(index: int) -> None:
        if len(read_) == MAX_FUNCTIONS:
            raise Unusable("program_too_large", f"more than {MAX_FUNCTIONS:,} functions are called")
        if len(module.functions[index].results) > MAX_RESULTS:
            raise Unusable(
                "program_too_large",
                f"a function has more than {MAX_RESULTS} results",
                "hand them over in memory",
            )
        read_[index] = _instructions(module, index)
        calls = (one.immediates[0] for one in read_[index] if one.name == "call")
        path.append((index, iter(dict.fromkeys(calls))))

    enter(start)
    while path:
        index, callees = path[-1]
        callee = next((one for one in callees if one not in finished), None)
        if callee is None:
            finished[index] = read_[index]
            path.pop()
        elif callee in read_:
            raise Unusable(
                "recursion",
                "the module has functions that call themselves, directly or through others",
                "write them as loops",
            )
        else:
            enter(callee)
    return finished


def _check_stack(module: WasmModule, bodies: Mapping[int, Sequence[Instruction]]) -> None:
    """Whether the functions that are open at one time fit every engine; callees come first."""
    deepest: dict[int, int] = {}
    for index, instructions in bodies.items():
        callees = {one.immediates[0] for one in instructions if one.name == "call"}
        below = max((deepest[callee] for callee in callees), default=0)
        deepest[index] = frame_bytes(module, index, instructions) + below
    needed = max(deepest.values())
    if needed > MAX_STACK_BYTES:
        raise Unusable(
            "program_too_large",
            f"calls in calls need {needed:,} bytes of stack; at most {MAX_STACK_BYTES:,} are given",
            "use fewer variables, or call less deeply",
        )


def _instructions(module: WasmModule, index: int) -> list[Instruction]:
    """Those of one function, without the `end` of its body."""
    code = module.code(index)
    found: list[Instruction] = []
    depth = 1
    try:
        while depth:
            found.append(read(code))
            depth += found[-1].opens - (found[-1].name == "end")
            if depth > MAX_DEPTH:
                raise Unusable(
                    "program_too_large", f"blocks are nested more than {MAX_DEPTH} levels deep"
                )
    except ProgramError as error:
        raise Unusable("unsupported_wasm", error.message) from error
    if any(one.name == "memory.grow" for one in found):
        raise Unusable(
            "unsupported_wasm",
            "the module asks for more memory while it runs",
            "use static arrays; link without an allocator",
        )
    return found[:-1]
