"""The vector instructions of WebAssembly 2.0: a table, like `jobspec.opcodes`.

Relaxed vector instructions, whose results differ between engines, are left out on purpose.
"""

from __future__ import annotations

from enum import Enum, auto


class Immediate(Enum):
    """What follows the number of a vector instruction."""

    NONE = auto()
    MEMORY = auto()
    """Alignment and offset."""
    MEMORY_LANE = auto()
    """Alignment, offset and the number of a lane."""
    LANE = auto()
    BYTES = auto()
    """16 bytes: a constant, or the lanes of a shuffle."""


PREFIX = 0xFD

_COMPARISONS = ("eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u")
_FLOAT_COMPARISONS = ("eq", "ne", "lt", "gt", "le", "ge")
_SATURATING = ("add", "add_sat_s", "add_sat_u", "sub", "sub_sat_s", "sub_sat_u")
_SHIFTS = ("shl", "shr_s", "shr_u")
_EXTREMES = ("min_s", "min_u", "max_s", "max_u")
_FLOAT_ARITHMETIC = ("sqrt", "add", "sub", "mul", "div", "min", "max", "pmin", "pmax")


def _row(first: int, shape: str, operations: tuple[str, ...]) -> dict[str, int]:
    """Instructions of one shape whose numbers follow each other."""
    return {f"{shape}.{operation}": first + at for at, operation in enumerate(operations)}


def _halves(first: int, shape: str, operation: str, source: str) -> dict[str, int]:
    """`extend` or `extmul` of the low and the high half, signed and unsigned."""
    ends = ("low_{}_s", "high_{}_s", "low_{}_u", "high_{}_u")
    return _row(first, shape, tuple(f"{operation}_{end.format(source)}" for end in ends))


MEMORY: dict[str, tuple[int, int]] = {
    "v128.load": (0, 16),
    "v128.load8x8_s": (1, 8),
    "v128.load8x8_u": (2, 8),
    "v128.load16x4_s": (3, 8),
    "v128.load16x4_u": (4, 8),
    "v128.load32x2_s": (5, 8),
    "v128.load32x2_u": (6, 8),
    "v128.load8_splat": (7, 1),
    "v128.load16_splat": (8, 2),
    "v128.load32_splat": (9, 4),
    "v128.load64_splat": (10, 8),
    "v128.store": (11, 16),
    "v128.load32_zero": (92, 4),
    "v128.load64_zero": (93, 8),
}
"""name -> (number, bytes that are read or written)."""

MEMORY_LANE: dict[str, tuple[int, int]] = {
    "v128.load8_lane": (84, 1),
    "v128.load16_lane": (85, 2),
    "v128.load32_lane": (86, 4),
    "v128.load64_lane": (87, 8),
    "v128.store8_lane": (88, 1),
    "v128.store16_lane": (89, 2),
    "v128.store32_lane": (90, 4),
    "v128.store64_lane": (91, 8),
}
"""The same of one lane."""

_BYTES = {"v128.const": 12, "i8x16.shuffle": 13}
_LANES = {
    **_row(21, "i8x16", ("extract_lane_s", "extract_lane_u", "replace_lane")),
    **_row(24, "i16x8", ("extract_lane_s", "extract_lane_u", "replace_lane")),
    **_row(27, "i32x4", ("extract_lane", "replace_lane")),
    **_row(29, "i64x2", ("extract_lane", "replace_lane")),
    **_row(31, "f32x4", ("extract_lane", "replace_lane")),
    **_row(33, "f64x2", ("extract_lane", "replace_lane")),
}
_PLAIN = {
    "i8x16.swizzle": 14,
    **{
        f"{shape}.splat": 15 + at
        for at, shape in enumerate(("i8x16", "i16x8", "i32x4", "i64x2", "f32x4", "f64x2"))
    },
    **_row(35, "i8x16", _COMPARISONS),
    **_row(45, "i16x8", _COMPARISONS),
    **_row(55, "i32x4", _COMPARISONS),
    **_row(65, "f32x4", _FLOAT_COMPARISONS),
    **_row(71, "f64x2", _FLOAT_COMPARISONS),
    **_row(77, "v128", ("not", "and", "andnot", "or", "xor", "bitselect", "any_true")),
    "f32x4.demote_f64x2_zero": 94,
    "f64x2.promote_low_f32x4": 95,
    **_row(96, "i8x16", ("abs", "neg", "popcnt", "all_true", "bitmask")),
    **_row(101, "i8x16", ("narrow_i16x8_s", "narrow_i16x8_u")),
    **_row(103, "f32x4", ("ceil", "floor", "trunc", "nearest")),
    **_row(107, "i8x16", (*_SHIFTS, *_SATURATING)),
    **_row(116, "f64x2", ("ceil", "floor")),
    **_row(118, "i8x16", _EXTREMES),
    "f64x2.trunc": 122,
    "i8x16.avgr_u": 123,
    **_row(124, "i16x8", ("extadd_pairwise_i8x16_s", "extadd_pairwise_i8x16_u")),
    **_row(126, "i32x4", ("extadd_pairwise_i16x8_s", "extadd_pairwise_i16x8_u")),
    **_row(128, "i16x8", ("abs", "neg", "q15mulr_sat_s", "all_true", "bitmask")),
    **_row(133, "i16x8", ("narrow_i32x4_s", "narrow_i32x4_u")),
    **_halves(135, "i16x8", "extend", "i8x16"),
    **_row(139, "i16x8", (*_SHIFTS, *_SATURATING)),
    "f64x2.nearest": 148,
    **_row(149, "i16x8", ("mul", *_EXTREMES)),
    "i16x8.avgr_u": 155,
    **_halves(156, "i16x8", "extmul", "i8x16"),
    **_row(160, "i32x4", ("abs", "neg")),
    **_row(163, "i32x4", ("all_true", "bitmask")),
    **_halves(167, "i32x4", "extend", "i16x8"),
    **_row(171, "i32x4", (*_SHIFTS, "add")),
    "i32x4.sub": 177,
    **_row(181, "i32x4", ("mul", *_EXTREMES, "dot_i16x8_s")),
    **_halves(188, "i32x4", "extmul", "i16x8"),
    **_row(192, "i64x2", ("abs", "neg")),
    **_row(195, "i64x2", ("all_true", "bitmask")),
    **_halves(199, "i64x2", "extend", "i32x4"),
    **_row(203, "i64x2", (*_SHIFTS, "add")),
    "i64x2.sub": 209,
    **_row(213, "i64x2", ("mul", "eq", "ne", "lt_s", "gt_s", "le_s", "ge_s")),
    **_halves(220, "i64x2", "extmul", "i32x4"),
    **_row(224, "f32x4", ("abs", "neg")),
    **_row(227, "f32x4", _FLOAT_ARITHMETIC),
    **_row(236, "f64x2", ("abs", "neg")),
    **_row(239, "f64x2", _FLOAT_ARITHMETIC),
    **_row(248, "i32x4", ("trunc_sat_f32x4_s", "trunc_sat_f32x4_u")),
    **_row(250, "f32x4", ("convert_i32x4_s", "convert_i32x4_u")),
    **_row(252, "i32x4", ("trunc_sat_f64x2_s_zero", "trunc_sat_f64x2_u_zero")),
    **_row(254, "f64x2", ("convert_low_i32x4_s", "convert_low_i32x4_u")),
}

VECTORS: dict[str, tuple[int, Immediate]] = {
    **{name: (number, Immediate.MEMORY) for name, (number, _) in MEMORY.items()},
    **{name: (number, Immediate.MEMORY_LANE) for name, (number, _) in MEMORY_LANE.items()},
    **{name: (number, Immediate.BYTES) for name, number in _BYTES.items()},
    **{name: (number, Immediate.LANE) for name, number in _LANES.items()},
    **{name: (number, Immediate.NONE) for name, number in _PLAIN.items()},
}
"""Every vector instruction: name -> (number after the prefix, immediates)."""
