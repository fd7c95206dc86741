"""Shows a module of the intermediate representation as pseudo-code that people can check.

Kernels are only named, at the end: they are the same in every program. A number in brackets after
an element type is an address: `u8[p + 4]`. A trailing u, as in `<u`, marks an unsigned operation.
`next:` is what a loop does between two rounds. `&name` is the address of memory that is set aside.

Not here: the instructions of the finished program (`jobspec.wasm.disassemble`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence

from jobspec import ir, walk
from jobspec.ir import Expr, Function, Module, Stmt, TrapSite
from jobspec.wasm.encode import integer_bits
from jobspec.wasm.link import link

INDENT = "    "

#: Instruction name after the dot -> symbol and how tightly it binds.
_INFIX: dict[str, tuple[str, int]] = {
    "or": ("|", 5),
    "xor": ("^", 6),
    "and": ("&", 7),
    "shl": ("<<", 8),
    "shr_s": (">>", 8),
    "shr_u": (">>u", 8),
    "add": ("+", 9),
    "sub": ("-", 9),
    "mul": ("*", 10),
    "div": ("/", 10),
    "div_s": ("/", 10),
    "div_u": ("/u", 10),
    "rem_s": ("rem", 10),
    "rem_u": ("remu", 10),
    **{
        name + suffix: (symbol + ("u" if suffix == "_u" else ""), 4)
        for name, symbol in {
            "eq": "==",
            "ne": "!=",
            "lt": "<",
            "le": "<=",
            "gt": ">",
            "ge": ">=",
        }.items()
        for suffix in ("", "_s", "_u")
    },
}
_CHOICE, _CALL = 1, 12
_SHOWN_TEXT, _SHOWN_BYTES = 500, 32
"""Longer literals are tables, or shared inputs: their length and SHA-256 are shown."""

_UNREADABLE = re.compile("[\ufffd\x00-\x08\x0e-\x1f]")


def render(module: Module, traps: Sequence[TrapSite] = (), notes: Sequence[str] = ()) -> str:
    """The module as text; `traps` are the program's trap sites by number, `notes` come first."""
    own = {function.name for function in module.functions}
    lines = [*notes, f"memory: at most {module.memory_maximum_bytes} bytes"]
    lines += [f"global {item.name}: {item.kind} = {item.initial}" for item in module.globals]
    for function in module.functions:
        lines += ["", *_function(function, traps)]
    for foreign in module.foreign:
        taken, given = ", ".join(foreign.params), ", ".join(foreign.results)
        lines += ["", f"def {foreign.name}({taken}){f' -> {given}' if given else ''}:"]
        lines += [f"{INDENT}{foreign.instructions} instructions that were compiled elsewhere"]
    kernels = sorted(item.name for item in link(module).functions if item.name not in own)
    if kernels:
        lines += ["", "kernels: " + ", ".join(kernels)]
    return "\n".join(lines) + "\n"


def _function(function: Function, traps: Sequence[TrapSite]) -> Iterator[str]:
    for line in function.comment.splitlines():
        yield f"# {line}"
    params = ", ".join(f"{name}: {kind}" for name, kind in function.params)
    result = f" -> {function.result}" if function.result else ""
    export = "export " if function.exported else ""
    yield f"{export}def {function.name}({params}){result}:"
    yield from _block(function.body, 1, traps)


def _block(body: Sequence[Stmt], depth: int, traps: Sequence[TrapSite]) -> Iterator[str]:
    indent = INDENT * depth
    if not body:
        yield indent + "pass"
    for statement in body:
        match statement:
            case ir.If(condition, then, otherwise):
                yield f"{indent}if {text(condition)}:"
                yield from _block(then, depth + 1, traps)
                if otherwise:
                    yield f"{indent}else:"
                    yield from _block(otherwise, depth + 1, traps)
            case ir.While(condition, inner, advance):
                yield f"{indent}while {text(condition)}:"
                yield from _block(inner, depth + 1, traps)
                if advance:
                    yield f"{indent}{INDENT}next:"
                    yield from _block(advance, depth + 2, traps)
            case _:
                yield indent + _line(statement, traps)


def _line(statement: Stmt, traps: Sequence[TrapSite]) -> str:
    parts = [text(part) for part in walk.expressions_of(statement)]
    match statement:
        case ir.Set(name) | ir.SetGlobal(name):
            return f"{name} = {parts[0]}"
        case ir.Store(name, _, _, offset):
            return f"{_place(name, parts[0], offset)} = {parts[1]}"
        case ir.Do(name):
            return f"{name}({', '.join(parts)})"
        case ir.MemoryCopy():
            return f"memory_copy({', '.join(parts)})"
        case ir.MemoryFill():
            return f"memory_fill({', '.join(parts)})"
        case ir.Return():
            return " ".join(["return", *parts])
        case ir.Trap(site):
            return f"trap {_site(site, traps)}"
        case ir.TrapCheck():
            return "return if trapped"
    return type(statement).__name__.lower()


def _site(site: int, traps: Sequence[TrapSite]) -> str:
    if site >= len(traps):
        return str(site)
    found = traps[site]
    line = f" line {found.line}" if found.line is not None else ""
    place = f" at {found.pointer}{line}" if found.pointer else ""
    return f"{site}: {found.code}{place}"


# --- expressions ----------------------------------------------------------------------------------


def text(root: Expr) -> str:
    """An expression in infix notation, with as few parentheses as that needs."""
    done: list[tuple[str, int]] = []
    pending: list[tuple[Expr, bool]] = [(root, False)]
    while pending:
        expression, has_operands = pending.pop()
        operands = walk.operands(expression)
        if has_operands or not operands:
            taken = done[len(done) - len(operands) :]
            del done[len(done) - len(operands) :]
            done.append(_joined(expression, taken))
        else:
            pending.append((expression, True))
            pending.extend((operand, False) for operand in reversed(operands))
    return done[0][0]


def _joined(expression: Expr, operands: list[tuple[str, int]]) -> tuple[str, int]:
    """The text of an expression from those of its operands, and how tightly it binds."""
    plain = [operand for operand, _ in operands]
    match expression:
        case ir.Const(kind, value):
            if isinstance(value, int) and kind in (ir.Kind.I32, ir.Kind.I64):
                value = integer_bits(value, 32 if kind is ir.Kind.I32 else 64)
            return str(value), _CALL
        case ir.Text(value):
            return _literal(value), _CALL
        case ir.Static(name):
            return f"&{name}", _CALL
        case ir.Get(name) | ir.GetGlobal(name):
            return name, _CALL
        case ir.Call(name):
            return f"{name}({', '.join(plain)})", _CALL
        case ir.Load(name, _, offset):
            return _place(name, plain[0], offset), _CALL
        case ir.Choose():
            then, otherwise, condition = (_within(operand, _CHOICE + 1) for operand in operands)
            return f"{then} if {condition} else {otherwise}", _CHOICE
        case ir.Op(name):
            return _operation(name, operands)


def _literal(value: bytes) -> str:
    written = value.decode(errors="replace")
    if len(value) <= _SHOWN_TEXT and not _UNREADABLE.search(written):
        return repr(written)
    if len(value) <= _SHOWN_BYTES:
        return repr(value)
    return f"<{len(value):,} bytes, sha256 {hashlib.sha256(value).hexdigest()}>"


def _operation(name: str, operands: list[tuple[str, int]]) -> tuple[str, int]:
    kind, _, operation = name.partition(".")
    if operation in _INFIX and kind != "memory":
        symbol, binding = _INFIX[operation]
        left, right = operands
        # Comparisons do not associate; the others do from the left.
        loose = binding + 1 if binding == 4 else binding
        return f"{_within(left, loose)} {symbol} {_within(right, binding + 1)}", binding
    plain = [operand for operand, _ in operands]
    if operation == "eqz":
        return f"{_within(operands[0], 5)} == 0", 4
    if operation.startswith("reinterpret"):
        return f"bits_{kind}({plain[0]})", _CALL
    if operation.startswith(("wrap", "extend_", "convert", "promote", "demote", "trunc_")):
        unsigned = "_u" if operation.endswith("_u") else ""
        return f"{kind}{unsigned}({plain[0]})", _CALL
    prefix = "memory_" if kind == "memory" else ""
    return f"{prefix}{operation}({', '.join(plain)})", _CALL


def _within(operand: tuple[str, int], binding: int) -> str:
    return operand[0] if operand[1] >= binding else f"({operand[0]})"


def _place(name: str, address: str, offset: int) -> str:
    kind, _, operation = name.partition(".")
    width = operation.removeprefix("load").removeprefix("store")
    element = kind if not width else ("i" if width.endswith("_s") else "u") + width.split("_")[0]
    return f"{element}[{address}{f' + {offset}' if offset else ''}]"
