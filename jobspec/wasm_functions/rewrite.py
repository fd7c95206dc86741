"""Makes a researcher's function safe inside a program: its instructions, each with its checks.

- Memory is a region of the program's own: addresses are checked against it and begin at its start.
- What would stop an engine is a trap of ours, with its site; callers leave when one is pending.
- NaNs are canonical before their bits can be seen, so that all engines agree: these are the rules
  of WebAssembly 3.0's deterministic profile.

The code has been validated. Checks are placed without looking at types: an instruction knows its
operands, and code that is never reached accepts everything. Not here: what surrounds a call
(`jobspec.wasm_functions.entry`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from jobspec import ir
from jobspec.foreign import (
    AddressOf,
    BlockType,
    Foreign,
    FunctionAt,
    GlobalAt,
    OffsetFrom,
    Piece,
)
from jobspec.opcodes import LOADS, STORES
from jobspec.wasm import encode
from jobspec.wasm.encode import constant, instruction
from jobspec.wasm.instructions import BLOCKS, Instruction
from jobspec.wasm.vectors import MEMORY, MEMORY_LANE
from jobspec.wasm_functions import checks
from jobspec.wasm_functions.checks import get, set_, tee
from jobspec.wasm_functions.module import Signature, WasmModule
from jobspec.wasm_functions.nans import seen

MAX_DEPTH = 500
"""Blocks within blocks."""

_ZERO = -1
"""The number of the temporary variable that stays zero."""

_WIDTHS: dict[str, int] = {
    **{name: 1 << encode.natural_alignment(name) for name in LOADS | STORES},
    **{name: width for name, (_, width) in (MEMORY | MEMORY_LANE).items()},
}
"""Bytes that an instruction reads or writes."""
_STORED: dict[str, str] = {
    **{name: kind for name, (_, kind) in STORES.items()},
    "v128.store": "v128",
    **dict.fromkeys(MEMORY_LANE, "v128"),
}
"""Instructions with a value above the address, and its type."""
WRITES = frozenset(
    {*STORES, "v128.store", *(name for name in MEMORY_LANE if "store" in name)}
    | {"memory.fill", "memory.copy"}
)
"""Instructions that change the memory."""


def touches_memory(name: str) -> bool:
    """Whether an instruction of that name looks at the memory."""
    return name in _WIDTHS or name in WRITES


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a function of a module becomes part of."""

    module: WasmModule
    name: str
    """That of the document's function; what belongs to it is named after it."""
    pointer: str
    traps: ir.TrapSites
    may_trap: dict[int, bool] = field(default_factory=dict)
    """Filled as functions are done, callees before callers."""

    @property
    def memory(self) -> str:
        return f"{self.name} memory"

    @property
    def memory_bytes(self) -> int:
        """What the memory takes in the program; never nothing, so that it has an address."""
        return max(self.module.memory_bytes, 8)

    def function(self, index: int) -> str:
        return f"{self.name} {index}"

    def variable(self, index: int) -> str:
        return f"{self.name} global {index}"

    def signature(self, index: int) -> Signature:
        return self.module.functions[index]


@dataclass(frozen=True, slots=True)
class Rewritten:
    function: Foreign
    may_trap: bool


def rewrite(around: Surroundings, index: int, instructions: list[Instruction]) -> Rewritten:
    """The function of that index, made safe."""
    rewriter = _Rewriter(around, index)
    visible = seen(around.module, instructions)
    for number, found in enumerate(instructions):
        rewriter.add(found, canonical=number in visible)
    signature = around.signature(index)
    function = Foreign(
        name=around.function(index),
        params=signature.params,
        results=signature.results,
        variables=(*around.module.bodies[index].variables, *rewriter.temporaries),
        code=tuple(rewriter.pieces()),
        memory=(around.memory, around.memory_bytes),
        instructions=len(instructions),
    )
    return Rewritten(function, rewriter.may_trap)


class _Rewriter:
    """Collects the instructions of one function."""

    def __init__(self, around: Surroundings, index: int) -> None:
        self._around = around
        self._module = around.module
        signature = around.signature(index)
        variables = around.module.bodies[index].variables
        self._next = len(signature.params) + sum(count for count, _ in variables)
        self._temporaries: dict[tuple[str, int], int] = {}
        self._results = signature.results
        self._pieces: list[Piece] = []
        self._code = bytearray()
        self._before: Instruction | None = None
        self.may_trap = False

    @property
    def temporaries(self) -> list[tuple[int, str]]:
        return [(1, kind) for kind, _ in self._temporaries]

    def pieces(self) -> list[Piece]:
        self._piece(b"")
        return self._pieces

    def add(self, found: Instruction, *, canonical: bool) -> None:
        """The instruction and what must stand around it; `canonical` makes its NaNs so."""
        name = found.name
        if name in _WIDTHS:
            self._access(found)
        elif name in _SPECIAL:
            _SPECIAL[name](self, found)
        elif name in BLOCKS and found.immediates:
            signature = self._module.types[found.immediates[0]]
            self._code += instruction(name)
            self._piece(BlockType(signature.params, signature.results))
        else:
            self._code += found.raw
        if canonical:
            kind = checks.NAN_MAKERS[name]
            kept = self._temporary("v128" if "x" in kind else kind)
            self._code += checks.canonical(kind, kept)
        self._before = found

    # --- parts ------------------------------------------------------------------------------------

    def _piece(self, piece: Piece) -> None:
        if self._code:
            self._pieces.append(bytes(self._code))
            self._code.clear()
        if piece:
            self._pieces.append(piece)

    def _temporary(self, kind: str, number: int = 0) -> int:
        """The index of a local variable of our own."""
        if (kind, number) not in self._temporaries:
            self._temporaries[kind, number] = self._next
            self._next += 1
        return self._temporaries[kind, number]

    def _trap_when(self, condition: bytes, code: str, message: str) -> None:
        self._code += condition + checks.IF
        self._trap(code, message)
        self._code += checks.END

    def _trap(self, code: str, message: str) -> None:
        """Leave the function, with a trap pending."""
        site = ir.TrapSite(code=code, pointer=self._around.pointer, message=message)
        self._code += constant("i32", self._around.traps.number(site) + 1)
        self._code += instruction("global.set")
        self._piece(GlobalAt("trap"))
        self._code += self._leave()
        self.may_trap = True

    def _leave(self) -> bytes:
        """[] -> leave the function, with zeros.

        All but a lone number are variables that nothing is ever put into: as constants they would
        be many bytes, at every place that can trap.
        """
        if len(self._results) == 1 and self._results[0] != "v128":
            zeros = constant(self._results[0], 0)
        else:
            zeros = b"".join(get(self._temporary(kind, _ZERO)) for kind in self._results)
        return zeros + instruction("return")

    # --- memory -----------------------------------------------------------------------------------

    def _access(self, found: Instruction) -> None:
        """[address] or [address, value], checked; the region's start is part of the offset."""
        alignment, offset, *lanes = found.immediates
        address = self._temporary("i32")
        stored = _STORED.get(found.name)
        value = self._temporary(stored, 1) if stored else 0
        last = self._module.memory_bytes - offset - _WIDTHS[found.name]
        self._code += set_(value) if stored else b""
        self._code += set_(address)
        beyond = checks.exceeds(address, last) if last >= 0 else constant("i32", 1)
        self._trap_when(beyond, "index_out_of_range", "an address lies outside the memory")
        self._code += get(address) + (get(value) if stored else b"")
        self._code += checks.access(found.name) + encode.unsigned(alignment)
        self._piece(OffsetFrom(self._around.memory, offset if last >= 0 else 0))
        self._code += bytes(lanes)

    def _memory_size(self, found: Instruction) -> None:
        del found
        self._code += constant("i32", self._module.memory_bytes // encode.PAGE_BYTES)

    def _move(self, found: Instruction) -> None:
        """[target, byte, length] or [target, source, length], checked."""
        length, other, target = (self._temporary("i32", number) for number in (2, 1, 0))
        self._code += set_(length) + set_(other) + set_(target)
        copies = found.name == "memory.copy"
        for start in (target, other) if copies else (target,):
            leaves = checks.leaves_region(start, length, self._module.memory_bytes)
            self._trap_when(leaves, "index_out_of_range", "an address lies outside the memory")
        self._placed(target)
        if copies:
            self._placed(other)
        else:
            self._code += get(other)
        self._code += get(length) + found.raw

    def _placed(self, address: int) -> None:
        self._code += get(address) + instruction("i32.const")
        self._piece(AddressOf(self._around.memory))
        self._code += checks.operator("i32.add")

    # --- numbers ----------------------------------------------------------------------------------

    def _divide(self, found: Instruction) -> None:
        kind, _, operation = found.name.partition(".")
        if self._is_harmless_divisor():
            self._code += found.raw
            return
        divisor, dividend = self._temporary(kind, 1), self._temporary(kind)
        self._code += set_(divisor) + tee(dividend)
        zero = checks.divides_by_zero(kind, divisor)
        self._trap_when(zero, "division_by_zero", "division by zero")
        if operation == "div_s":
            overflow = checks.overflows_quotient(kind, dividend, divisor)
            self._trap_when(overflow, "integer_overflow", f"the quotient does not fit {kind}")
        self._code += get(divisor) + found.raw

    def _is_harmless_divisor(self) -> bool:
        """Whether the divisor is a constant that nothing can go wrong with."""
        before = self._before
        return before is not None and before.number is not None and before.number not in (0, -1)

    def _truncate(self, found: Instruction) -> None:
        _, _, operation = found.name.partition(".")
        value = self._temporary(operation.split("_")[1])
        self._code += set_(value)
        message = f"a float outside the range of {found.name[:3]} is converted to it"
        self._trap_when(checks.misses_integer(found.name, value), "cast_overflow", message)
        self._code += get(value) + found.raw

    # --- control ----------------------------------------------------------------------------------

    def _unreachable(self, found: Instruction) -> None:
        del found
        self._trap("unreachable_code", "the function came to a place that it declares unreachable")

    def _call(self, found: Instruction) -> None:
        (callee,) = found.immediates
        self._code += instruction("call")
        self._piece(FunctionAt(self._around.function(callee)))
        if self._around.may_trap[callee]:
            self._code += instruction("global.get")
            self._piece(GlobalAt("trap"))
            self._code += checks.IF + self._leave() + checks.END
            self.may_trap = True

    def _global(self, found: Instruction) -> None:
        self._code += instruction(found.name)
        self._piece(GlobalAt(self._around.variable(found.immediates[0])))


_SPECIAL: Mapping[str, Callable[[_Rewriter, Instruction], None]] = {
    **{
        f"{kind}.{name}": _Rewriter._divide
        for kind in ("i32", "i64")
        for name in ("div_s", "div_u", "rem_s", "rem_u")
    },
    **{
        f"{kind}.trunc_{source}_{sign}": _Rewriter._truncate
        for kind in ("i32", "i64")
        for source in ("f32", "f64")
        for sign in ("s", "u")
    },
    "memory.size": _Rewriter._memory_size,
    "memory.fill": _Rewriter._move,
    "memory.copy": _Rewriter._move,
    "unreachable": _Rewriter._unreachable,
    "call": _Rewriter._call,
    "global.get": _Rewriter._global,
    "global.set": _Rewriter._global,
}
