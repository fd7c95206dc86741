"""How much of an engine's stack a module's functions can take: engines differ in how much there is.

Not exact, but never too little: a value counts 16 bytes wherever the engine keeps it.
"""

from __future__ import annotations

from collections.abc import Sequence

from jobspec.opcodes import LOADS, OPERATORS, STORES
from jobspec.wasm.instructions import Instruction
from jobspec.wasm.vectors import MEMORY, MEMORY_LANE, VECTORS
from jobspec.wasm_functions.module import Signature, WasmModule

MAX_BYTES = 128 << 10
"""Of all functions that are open at one time; the smallest stack that is known has 512 KiB."""
_VALUE_BYTES = 16
_FRAME_BYTES = 128

_ONE_OPERAND = (
    *("abs", "neg", "popcnt", "not", "sqrt", "ceil", "floor", "trunc", "nearest", "splat"),
    *("any_true", "all_true", "bitmask", "extract_lane", "extend_", "extadd_", "convert_"),
    *("trunc_sat_", "demote_", "promote_"),
)


def _of_vector(name: str) -> int:
    operation = name.partition(".")[2]
    if operation == "const":
        return 1
    if operation == "bitselect":
        return -2
    one = operation in _ONE_OPERAND or operation.startswith(
        tuple(word for word in _ONE_OPERAND if word.endswith("_") or word == "extract_lane")
    )
    return 0 if one else -1


_GROWTH: dict[str, int] = {
    **{name: _of_vector(name) for name in VECTORS},
    **{name: 1 - len(params) for name, (_, params, _) in OPERATORS.items()},
    **dict.fromkeys(LOADS, 0),
    **dict.fromkeys(STORES, -2),
    **{name: -2 if "store" in name else 0 for name in MEMORY},
    **{name: -2 if "store" in name else -1 for name in MEMORY_LANE},
    **dict.fromkeys(("i32.const", "i64.const", "f32.const", "f64.const"), 1),
    **dict.fromkeys(("local.get", "global.get"), 1),
    **dict.fromkeys(("local.set", "global.set", "drop", "br_if", "if", "br_table"), -1),
    **dict.fromkeys(("select", "select t"), -2),
    **dict.fromkeys(("memory.copy", "memory.fill"), -3),
}
"""By how many values an instruction makes the stack higher; those of control are not here."""

_WITHOUT_RESULT = frozenset(
    {*STORES, *(name for name in MEMORY | MEMORY_LANE if "store" in name)}
    | {"local.set", "global.set", "drop", "br_if", "memory.copy", "memory.fill", "nop"}
)


def effect(name: str) -> tuple[int, int]:
    """How many values an instruction takes and gives, other than calls and those of blocks."""
    given = 0 if name in _WITHOUT_RESULT else 1
    return given - _GROWTH.get(name, 0), given


def frame_bytes(module: WasmModule, index: int, instructions: Sequence[Instruction]) -> int:
    """What one call of a function takes, without the functions that it calls."""
    signature = module.functions[index]
    variables = len(signature.params) + sum(count for count, _ in module.bodies[index].variables)
    highest = _highest(module, instructions)
    return _FRAME_BYTES + _VALUE_BYTES * (variables + highest)


def _highest(module: WasmModule, instructions: Sequence[Instruction]) -> int:
    """The most values that are on the stack at one time."""
    height = highest = 0
    open_: list[tuple[int, int]] = []
    """Of each block: the height that it began with, and with its results."""
    for found in instructions:
        height += _GROWTH.get(found.name, 0)
        if found.opens:
            signature = block_type(module, found)
            base = height - len(signature.params)
            open_.append((height, base + len(signature.results)))
        elif found.name == "else":
            height = open_[-1][0]
        elif found.name == "end":
            height = open_.pop()[1]
        elif found.name == "call":
            callee = module.functions[found.immediates[0]]
            height += len(callee.results) - len(callee.params)
        height = max(height, 0)  # code that is never reached takes values that are not there
        highest = max(highest, height)
    return highest


def block_type(module: WasmModule, found: Instruction) -> Signature:
    """What a block takes and gives."""
    if found.immediates:
        return module.types[found.immediates[0]]
    return Signature((), () if found.kind is None else (found.kind,))
