"""Compiles kernels: functions of the kernel language, which is described in `jobspec.functions`.

A source is read once and its functions are compiled when they are asked for. Kernels are ours, so
every problem in one is a CompilerError.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass

from jobspec import ir
from jobspec.errors import CompilerError
from jobspec.functions.context import CompiledFunction, Context, SourceText
from jobspec.functions.statements import Statements
from jobspec.functions.syntax import KERNEL_TYPE_NAMES, Reader
from jobspec.problems import ProblemList
from jobspec.types import ValueType

_FUNCTION = re.compile(r"^def\s+(\w+)", re.MULTILINE)
_VARIABLE = re.compile(r"^(\w+)\s*:\s*(\w+)\s*=", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelSource:
    """A source that has been read: its functions, constants and global variables by name."""

    name: str
    text: SourceText
    functions: dict[str, ast.FunctionDef]
    constants: dict[str, int | float | str | bytes]
    globals: dict[str, ir.Global]


def function_names(text: str) -> list[str]:
    """The functions of a source, in its order, without reading it: parsing takes far longer."""
    return _FUNCTION.findall(text)


def variable_types(text: str) -> dict[str, ValueType]:
    """The global variables of a source, without reading it."""
    declared = _VARIABLE.findall(text)
    return {name: KERNEL_TYPE_NAMES[kind] for name, kind in declared if kind in KERNEL_TYPE_NAMES}


def read_source(name: str, text: str) -> KernelSource:
    """Read a source. Raises CompilerError if it is not the kernel language."""
    problems = ProblemList()
    reader = Reader(text, f"kernels/{name}", problems)
    tree = reader.parse()
    source = KernelSource(name=name, text=reader.source, functions={}, constants={}, globals={})
    for node in tree.body if tree else ():
        match node:
            case ast.FunctionDef():
                source.functions[node.name] = node
            case ast.Assign([ast.Name(constant)], value):
                source.constants[constant] = ast.literal_eval(value)
            case ast.AnnAssign(ast.Name(variable), ast.Name(type_name), value) if value:
                kind = KERNEL_TYPE_NAMES[type_name].kind
                source.globals[variable] = ir.Global(
                    name=variable, kind=kind, initial=int(ast.literal_eval(value))
                )
            case _:
                reader.note("unsupported_python", node, "a kernel source holds no such thing")
    _raise(problems)
    return source


def compile_kernel(
    source: KernelSource,
    name: str,
    *,
    callee: Callable[[str], CompiledFunction | None],
    callee_names: Callable[[], list[str]],
    globals_: dict[str, ValueType],
) -> CompiledFunction:
    """Compile one function of a source; `globals_` are those of all sources."""
    node = source.functions[name]
    problems = ProblemList()
    reader = Reader("", f"kernels/{source.name}", problems)
    reader.source = source.text
    signature = reader.signature(node, KERNEL_TYPE_NAMES)
    _raise(problems)
    if signature is None:
        raise CompilerError(f"kernel {name} has no signature")
    params, results = signature
    result = results[0] if results else None
    ctx = Context(
        source=source.text,
        pointer=f"kernels/{source.name}",
        problems=problems,
        body=ir.Body(ir.TrapSites()),
        trusted=True,
        callee=callee,
        callee_names=callee_names,
        constants=source.constants,
        globals=globals_,
    )
    Statements(ctx, params, results, node).function(node)
    _raise(problems)
    return CompiledFunction(
        name=name,
        params=params,
        result=result,
        function=ir.Function(
            name=name,
            params=tuple(
                (param, declared.kind)
                for param, declared in params
                if isinstance(declared, ValueType)
            ),
            result=result.kind if result else None,
            body=ctx.body.statements(),
            comment=(ast.get_docstring(node) or "").partition("\n")[0],
        ),
        may_trap=ctx.may_trap,
    )


def _raise(problems: ProblemList) -> None:
    if len(problems):
        raise CompilerError("\n".join(problem.render() for problem in problems))
