"""Functions of WebAssembly's text form that compute one vector instruction each."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from functools import cache

import wasmtime

from jobspec.wasm.vectors import MEMORY, MEMORY_LANE, VECTORS, Immediate

LANES = (
    *(b"\x00" * 16, b"\xff" * 16, bytes(range(1, 17))),
    struct.pack("<4f", 1.5, -0.0, math.inf, -2.5),
    struct.pack("<2d", -1.25, math.inf),
    struct.pack("<4I", 0x7FC00001, 0xFF800001, 0x80000000, 0x7F800000),
    struct.pack("<2Q", 0xFFF8000000000001, 0x7FF0000000000000),
)


def vector(content: bytes) -> str:
    return "v128.const i32x4 " + " ".join(map(str, struct.unpack("<4I", content)))


_CHOICE = "".join(
    f"local.get 0 i32.const {number} i32.eq if {vector(content)} return end "
    for number, content in enumerate(LANES)
)
COMMON = (
    f"(func $lanes (param i32) (result v128) {_CHOICE} {vector(LANES[2])})"
    "(func $fold (param v128) (result i64) local.get 0 i64x2.extract_lane 0 i64.const 31"
    " i64.mul local.get 0 i64x2.extract_lane 1 i64.add)"
)
"""What the functions call: vectors by their number, and a vector as 64 bits."""


@cache
def shape_of_vectors() -> dict[str, tuple[tuple[str, ...], str]]:
    """The operands and the result of each vector instruction without memory, by trial."""
    found = {}
    engine = wasmtime.Engine()
    kinds = ("i32", "i64", "f32", "f64", "v128")
    shapes = [
        *((("v128",) * count, result) for count in (1, 2, 3) for result in ("v128", "i32")),
        *(((kind,), "v128") for kind in kinds[:4]),
        *((("v128", kind), "v128") for kind in kinds[:4]),
        *((("v128",), kind) for kind in kinds[1:4]),
    ]
    for name, (_, immediate) in VECTORS.items():
        if immediate in (Immediate.MEMORY, Immediate.MEMORY_LANE) or name == "v128.const":
            continue
        for params, result in shapes:
            wat = f"(module {COMMON} {function_of(name, params, result)})"
            try:
                wasmtime.Module.validate(engine, wasmtime.wat2wasm(wat))
            except wasmtime.WasmtimeError:
                continue
            found[name] = params, result
            break
    return found


def function_of(
    name: str,
    params: tuple[str, ...],
    result: str,
    head: str = '(export "f")',
    *,
    masked: bool = True,
) -> str:
    """A function over vectors by their numbers, which gives 64 bits.

    If `masked`, lanes that are NaN become zero before, since engines choose their bits.
    """
    immediate = VECTORS[name][1]
    lane = {Immediate.LANE: " 1", Immediate.BYTES: " 31 0 1 2 3 4 5 6 17 18 19 20 8 9 10 11"}
    operands = []
    for at, kind in enumerate(params):
        if kind == "v128":
            operands.append(f"local.get {at} call $lanes")
        else:
            convert = {"i32": "", "i64": " i64.extend_i32_s"}.get(kind, f" {kind}.convert_i32_s")
            operands.append(f"local.get {at}{convert}")
    fold = {
        "v128": "call $fold",
        "i32": "i64.extend_i32_s",
        "f32": "i32.reinterpret_f32 i64.extend_i32_u",
        "f64": "i64.reinterpret_f64",
    }.get(result, "")
    shape = name.partition(".")[0]
    if masked and result == "v128" and shape in ("f32x4", "f64x2"):
        fold = f"local.tee $v local.get $v local.get $v {shape}.eq v128.and call $fold"
    return (
        f"(func {head} (param {'i32 ' * len(params)}) (result i64) (local $v v128)"
        f" {' '.join(operands)} {name}{lane.get(immediate, '')} {fold})"
    )


def everything() -> str:
    """A module whose `f` mixes what all vector instructions give for two vectors."""
    return f"(module (memory 1) {COMMON} {' '.join(_all())})"


def _all() -> Iterator[str]:
    calls = []
    for name, (params, result) in shape_of_vectors().items():
        yield function_of(name, params, result, f"${name}", masked=False)
        one, other, third = "local.get 1", "local.get 2", "i32.const 3"
        calls.append(f"{' '.join((one, other, third)[: len(params)])} call ${name}")
    for name in (*MEMORY, *MEMORY_LANE):
        given = "local.get 2 call $lanes" if "store" in name or name in MEMORY_LANE else ""
        lane = " 0" if name in MEMORY_LANE else ""
        result = "i32.const 40 v128.load" if "store" in name else ""
        calls.append(f"local.get 1 {given} {name} offset=40{lane} {result} call $fold")
    mixed = " ".join(
        f"{call} local.get $t i64.const 31 i64.mul i64.add local.set $t" for call in calls
    )
    count = len(LANES)
    yield (
        f'(func (export "f") (param i32) (result i64) (local i32 i32) (local $t i64)'
        f" local.get 0 i32.const {count} i32.rem_u local.set 1"
        f" local.get 0 i32.const {count} i32.div_u local.set 2"
        f" i32.const 40 local.get 1 call $lanes v128.store {mixed} local.get $t)"
    )
