"""Emits the instructions of one function and checks that it is well formed.

A loop is `block loop ... br 0 end end`; where it has an `advance` part and a `Continue`, its body
is one more block, so that `Continue` leaves that. Expressions are emitted without recursion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from jobspec import walk
from jobspec.errors import CompilerError
from jobspec.ir import (
    Break,
    Call,
    Choose,
    Const,
    Continue,
    Do,
    Expr,
    Function,
    Get,
    GetGlobal,
    If,
    Kind,
    Load,
    MemoryCopy,
    MemoryFill,
    Op,
    Return,
    Set,
    SetGlobal,
    Static,
    Stmt,
    Store,
    Text,
    Trap,
    TrapCheck,
    While,
)
from jobspec.wasm import encode
from jobspec.wasm.encode import instruction


@dataclass(frozen=True, slots=True)
class Callee:
    """A function by its number, and what it takes and gives."""

    index: int
    params: tuple[str, ...]
    results: tuple[str, ...]


@dataclass(slots=True)
class Layout:
    """Where the things of a module are: indices, kinds and addresses by name."""

    functions: dict[str, Callee]
    globals: dict[str, tuple[int, Kind]]
    texts: dict[bytes, int]
    statics: dict[str, int] = field(default_factory=dict)
    types: dict[bytes, int] = field(default_factory=dict)

    def type_index(self, params: Sequence[str], results: Sequence[str]) -> int:
        """The index of a type, which is made if it is new."""
        encoded = encode.function_type(params, results)
        return self.types.setdefault(encoded, len(self.types))


def local_kinds(function: Function) -> dict[str, Kind]:
    """Parameters, then local variables in the order of their first assignment."""
    kinds: dict[str, Kind] = {}
    for name, kind in function.params:
        if name in kinds:
            raise CompilerError(f"{function.name} has two parameters {name}")
        kinds[name] = kind
    for statement in walk.statements(function.body):
        if isinstance(statement, Set):
            kinds.setdefault(statement.name, statement.value.kind)
    return kinds


def emit_body(function: Function, kinds: dict[str, Kind], layout: Layout) -> bytes:
    """The instructions of a function, without the `end` of its body."""
    emitter = _Emitter(function, kinds, layout)
    emitter.block(function.body)
    if function.result and not (function.body and isinstance(function.body[-1], Return)):
        emitter.code += instruction("unreachable")
    return bytes(emitter.code)


class _Emitter:
    def __init__(self, function: Function, kinds: dict[str, Kind], layout: Layout) -> None:
        self.function = function
        self.kinds = kinds
        self.indices = {name: index for index, name in enumerate(kinds)}
        self.layout = layout
        self.code = bytearray()
        self._depth = 0
        #: For each open loop the depths of the labels that leave and go on with it.
        self._loops: list[tuple[int, int]] = []

    # --- statements -------------------------------------------------------------------------------

    def block(self, statements: Sequence[Stmt]) -> None:
        for statement in statements:
            self._statement(statement)

    def _statement(self, statement: Stmt) -> None:
        match statement:
            case Set(name, value):
                self._expect(self.kinds[name], value, f"variable {name}")
                self._instruction("local.set", self.indices[name])
            case SetGlobal(name, value):
                index, kind = self._global(name)
                self._expect(kind, value, f"global variable {name}")
                self._instruction("global.set", index)
            case Store(name, address, value, offset):
                self._expect(Kind.I32, address, name)
                self._expression(value)
                self.code += encode.memory_access(name, offset)
            case Do(name, args, kind):
                self._call(name, args, kind)
            case MemoryCopy(target, other, length) | MemoryFill(target, other, length):
                copies = isinstance(statement, MemoryCopy)
                for part in (target, other, length):
                    self._expect(Kind.I32, part, "memory.copy or memory.fill")
                self._instruction("memory.copy" if copies else "memory.fill")
                self.code += b"\0\0" if copies else b"\0"
            case If():
                self._if(statement)
            case While():
                self._while(statement)
            case Break() | Continue():
                self._leave(statement)
            case Return() | Trap() | TrapCheck():
                self._return(statement)

    def _if(self, statement: If) -> None:
        self._expect(Kind.I32, statement.condition, "a condition")
        self._open("if")
        self.block(statement.then)
        if statement.otherwise:
            self._instruction("else")
            self.block(statement.otherwise)
        self._close()

    def _while(self, statement: While) -> None:
        self._open("block")
        leave = self._depth
        self._open("loop")
        again = self._depth
        condition = statement.condition
        if not (isinstance(condition, Const) and condition.value):
            self._expect(Kind.I32, condition, "a condition")
            self.code += encode.operator("i32.eqz")
            self._instruction("br_if", self._depth - leave)
        inner = bool(statement.advance) and _continues(statement.body)
        if inner:
            self._open("block")
        self._loops.append((leave, self._depth if inner else again))
        self.block(statement.body)
        self._loops.pop()
        if inner:
            self._close()
        self.block(statement.advance)
        self._instruction("br", self._depth - again)
        self._close()
        self._close()

    def _leave(self, statement: Break | Continue) -> None:
        if not self._loops:
            raise self._mistake(f"{type(statement).__name__} stands outside a loop")
        leave, again = self._loops[-1]
        target = leave if isinstance(statement, Break) else again
        self._instruction("br", self._depth - target)

    def _return(self, statement: Return | Trap | TrapCheck) -> None:
        match statement:
            case Return(None):
                if self.function.result:
                    raise self._mistake("a return lacks its value")
            case Return(value):
                if value is None or self.function.result is None:
                    raise self._mistake("a value is returned where the function has none")
                self._expect(self.function.result, value, "the result")
            case Trap(site):
                self.code += encode.constant("i32", site + 1)
                self._instruction("global.set", self._global("trap")[0])
                self._zero()
            case TrapCheck():
                self._instruction("global.get", self._global("trap")[0])
                self._open("if")
                self._zero()
                self._instruction("return")
                self._close()
                return
        self._instruction("return")

    def _zero(self) -> None:
        if self.function.result:
            self.code += encode.constant(self.function.result, 0)

    def _call(self, name: str, args: Sequence[Expr], kind: Kind | None) -> None:
        self._check_call(name, args, kind)
        for arg in args:
            self._expression(arg)
        self._instruction("call", self.layout.functions[name].index)
        if kind is not None:
            self._instruction("drop")

    # --- expressions ------------------------------------------------------------------------------

    def _expect(self, kind: Kind, expression: Expr, what: str) -> None:
        if expression.kind is not kind:
            raise self._mistake(f"{what} takes {kind}, not {expression.kind}")
        self._expression(expression)

    def _expression(self, root: Expr) -> None:
        pending: list[Expr | bytes] = [root]
        while pending:
            item = pending.pop()
            if isinstance(item, bytes):
                self.code += item
            else:
                pending.append(self._own_instruction(item))
                pending.extend(reversed(walk.operands(item)))

    def _own_instruction(self, expression: Expr) -> bytes:
        """What computes an expression once its operands are on the stack."""
        match expression:
            case Const(kind, value):
                return encode.constant(kind, value)
            case Text(value):
                packed = len(value) << 32 | self.layout.texts[value]
                return encode.constant("i64", packed)
            case Static(name):
                return encode.constant("i32", self.layout.statics[name])
            case Get(name, kind):
                if self.kinds.get(name) is not kind:
                    raise self._mistake(f"variable {name} is {self.kinds.get(name)}, not {kind}")
                return instruction("local.get", self.indices[name])
            case GetGlobal(name, kind):
                index, declared = self._global(name)
                if declared is not kind:
                    raise self._mistake(f"global variable {name} is {declared}, not {kind}")
                return instruction("global.get", index)
            case Op(name):
                return encode.operator(name)
            case Choose(condition, then, otherwise):
                if condition.kind is not Kind.I32 or then.kind is not otherwise.kind:
                    raise self._mistake("a choice takes an i32 and two values of one kind")
                return instruction("select")
            case Load(name, address, offset):
                if address.kind is not Kind.I32:
                    raise self._mistake(f"{name} takes an i32 address, not {address.kind}")
                return encode.memory_access(name, offset)
            case Call(name, args, kind):
                self._check_call(name, args, kind)
                return instruction("call", self.layout.functions[name].index)

    def _check_call(self, name: str, args: Sequence[Expr], kind: Kind | None) -> None:
        callee = self.layout.functions[name]
        given = tuple(arg.kind.value for arg in args)
        wanted = () if kind is None else (kind.value,)
        if given != callee.params or wanted != callee.results:
            raise self._mistake(
                f"{name} takes {list(callee.params)} and gives {', '.join(callee.results)},"
                f" but is called with {list(given)} for {kind}"
            )

    # --- parts ------------------------------------------------------------------------------------

    def _open(self, mnemonic: str) -> None:
        self._instruction(mnemonic)
        self.code += encode.EMPTY_BLOCK
        self._depth += 1

    def _close(self) -> None:
        self._instruction("end")
        self._depth -= 1

    def _instruction(self, mnemonic: str, *immediates: int) -> None:
        self.code += instruction(mnemonic, *immediates)

    def _global(self, name: str) -> tuple[int, Kind]:
        return self.layout.globals[name]

    def _mistake(self, message: str) -> CompilerError:
        return CompilerError(f"{self.function.name}: {message}")


def _continues(body: Sequence[Stmt]) -> bool:
    """Whether a loop's body has a `Continue` of that loop, not of one inside it."""
    pending = list(body)
    while pending:
        statement = pending.pop()
        if isinstance(statement, Continue):
            return True
        if not isinstance(statement, While):
            for block in walk.blocks_of(statement):
                pending.extend(block)
    return False
