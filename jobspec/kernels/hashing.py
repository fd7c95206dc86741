"""XXH64, the hash of values that researchers see: the same in every program, run and version.

A number is hashed as 8 bytes, little endian. Not here: the hash of the tables of groups
(`jobspec.kernels.records`), which may change.
"""

from __future__ import annotations

SOURCE = '''
XXH_1 = 0x9E3779B185EBCA87
XXH_2 = 0xC2B2AE3D27D4EB4F
XXH_3 = 0x165667B19E3779F9
XXH_4 = 0x85EBCA77C2B2AE63
XXH_5 = 0x27D4EB2F165667C5


def xxh64_round(lane: u64, word: i64) -> u64:
    """A lane after 8 more bytes."""
    return rotl(lane + u64(word) * XXH_2, 31) * XXH_1


def xxh64_joined(hash: u64, lane: u64) -> u64:
    """A lane, mixed into the hash."""
    return (hash ^ xxh64_round(0, i64(lane))) * XXH_1 + XXH_4


def xxh64_word(hash: u64, word: i64) -> u64:
    """The hash after 8 bytes of the rest."""
    return rotl(hash ^ xxh64_round(0, word), 27) * XXH_1 + XXH_4


def xxh64_end(hash: u64) -> u64:
    """Let every bit depend on all."""
    hash = (hash ^ hash >> 33) * XXH_2
    hash = (hash ^ hash >> 29) * XXH_3
    return hash ^ hash >> 32


def xxh64_i64(word: i64, seed: u64) -> u64:
    """The hash of 8 bytes."""
    return xxh64_end(xxh64_word(seed + XXH_5 + 8, word))


def xxh64_f64(number: f64, seed: u64) -> u64:
    """The hash of a number; those that are equal have the same, and so have all NaNs."""
    if number != number:
        return xxh64_i64(0x7FF8000000000000, seed)
    return xxh64_i64(bits_of_f64(number + 0.0), seed)


def xxh64_text(text: str, seed: u64) -> u64:
    """The hash of the bytes of a text."""
    at = string_ptr(text)
    left = string_len(text)
    hash = seed + XXH_5
    if left >= 32:
        lane_1 = seed + XXH_1 + XXH_2
        lane_2 = seed + XXH_2
        lane_3 = seed
        lane_4 = seed - XXH_1
        while left >= 32:
            lane_1 = xxh64_round(lane_1, load64(at))
            lane_2 = xxh64_round(lane_2, load64(at, 8))
            lane_3 = xxh64_round(lane_3, load64(at, 16))
            lane_4 = xxh64_round(lane_4, load64(at, 24))
            at += 32
            left -= 32
        hash = rotl(lane_1, 1) + rotl(lane_2, 7) + rotl(lane_3, 12) + rotl(lane_4, 18)
        hash = xxh64_joined(hash, lane_1)
        hash = xxh64_joined(hash, lane_2)
        hash = xxh64_joined(hash, lane_3)
        hash = xxh64_joined(hash, lane_4)
    hash += u64(string_len(text))
    while left >= 8:
        hash = xxh64_word(hash, load64(at))
        at += 8
        left -= 8
    if left >= 4:
        hash = rotl(hash ^ u64(u32(load32(at))) * XXH_1, 23) * XXH_2 + XXH_3
        at += 4
        left -= 4
    while left > 0:
        hash = rotl(hash ^ u64(load8u(at)) * XXH_5, 11) * XXH_1
        at += 1
        left -= 1
    return xxh64_end(hash)
'''
