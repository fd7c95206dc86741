"""Compiles all functions of a document, callees before callers.

Functions that call themselves, directly or through others, are refused: a program's stack is not
ours to bound. Not here: what statements and expressions mean.
"""

from __future__ import annotations

import ast
from collections import ChainMap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from jobspec import ir
from jobspec.functions import builtins
from jobspec.functions.arrays import length_name
from jobspec.functions.calls import FORM_NAMES
from jobspec.functions.context import CompiledFunction, Context, Params, Results, SourceText
from jobspec.functions.statements import Statements
from jobspec.functions.syntax import Reader
from jobspec.functions.variables import narrow_name
from jobspec.problems import ProblemList, pointer
from jobspec.types import ArrayType, ValueType

MAX_CHARS = 20_000
ARRAY_BYTES = 16 << 20
"""The memory that all local arrays of a program may take together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parsed:
    name: str
    pointer: str
    source: SourceText
    node: ast.FunctionDef
    params: Params
    results: Results


def compile_functions(
    sources: Mapping[str, str],
    problems: ProblemList,
    traps: ir.TrapSites | None = None,
    *,
    max_chars: int = MAX_CHARS,
    array_bytes: int = ARRAY_BYTES,
    known: Mapping[str, CompiledFunction] | None = None,
    part: str = "functions",
) -> dict[str, CompiledFunction]:
    """The functions of a document by name; problems point to `/<part>/<name>`.

    They can call those that are `known`, too.

    `traps` numbers the trap sites of the whole program, so pass the one that its other parts use.
    A function whose types could be read is in the result even if its body has problems; one whose
    types could not be read is not. `array_bytes` is the memory of all their local arrays together.
    """
    traps = ir.TrapSites() if traps is None else traps
    parsed = {}
    for name, text in sources.items():
        function = _parse(name, text, part, problems, max_chars)
        if function is not None:
            parsed[name] = function
    calls = {name: _calls(function, parsed) for name, function in parsed.items()}
    order, in_cycles = _callees_first(calls)
    for name in sorted(in_cycles):
        call = next(call for callee, call in calls[name].items() if callee in in_cycles)
        function = parsed[name]
        problems.add(
            "recursion",
            function.pointer,
            f"{name} calls itself, directly or through others",
            "write it as a loop",
            line=call.lineno,
            column=function.source.column(call.lineno, call.col_offset),
        )
    compiled: dict[str, CompiledFunction] = {
        name: _declared(parsed[name]) for name in parsed if name in in_cycles
    }
    callable_ = ChainMap(compiled, dict(known or {}))
    for name in order:
        if name not in in_cycles:
            compiled[name], array_bytes = _compile(
                parsed[name], callable_, problems, traps, array_bytes
            )
    return {name: compiled[name] for name in parsed}


def _parse(
    name: str, text: str, part: str, problems: ProblemList, max_chars: int
) -> _Parsed | None:
    place = pointer(part, name)
    if len(text) > max_chars:
        problems.add(
            "too_long", place, f"a function has at most {max_chars} characters, not {len(text)}"
        )
        return None
    reader = Reader(text, place, problems)
    tree = reader.parse()
    node = reader.function(tree) if tree is not None else None
    if node is None:
        return None
    if node.name != name:
        reader.note(
            "function_name",
            node,
            f"the function is named {node.name}, its entry {name}",
            "give both the same name",
        )
    elif not name.isascii():
        reader.note("function_name", node, f"{name} has letters other than a to z")
    elif name in builtins.TABLE or name in FORM_NAMES:
        reader.note("function_name", node, f"{name} is there already", "choose another name")
    signature = reader.signature(node)
    if signature is None:
        return None
    params, results = signature
    return _Parsed(
        name=name,
        pointer=place,
        source=reader.source,
        node=node,
        params=params,
        results=results,
    )


# --- the order ------------------------------------------------------------------------------------


def _calls(function: _Parsed, known: Iterable[str]) -> dict[str, ast.Call]:
    """The functions of the document that a function calls, each with its first call."""
    names = set(known)
    calls: dict[str, ast.Call] = {}
    for part in ast.walk(function.node):
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id in names:
            calls.setdefault(part.func.id, part)
    return calls


def _callees_first(calls: Mapping[str, Iterable[str]]) -> tuple[list[str], set[str]]:
    """An order in which callees come before callers, and the names that are on a cycle.

    Tarjan's strongly connected components, with a stack of our own.
    """
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    open_names: list[str] = []
    is_open: set[str] = set()
    order: list[str] = []
    cyclic: set[str] = set()
    for root in calls:
        if root in index:
            continue
        work = [(root, iter(calls[root]))]
        index[root] = low[root] = len(index)
        open_names.append(root)
        is_open.add(root)
        while work:
            name, callees = work[-1]
            for callee in callees:
                if callee not in index:
                    index[callee] = low[callee] = len(index)
                    open_names.append(callee)
                    is_open.add(callee)
                    work.append((callee, iter(calls[callee])))
                    break
                if callee in is_open:
                    low[name] = min(low[name], index[callee])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == index[name]:
                    component = _pop_through(open_names, name)
                    is_open.difference_update(component)
                    order.extend(component)
                    if len(component) > 1 or name in calls[name]:
                        cyclic.update(component)
    return order, cyclic


def _pop_through(names: list[str], last: str) -> list[str]:
    start = names.index(last)
    component = names[start:]
    del names[start:]
    return component


# --- one function ---------------------------------------------------------------------------------


def _wasm_params(params: Params) -> tuple[tuple[str, ir.Kind], ...]:
    """Narrow parameters have a name of their own: the plain one is the widened variable.

    An array is its address, and its lengths.
    """
    flat: list[tuple[str, ir.Kind]] = []
    for name, declared in params:
        if isinstance(declared, ArrayType):
            flat.append((name, ir.Kind.I32))
            flat += [
                (length_name(name, index), ir.Kind.I32) for index in range(len(declared.shape))
            ]
        else:
            plain = _keeps_kind(declared)
            flat.append((name if plain else narrow_name(name), declared.kind))
    return tuple(flat)


def _keeps_kind(declared: ValueType) -> bool:
    return declared.kind in (ir.Kind.I64, ir.Kind.F64) or declared is ValueType.BOOL


def _declared(function: _Parsed) -> CompiledFunction:
    """A function that can be named but has no body, since it has problems."""
    result = function.results[0] if function.results else None
    value = ir.Return(ir.Const(result.kind, 0)) if result else ir.Return()
    return CompiledFunction(
        name=function.name,
        params=function.params,
        result=result,
        more=function.results[1:],
        function=ir.Function(
            name=f"fn_{function.name}",
            params=_wasm_params(function.params),
            result=result.kind if result else None,
            body=(value,),
        ),
        may_trap=False,
    )


def _compile(
    function: _Parsed,
    compiled: Mapping[str, CompiledFunction],
    problems: ProblemList,
    traps: ir.TrapSites,
    array_bytes: int,
) -> tuple[CompiledFunction, int]:
    """The function, and what is left of the memory for arrays."""
    declared = _declared(function)
    part = function.pointer.removesuffix(pointer(function.name))
    own_problems = ProblemList()
    ctx = Context(
        name=function.name,
        source=function.source,
        pointer=function.pointer,
        problems=own_problems,
        body=ir.Body(traps),
        trusted=False,
        callee=compiled.get,
        callee_names=lambda: list(compiled),
        array_bytes_left=array_bytes,
        is_unreadable=lambda name: problems.is_noted(f"{part}{pointer(name)}"),
    )
    statements = Statements(ctx, function.params, function.results, function.node)
    written = statements.function(function.node)
    if len(own_problems):
        problems.extend(own_problems)
        return declared, ctx.array_bytes_left
    code = replace(
        declared.function,
        body=ctx.body.statements(),
        comment=_signature_text(function.node),
    )
    done = replace(declared, function=code, may_trap=ctx.may_trap, writes=written)
    return done, ctx.array_bytes_left


def _signature_text(node: ast.FunctionDef) -> str:
    result = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"def {node.name}({ast.unparse(node.args)}){result}"
