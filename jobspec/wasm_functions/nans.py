"""Finds the NaNs whose bits can be seen, so that no others are made canonical at a cost.

Arithmetic and comparisons take all NaNs alike. A value is seen when anything else takes it: a
store, a call, a conversion of bits, the end of a block; or when it is kept in a local variable one
of whose reads is seen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from jobspec.wasm.instructions import Instruction
from jobspec.wasm_functions.checks import NAN_MAKERS, is_blind
from jobspec.wasm_functions.module import Signature, WasmModule
from jobspec.wasm_functions.stack import block_type, effect

_LEAVES = frozenset({"br", "br_table", "return", "unreachable"})
_NOBODY = -1
"""Stands for a value that no instruction of the function makes, or that is canonical already."""


def seen(module: WasmModule, instructions: Sequence[Instruction]) -> frozenset[int]:
    """The instructions, by their index, that make NaNs whose bits can be seen."""
    flow = _Flow(module)
    for index, found in enumerate(instructions):
        flow.follow(index, found)
    flow.see_all()
    return frozenset(index for index in flow.reached() if instructions[index].name in NAN_MAKERS)


class _Flow:
    """Follows values from who makes them to who takes them."""

    def __init__(self, module: WasmModule) -> None:
        self._module = module
        self._stack: list[int] = []
        """Who made each value: the index of an instruction."""
        self._open: list[tuple[int, int, Signature]] = []
        """Of each block that is open: what `_base` and `_done` were before, its type."""
        self._base = 0
        """Where the values of the innermost block begin."""
        self._done = 0
        """Its values below this height have been seen."""
        self._seen: list[int | str] = []
        self._makers: dict[int, str] = {}
        """What the values of those who make NaNs are."""
        self._because: defaultdict[int | str, list[int | str]] = defaultdict(list)
        """What is seen because something else is; a variable is named `local <index>`."""

    def follow(self, index: int, found: Instruction) -> None:
        name = found.name
        if name in ("end", "else"):
            self._end(name)
        elif name in _LEAVES:
            self.see_all()
            del self._stack[self._base :]
        elif found.opens:
            if name == "if":
                self._see(self._pop())
            self._begin(block_type(self._module, found))
        elif name == "call":
            callee = self._module.functions[found.immediates[0]]
            for _ in callee.params:
                self._see(self._pop())
            self._stack += [_NOBODY] * len(callee.results)
        else:
            self._plain(index, found)

    def see_all(self) -> None:
        """All values of the block at hand are taken by somebody who is not known."""
        for at in range(max(self._base, self._done), len(self._stack)):
            self._see(self._stack[at])
        self._done = len(self._stack)

    def reached(self) -> set[int]:
        """Every instruction whose value is seen."""
        found: set[int | str] = set()
        pending = list(self._seen)
        while pending:
            one = pending.pop()
            if one not in found:
                found.add(one)
                pending += self._because[one]
        return {one for one in found if isinstance(one, int) and one != _NOBODY}

    # --- parts ------------------------------------------------------------------------------------

    def _plain(self, index: int, found: Instruction) -> None:
        taken, made = effect(found.name)
        if found.name == "br_if":
            self.see_all()
        values = [self._pop() for _ in range(taken)]
        variable = f"local {found.immediates[0]}" if found.name.startswith("local") else ""
        if found.name == "local.get":
            self._because[index].append(variable)
        elif variable:
            self._because[variable] += values
            self._because[index] += values
        elif found.name != "drop":
            for value in values:
                if not is_blind(found.name, self._makers.get(value)):
                    self._see(value)
        if found.name in NAN_MAKERS:
            self._makers[index] = NAN_MAKERS[found.name]
        self._stack += [index] * made

    def _begin(self, signature: Signature) -> None:
        for _ in signature.params:
            self._see(self._pop())
        self._open.append((self._base, min(self._done, len(self._stack)), signature))
        self._base = self._done = len(self._stack)
        self._stack += [_NOBODY] * len(signature.params)

    def _end(self, name: str) -> None:
        self.see_all()
        del self._stack[self._base :]
        base, done, signature = self._open[-1]
        if name == "else":
            self._done = self._base
            self._stack += [_NOBODY] * len(signature.params)
            return
        self._open.pop()
        self._base, self._done = base, done
        self._stack += [_NOBODY] * len(signature.results)

    def _pop(self) -> int:
        """The value on top; code that is never reached takes values that are not there."""
        value = self._stack.pop() if len(self._stack) > self._base else _NOBODY
        self._done = min(self._done, len(self._stack))
        return value

    def _see(self, value: int) -> None:
        if value != _NOBODY:
            self._seen.append(value)
