"""Functions that were compiled elsewhere, as parts of a program.

Their instructions are bytes, which have been made safe (`jobspec.wasm_functions.rewrite`); what a
program numbers or places in its own way stands between them as a reference.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FunctionAt:
    """The index of a function."""

    name: str


@dataclass(frozen=True, slots=True)
class GlobalAt:
    """The index of a global variable."""

    name: str


@dataclass(frozen=True, slots=True)
class BlockType:
    """The type of a block, by its index."""

    params: tuple[str, ...]
    results: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AddressOf:
    """The address of static memory: as the number of an `i32.const`."""

    static: str


@dataclass(frozen=True, slots=True)
class OffsetFrom:
    """The address of static memory and so many bytes more: as the offset of a load or store."""

    static: str
    bytes: int


Piece = bytes | FunctionAt | GlobalAt | BlockType | AddressOf | OffsetFrom


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """One function; its types are those of WebAssembly, `v128` among them."""

    name: str
    params: tuple[str, ...]
    results: tuple[str, ...]
    variables: tuple[tuple[int, str], ...]
    """Runs of local variables of one type."""
    code: tuple[Piece, ...]
    """The instructions without the `end` of the body."""
    memory: tuple[str, int] | None = None
    """The static memory that the code looks at, and its size."""
    instructions: int
    """How many there were before they were made safe; for the listing."""
