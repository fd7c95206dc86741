"""What differs from row to row although nothing in the row does, and yet is the same everywhere.

A number of the job and the number of the row make it, so that every run of a sub-job and every
partition gives the same. `job_low` and `job_high` are digits of the digest of what the job
computes; the compiler sets them (`jobspec.compiler`). A call's number tells apart the calls in one
row, `joined` the rows that joins make of one (`jobspec.program.joins`).
"""

from __future__ import annotations

SOURCE = '''
PHILOX_0 = 0xD2511F53
PHILOX_1 = 0xCD9E8D57
WEYL_0 = 0x9E3779B9
WEYL_1 = 0xBB67AE85

job_low: i64 = 0
job_high: i64 = 0
joined: i64 = 0


def row_number() -> i64:
    """The number of the row at hand, in the whole job."""
    return first_row + i64(u32(row))


def philox(low: u64, high: u64, key: u64) -> u64:
    """64 of the 128 bits of Philox4x32-10 (Salmon et al. 2011) at a counter."""
    x0 = low & 0xFFFFFFFF
    x1 = low >> 32
    x2 = high & 0xFFFFFFFF
    x3 = high >> 32
    key_0 = key & 0xFFFFFFFF
    key_1 = key >> 32
    for i in range(i32(10)):
        product_0 = x0 * PHILOX_0
        product_1 = x2 * PHILOX_1
        x0 = product_1 >> 32 ^ x1 ^ key_0
        x1 = u64(u32(product_1))
        x2 = product_0 >> 32 ^ x3 ^ key_1
        x3 = u64(u32(product_0))
        key_0 = u64(u32(key_0 + WEYL_0))
        key_1 = u64(u32(key_1 + WEYL_1))
    return x1 << 32 | x0


def random_bits(call: i64) -> u64:
    """64 bits for one call in the row at hand."""
    return philox(u64(row_number()), u64(call ^ job_high ^ joined), u64(job_low))


def random_f64(call: i64) -> f64:
    """A number from 0 up to but not including 1: a multiple of 2 ** -53."""
    return f64(random_bits(call) >> 11) * 1.1102230246251565e-16
'''
