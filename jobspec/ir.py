"""The intermediate representation: what both front ends produce and the back end consumes.

A module is a set of functions over WebAssembly's four number types. Expressions are pure trees
that know their kind; statements are structured (no labels to patch). Instructions carry the names
of the WebAssembly specification and their signatures are read from `jobspec.opcodes`, so a
tree that does not type cannot be built.

A string is one i64: the address in the low and the byte length in the high 32 bits.

Not here: SQL's or Python's meaning (the front ends), bytes (`jobspec.wasm`), text
(`jobspec.listing`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from jobspec.foreign import Foreign
from jobspec.opcodes import LOADS, OPERATORS, STORES


class Kind(StrEnum):
    """The number types of WebAssembly."""

    I32 = "i32"
    I64 = "i64"
    F32 = "f32"
    F64 = "f64"


# --- expressions ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Const:
    """A number. Integers come in signed or unsigned form and wrap to the width of `kind`."""

    kind: Kind
    value: int | float


@dataclass(frozen=True, slots=True)
class Text:
    """A string literal, laid out by the back end; its value is the packed string."""

    value: bytes
    kind: Kind = field(default=Kind.I64, init=False)


@dataclass(frozen=True, slots=True)
class Static:
    """The address, a multiple of 8, of so many bytes that the program holds under a name.

    They are zero before the program's first step and keep what is stored there. One name has one
    size.
    """

    name: str
    bytes: int
    kind: Kind = field(default=Kind.I32, init=False)


@dataclass(frozen=True, slots=True)
class Get:
    """The value of a local variable or parameter."""

    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class GetGlobal:
    """The value of a module-level variable."""

    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Op:
    """One WebAssembly instruction without immediates, such as `i64.add` or `f64.lt`."""

    name: str
    args: tuple[Expr, ...]

    def __post_init__(self) -> None:
        _, params, _ = OPERATORS[self.name]
        given = tuple(arg.kind.value for arg in self.args)
        if given != params:
            raise TypeError(f"{self.name} takes {params}, not {given}")

    @property
    def kind(self) -> Kind:
        return Kind(OPERATORS[self.name][2])


@dataclass(frozen=True, slots=True)
class Choose:
    """Both sides are computed, one is taken (`select`)."""

    condition: Expr
    then: Expr
    otherwise: Expr

    @property
    def kind(self) -> Kind:
        return self.then.kind


@dataclass(frozen=True, slots=True)
class Load:
    """A load such as `i32.load8_u` from `address + offset`."""

    name: str
    address: Expr
    offset: int = 0

    @property
    def kind(self) -> Kind:
        return Kind(LOADS[self.name][1])


@dataclass(frozen=True, slots=True)
class Call:
    """The result of a function of this module or of a kernel, which is linked in by its name."""

    function: str
    args: tuple[Expr, ...]
    kind: Kind


Expr = Const | Text | Static | Get | GetGlobal | Op | Choose | Load | Call


# --- statements -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Set:
    """Assign a local variable; its kind is fixed by its first assignment."""

    name: str
    value: Expr


@dataclass(frozen=True, slots=True)
class SetGlobal:
    name: str
    value: Expr


@dataclass(frozen=True, slots=True)
class Store:
    """A store such as `i64.store` of `value` at `address + offset`."""

    name: str
    address: Expr
    value: Expr
    offset: int = 0

    def __post_init__(self) -> None:
        if self.value.kind.value != STORES[self.name][1]:
            raise TypeError(f"{self.name} does not store {self.value.kind}")


@dataclass(frozen=True, slots=True)
class Do:
    """Call a function that has no result, or drop the result it has (`kind` says which)."""

    function: str
    args: tuple[Expr, ...]
    kind: Kind | None = None


@dataclass(frozen=True, slots=True)
class MemoryCopy:
    target: Expr
    source: Expr
    length: Expr


@dataclass(frozen=True, slots=True)
class MemoryFill:
    target: Expr
    value: Expr
    length: Expr


@dataclass(frozen=True, slots=True)
class If:
    condition: Expr
    then: tuple[Stmt, ...]
    otherwise: tuple[Stmt, ...] = ()


@dataclass(frozen=True, slots=True)
class While:
    """Loop while `condition`; `Continue` goes on with `advance`, then the condition."""

    condition: Expr
    body: tuple[Stmt, ...]
    advance: tuple[Stmt, ...] = ()


@dataclass(frozen=True, slots=True)
class Break:
    """Leave the innermost loop."""


@dataclass(frozen=True, slots=True)
class Continue:
    """Go on with the innermost loop."""


@dataclass(frozen=True, slots=True)
class Return:
    value: Expr | None = None


@dataclass(frozen=True, slots=True)
class Trap:
    """Record trap site number `site` in the global `trap` (as site + 1) and return zero."""

    site: int


@dataclass(frozen=True, slots=True)
class TrapCheck:
    """Return zero at once if a callee has trapped."""


Stmt = (
    Set
    | SetGlobal
    | Store
    | Do
    | MemoryCopy
    | MemoryFill
    | If
    | While
    | Break
    | Continue
    | Return
    | Trap
    | TrapCheck
)


# --- modules --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """Parameters and local variables share one name space; `comment` is shown in the listing."""

    name: str
    params: tuple[tuple[str, Kind], ...] = ()
    result: Kind | None = None
    body: tuple[Stmt, ...] = ()
    exported: bool = False
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Global:
    name: str
    kind: Kind
    initial: int | float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrapSite:
    """Where and why a program can trap: `pointer` into the document, `line` inside a function."""

    code: str
    pointer: str
    message: str
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """A whole program. The i32 globals `trap` and `heap_base` (the heap's start) always exist."""

    functions: tuple[Function, ...]
    foreign: tuple[Foreign, ...] = ()
    """Functions that were compiled elsewhere; the others call them by name."""
    globals: tuple[Global, ...] = ()
    initial: Mapping[str, int] = field(default_factory=dict)
    """What global variables of kernels begin with, in programs that use them."""
    memory_maximum_bytes: int


STANDARD_TRAPS = (
    TrapSite(
        code="out_of_memory",
        pointer="",
        message="the program needs more memory than it may have",
    ),
    TrapSite(code="bad_chunk", pointer="", message="the input is not a chunk of this program"),
    TrapSite(
        code="invalid_argument",
        pointer="",
        message="a function was given a value that it does not take",
    ),
)
"""The first trap sites of every program: those at which kernels trap, by their code."""


# --- building -------------------------------------------------------------------------------------


class TrapSites:
    """Numbers the places at which one program can trap; the first are `STANDARD_TRAPS`."""

    def __init__(self) -> None:
        self._numbers = {site: number for number, site in enumerate(STANDARD_TRAPS)}

    def number(self, site: TrapSite) -> int:
        return self._numbers.setdefault(site, len(self._numbers))

    def all(self) -> tuple[TrapSite, ...]:
        return tuple(self._numbers)


class Body:
    """Collects the statements of one function; blocks nest by `with`."""

    def __init__(self, traps: TrapSites) -> None:
        self.traps = traps
        self._blocks: list[list[Stmt]] = [[]]
        self._fresh_names = 0

    def add(self, *statements: Stmt) -> None:
        self._blocks[-1].extend(statements)

    def temporary(self, value: Expr, name: str = "") -> Get:
        """Compute `value` now, once; the returned variable is never assigned again.

        A `name` is shown in the listing beside the variable's number, if it is a plain one.
        """
        if isinstance(value, Get) and value.name.startswith("%"):
            return value
        return self._fresh("%", value, name)

    def variable(self, initial: Kind | Expr) -> Get:
        """A fresh variable that may be set again; of a kind alone, it is zero until then."""
        return self._fresh("$", Const(initial, 0) if isinstance(initial, Kind) else initial)

    def _fresh(self, prefix: str, value: Expr, name: str = "") -> Get:
        self._fresh_names += 1
        plain = f"_{name}" if name.isascii() and name.isidentifier() and len(name) <= 40 else ""
        variable = Get(f"{prefix}{self._fresh_names}{plain}", value.kind)
        self.add(Set(variable.name, value))
        return variable

    def trap(self, site: TrapSite) -> None:
        self.add(Trap(self.traps.number(site)))

    def trap_if(self, condition: Expr, site: TrapSite) -> None:
        self.add(If(condition, (Trap(self.traps.number(site)),)))

    @contextmanager
    def collect(self) -> Iterator[list[Stmt]]:
        """Statements added inside go to the yielded list instead of the body."""
        block: list[Stmt] = []
        self._blocks.append(block)
        try:
            yield block
        finally:
            self._blocks.pop()

    @contextmanager
    def when(self, condition: Expr) -> Iterator[None]:
        with self.collect() as block:
            yield
        self.add(If(condition, tuple(block)))

    @contextmanager
    def while_(self, condition: Expr, advance: Sequence[Stmt] = ()) -> Iterator[None]:
        with self.collect() as block:
            yield
        self.add(While(condition, tuple(block), tuple(advance)))

    def statements(self) -> tuple[Stmt, ...]:
        return tuple(self._blocks[0])
