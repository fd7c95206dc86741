"""Restricted Python, compiled to the intermediate representation.

There are two dialects of one language: the functions of a job document, which are checked, and
the kernel language, in which our own run-time functions are written (`jobspec.kernels`).

Both: `def` with annotated parameters and result, assignment (also `a, b = b, a`, `+=` and
`x: f64 = 0`), `if`/`elif`/`else`, `while`, `for i in range(...)`, `break`, `continue`, `pass`,
`return`, arithmetic, comparisons (chained too), `and`/`or`/`not`, `x if c else y`, and calls of
functions by name. A variable keeps the type of its first assignment and must have a value
wherever it is read. Conditions are bools. Recursion is refused. A whole number without a type of
its own takes that of the other operand, and is an i64 when it stands alone.

Functions of a job document
---------------------------
`docs/functions.md` describes them. Types of parameters and results: bool, i8 to i64, u8 to u64,
f32, f64; parameters may be arrays, results may be several. Inside, values are bool, i64, u64 or
f64, and arrays of any of the types. Integer arithmetic wraps at 64 bits, everything else is
CPython's. What is built in stands in `jobspec.functions.reference`.

Local arrays lie in static memory (`ir.Static`): there is no recursion, so a function needs each
once. Every index is checked. Which parameters a function may write to is known
(`CompiledFunction.writes`), since shared inputs are read only.

A conversion never changes a number silently: what does not fit traps. The trap codes are
division_by_zero, cast_overflow, index_out_of_range, negative_shift, range_step_zero, math_domain
and math_range, each with the line where it happened.

The kernel language
-------------------
Types: bool, i32, u32, i64, u64, f32, f64, `str` (an i64: address and byte length); `-> None` for
functions without a result. Nothing is converted or checked on its own: write i32(x), u64(x)...,
which wrap (floats saturate). Addresses are i32. The sign of comparisons, `>>`, `//`, `%` and
conversions follows from the type (u32, u64). `//` and `%` floor as ever; div(a, b) and rem(a, b)
truncate and are single instructions. Literals beside an i32 are i32; a variable that starts with
a literal is annotated: `i: i32 = 0`. `for i in range(n)` gives `i` the type of `n`.

Around the functions of a source: `NAME = 64` is a constant of that source, a number, text or bytes;
`heap_top: i32 = 0` is a global variable of the program, shared by all sources, and is written after
`global heap_top`. `trap` and `heap_base` (i32) are global variables as well. Text constants such as
"true" are str, and so are bytes: `string_ptr(b"\\x00\\x07")` is the address of a table, which lies
in the program once however often it is written.

    load8u load8s load16u load16s load32 (p[, offset]) -> i32       load64 (p[, offset]) -> i64
    loadf32 loadf64 load_string (p[, offset]) -> f32, f64, str      offsets are literals
    store8 store16 store32 store64 storef32 storef64 store_string (p, value[, offset])
    memory_copy(target, source, bytes)      memory_fill(target, byte, bytes)
    memory_size() -> i32 pages              memory_grow(pages) -> i32 pages before, or -1
    string_pack(p, bytes) -> str            string_ptr(s), string_len(s) -> i32
    clz ctz popcnt (x)   rotl rotr (x, n)   div rem (a, b)   extend8 extend16 extend32 (x)
    bits_of_f64(x) -> i64, f64_of_bits(n) -> f64, bits_of_f32(x) -> i32, f32_of_bits(n) -> f32
    sqrt floor ceil trunc nearest (x: float) -> float   copysign(x, y)   abs   min   max
    select(condition, a, b)                 both are computed, one is taken
    trap("out_of_memory")                   a code of `ir.STANDARD_TRAPS`; leaves the function

A kernel that traps, or calls one that does, "may trap": kernels that call it check that by
themselves; generated code must add `ir.TrapCheck` (`kernels.call` does).

Not here: SQL (`jobspec.sql`), how functions reach a program (`jobspec.program`).
"""

from __future__ import annotations

from jobspec.functions.compile import ARRAY_BYTES, compile_functions
from jobspec.functions.context import CompiledFunction

__all__ = ["ARRAY_BYTES", "CompiledFunction", "compile_functions"]
