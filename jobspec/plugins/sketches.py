"""The functions under approximate aggregates: registers of a HyperLogLog, buckets of a DDSketch.

The aggregates count with these (`jobspec.aggregates`); in SQL they make sketches of one's own.

A HyperLogLog has 2 ** 12 registers: its standard error is 1.04 / 64, or 1.6 %. Buckets of the
DDSketch are fixed, 64 to an octave, so that sketches always merge: the sign, the exponent and the
first 6 bits of the fraction. The middle of a bucket is within 0.8 % of what fell into it.
"""

from __future__ import annotations

import math
import struct

from jobspec.plugins.plugin import KernelBody, Plugin
from jobspec.types import ValueType

HLL_BITS = 12
HLL_REGISTERS = 1 << HLL_BITS
BUCKET_BITS = 6
_SHIFT = 52 - BUCKET_BITS
INFINITE_BUCKET = 0x7FF0000000000000 >> _SHIFT
LAST_BUCKET = 0x7FF8000000000000 >> _SHIFT
"""That of NaN, which stands above infinity."""

_CONSTANTS = f"""
HLL_SHIFT = {64 - HLL_BITS}
HLL_BITS = {HLL_BITS}
HLL_LAST = {1 << (HLL_BITS - 1)}
BUCKET_SHIFT = {_SHIFT}
HALF = {1 << (_SHIFT - 1)}
INFINITE_BUCKET = {INFINITE_BUCKET}
LAST_BUCKET = {LAST_BUCKET}
SIGN = {1 << 63}
"""
_CODE = '''

def hll_register(hash: u64) -> i64:
    """The register that a hash belongs to: its first bits."""
    return i64(hash >> HLL_SHIFT)


def hll_rank(hash: u64) -> i64:
    """Where the first 1 stands in the other bits of a hash, counted from 1."""
    return i64(clz(hash << HLL_BITS | HLL_LAST)) + 1


def ddsketch_bucket(x: f64) -> i64:
    """The bucket of a number; buckets are in the order of the numbers."""
    if x != x:
        return LAST_BUCKET
    bits = u64(bits_of_f64(x))
    magnitude = i64((bits & 0x7FFFFFFFFFFFFFFF) >> BUCKET_SHIFT)
    return 0 - magnitude if bits >= SIGN else magnitude


def ddsketch_value(bucket: i64) -> f64:
    """The middle of a bucket."""
    magnitude = abs(max(min(bucket, LAST_BUCKET), -LAST_BUCKET))
    middle = HALF if magnitude != 0 and magnitude < INFINITE_BUCKET else 0
    value = f64_of_bits(magnitude << BUCKET_SHIFT | middle)
    return 0.0 - value if bucket < 0 else value
'''

SOURCE = _CONSTANTS + _CODE


# --- in Python, where sketches are merged ---------------------------------------------------------


def hll_register(hash_: int) -> int:
    """The register that a 64-bit hash belongs to."""
    return hash_ >> (64 - HLL_BITS)


def hll_rank(hash_: int) -> int:
    """Where the first 1 stands in the other bits of a hash, counted from 1: at most 53."""
    rest = hash_ & ((1 << (64 - HLL_BITS)) - 1)
    return 64 - HLL_BITS + 1 - rest.bit_length()


def ddsketch_bucket(x: float) -> int:
    """The bucket of a number; buckets are in the order of the numbers."""
    if math.isnan(x):
        return LAST_BUCKET
    bits: int = struct.unpack("<Q", struct.pack("<d", abs(x)))[0]
    magnitude = bits >> _SHIFT
    return -magnitude if math.copysign(1.0, x) < 0 else magnitude


def ddsketch_value(bucket: int) -> float:
    """The middle of a bucket; 0 for the bucket of the numbers nearest to 0."""
    magnitude = min(abs(bucket), LAST_BUCKET)
    middle = 1 << (_SHIFT - 1) if 0 < magnitude < INFINITE_BUCKET else 0
    value: float = struct.unpack("<d", struct.pack("<Q", magnitude << _SHIFT | middle))[0]
    return -value if bucket < 0 else value


def _kernel(function: str) -> KernelBody:
    return KernelBody(source=SOURCE, function=function)


_OURS = "DuckDB has no such function"

PLUGINS = (
    Plugin(
        name="hll_register",
        params=(("hash", ValueType.U64),),
        result=ValueType.I64,
        body=_kernel("hll_register"),
        reference=hll_register,
        about=f"The register of a HyperLogLog, from 0 to {HLL_REGISTERS - 1}, that a hash belongs"
        " to. approx_count_distinct counts with it.",
        examples=(("hll_register(18446744073709551615)", "4095"),),
        differs=_OURS,
    ),
    Plugin(
        name="hll_rank",
        params=(("hash", ValueType.U64),),
        result=ValueType.I64,
        body=_kernel("hll_rank"),
        reference=hll_rank,
        about="Where the first 1 stands in what hll_register leaves of a hash: 1 to 53.",
        examples=(("hll_rank(1)", "52"),),
        differs=_OURS,
    ),
    Plugin(
        name="ddsketch_bucket",
        params=(("x", ValueType.F64),),
        result=ValueType.I64,
        body=_kernel("ddsketch_bucket"),
        reference=ddsketch_bucket,
        about="The bucket of a DDSketch that a number falls into; buckets are in the order of"
        " numbers and about 1.6 % wide. approx_quantile counts with it.",
        examples=(("ddsketch_bucket(1.0)", "65472"),),
        differs=_OURS,
    ),
    Plugin(
        name="ddsketch_value",
        params=(("bucket", ValueType.I64),),
        result=ValueType.F64,
        body=_kernel("ddsketch_value"),
        reference=ddsketch_value,
        about="The middle of a DDSketch's bucket: within 0.8 % of every number in it.",
        examples=(("ddsketch_value(65472)", "1.0078125"),),
        differs=_OURS,
    ),
)
