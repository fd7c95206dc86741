"""The limits of the job language, with defaults that suit a public hub."""

from __future__ import annotations

from dataclasses import dataclass

CELLS_INLINE = 2_000_000
"""Inline rows times all their columns: each row has a cell for every key of any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How large a job may be. Whatever exceeds a limit is refused with a problem."""

    document_bytes: int = 1_000_000
    document_depth: int = 32
    """Nesting of objects and arrays."""
    text_chars: int = 500
    """Length of `about`, `purpose`, `contact` and `licence`."""
    expression_chars: int = 10_000
    expression_depth: int = 24
    """Nesting of brackets, CASE and operators in one SQL expression."""
    function_chars: int = 20_000
    functions: int = 64
    wasm_chars: int = 128_000
    """All WebAssembly modules of a document together, in base64."""
    words: int = 20_000
    """Names, numbers and signs in all expressions and functions together: what compiling costs."""
    steps: int = 64
    columns: int = 256
    rows_inline: int = 100_000
    shared: int = 64
    """Shared inputs."""
    shared_bytes: int = 16 * 1024 * 1024
    """All shared inputs together, as they lie in the program."""
    rows: int = 1_000_000_000_000
    """Rows of a range source."""
    memory_bytes: int = 64 * 1024 * 1024
    """Memory of a running program."""
    result_bytes: int = 8 * 1024 * 1024
    """Output of one sub-job."""
