"""Some fifty jobs that touch every part of the compiler, over a table of awkward values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from tests.jobspec.random_aggregates import INDEPENDENT
from tests.jobspec.test_differential_jobs import AGGREGATES, EXPRESSIONS
from tests.jobspec.wasm_modules import member
from tests.jobspec.wasm_vectors import LANES, everything

NAN_BITS = (0x7FF8000000000000, 0xFFF8000000000000, 0x7FF0000000000001, 0xFFFFFFFFFFFFFFFF)
SINGLE_NAN_BITS = (0x7FC00000, 0xFFC00000, 0x7F800001, 0xFFFFFFFF)
ROWS = 97
UPLOAD = "awkward.parquet"

FUNCTIONS = {
    "flight": "def flight(n: i64) -> i32:\n    s = 0\n    while n > 1:\n"
    "        n = n // 2 if n % 2 == 0 else 3 * n + 1\n        s += 1\n    return s",
    "orbit": "def orbit(x: f64, y: f64) -> f64:\n    for _ in range(9):\n"
    "        x, y = x * x - y * y + 0.1, 2 * x * y - 0.2\n    return x * y",
    "mixed": "def mixed(n: u64, k: i64) -> u64:\n    for i in range(k, k + 7, 3):\n"
    "        n = (n ^ (n >> 7)) * 1099511628211 + u64(abs(i) % 5)\n    return n",
    "raised": "def raised(x: f64, n: i64) -> f64:\n    return x ** 37 - float(n ** 3 % 1000) / 7",
    "smoothed": "def smoothed(n: i64, x: f64) -> f64:\n    xs: f32[:] = [x, 0.1, x * 3, 2] * 2\n"
    "    small: i8[:] = [n % 100 for i in range(5)]\n    m = [[x * i + j for j in range(3)]"
    " for i in range(2)]\n    for i in range(1, len(xs)):\n        xs[i] += xs[i - 1] / 3\n"
    "        m[i % 2, i % 3] -= xs[i]\n    return middle(m[n % 2]) + small[3] + xs[n % 8]",
    "middle": "def middle(xs: f64[:]) -> f64:\n    total = 0.0\n    for x in xs:\n"
    "        total += x\n    return total / len(xs)",
    "waves": "def waves(x: f64) -> tuple[f64, i32, bool]:\n"
    "    y = math.sin(x) * math.exp(-abs(x) / 40) + math.log(x * x + 1) ** 1.5\n"
    "    return math.atan2(y, x), round(y * 100), math.hypot(x, y) > 10",
}
RANGES = (
    {"derive": {"m": "flight(n)"}},
    {"derive": {"m": "orbit(n / 31, n * 0.25)"}},
    {"derive": {"m": "mixed(CAST(abs(n) AS u64), n)"}},
    {"derive": {"m": "raised(sqrt(n - 7), n)"}},
    {"derive": {"m": "CAST(n AS string) || reverse(CAST(n * 7 AS string))"}},
    {"derive": {"m": "sqrt(-1 * abs(n)) + 1.5"}},
    {"derive": {"m": "smoothed(n, sqrt(n + 3))"}},
    {"derive": {"m, k, b": "waves(n * 0.37)"}},
)
_KEY = "'a key of thirty-two bytes, so...'"
PLUGINS = {
    "t": "reverse(CAST(n AS string)) || '😀'",
    "mac": "hmac_sha256(t, CAST(n AS string))",
    "key": "pbkdf2_sha256(t, 'salt', 1 + n % 3 * n % 3, 1 + n % 7 * n % 7)",
    "crc": "crc32(mac)",
    "hidden": f"encrypt(mac, {_KEY})",
    "shown": f"decrypt(hidden, {_KEY})",
    "hashed": "hash(n, t, hidden, n / 7)",
    "drawn": "random() + random()",
    "register": "hll_register(hashed) * 64 + hll_rank(hashed)",
    "bucket": "ddsketch_value(ddsketch_bucket(n / 3))",
}
"""What DuckDB does not have, so that no generated expression has it either."""
CLOSINGS: tuple[Mapping[str, object], ...] = (
    {"filter": "n <> 3"},
    {"limit": 5},
    {"aggregate": {"a": "min(m)", "b": "max(m)", "c": "arg_min(n, m)", "d": "count(m)"}},
)


def table(*, payloads: bool) -> pa.Table:
    """Columns named as in the tests against DuckDB; NaNs with every kind of payload, or none."""
    count = np.arange(ROWS)
    floats = count * 0.5 - 9
    floats[::5] = np.array(NAN_BITS, np.uint64).view(np.float64)[count[::5] // 5 % 4]
    floats[1::17], floats[2::17], floats[3::17] = np.inf, -np.inf, -0.0
    singles = (count * 0.3 - 9).astype(np.float32)
    singles[::7] = np.array(SINGLE_NAN_BITS, np.uint32).view(np.float32)[count[::7] // 7 % 4]
    if not payloads:
        floats[np.isnan(floats)] = np.nan
        singles[np.isnan(singles)] = np.nan
    words = ["", "a", "aé", "😀 a", "a longer string that is no inline string", "b", " "]
    return pa.table(
        {
            "i": pa.array((count * 7 % 11 - 5).tolist(), mask=count % 9 == 4),
            "j": pa.array([int(n) * 2**58 - 2**63 if n < 60 else int(n) for n in count]),
            "k": pa.array(count - 48, pa.int8()),
            "u": pa.array([2**64 - 1 - int(n) ** 9 for n in count], pa.uint64()),
            "w": pa.array(count % 4, pa.uint16()),
            "f": pa.array(floats),
            "g": pa.array(singles, mask=count % 6 == 5),
            "b": pa.array((count % 3 == 0).tolist(), mask=count % 8 == 1),
            "s": pa.array([None if n % 10 == 3 else words[n * 5 % 7] for n in count]),
            "t": pa.array([words[n % 7] * (n % 3) for n in count]),
        }
    )


BRANCHES = """(module (func (export "f") (param i64) (result i64) (local i64)
  (block $far (block $near (block $here
    (br_table $here $near $far $near (i32.wrap_i64 (i64.rem_u (local.get 0) (i64.const 7)))))
    (nop)
    (local.set 1 (i64.mul (local.tee 1 (i64.const 3)) (local.get 0))))
  (local.set 1 (i64.xor (local.get 1) (local.get 0))))
  (select (result i64) (local.get 1) (i64.sub (i64.const 0) (local.get 1))
    (i32.wrap_i64 (i64.and (local.get 0) (i64.const 1))))))"""
"""What only functions compiled elsewhere have: jumps by a table, a typed choice, nothing at all."""


def steps() -> Iterator[tuple[Mapping[str, object], ...]]:
    """Jobs over the table."""
    names = {"i": "i", "j": "j", "f": "f", "b": "b", "s": "s"}
    for kind, templates in EXPRESSIONS.items():
        for template in templates:
            text = template.format(**names)
            yield ({"filter": text},) if kind == "b" else ({"derive": {"n": text}},)
    singles = ({"derive": {"h": "g * 3 - f", "e": "-g", "q": "least(f, g)"}},)
    yield singles
    calls = {
        f"a{number}": template.format(i="i", f="f", x="sgtbu"[number % 5], y="fgstj"[number % 5])
        for number, template in enumerate(AGGREGATES)
    }
    yield ({"aggregate": calls},)
    for by in (["f"], ["g"], ["s"], ["b", "w"], ["t", "f", "i"], ["u"], ["k", "t"]):
        yield ({"aggregate": calls, "by": by},)
    states = {
        f"a{number}": template.format(
            x="sgtbuf"[number % 6],
            y="fgstj"[number % 5],
            q="fkgi"[number % 4],
            n="i",
            z="k",
            b="b",
            s="s",
            f="f",
        )
        for number, template in enumerate(INDEPENDENT)
    }
    yield ({"aggregate": states},)
    yield ({"aggregate": states, "by": ["w"]},)
    yield (*singles, {"select": ["q", "e"]}, {"aggregate": {"n": "count(*)"}, "by": ["e", "q"]})
    yield ({"rename": {"s": "t", "t": "s"}}, {"drop": ["f"]}, {"limit": 11})


TABLE = [
    {"k": 1, "word": "one", "part": 0.5},
    {"k": 3, "word": None, "part": None},
    {"k": 3, "word": "drei\0", "part": -0.0},
    {"k": None, "word": "", "part": 2.0},
]
ORDERS = (
    {"sort": ["word desc", "f", "part nulls first", "x"], "limit": 20},
    {"sample": {"rows": 20, "seed": 2**62}},
    {"distinct": ["word", "f"]},
    {"stop_when": "part IS NULL AND word IS NULL AND y > 3"},
)


def jobs() -> Iterator[dict[str, Any]]:
    for each in steps():
        source: dict[str, Any] = {"upload": UPLOAD, "format": "parquet"}
        yield {"name": "awkward values", "source": source, "steps": each}
    for derive in RANGES:
        for closing in CLOSINGS:
            source = {"range": {"n": [-20, 140, 2]}}
            members = {"functions": FUNCTIONS, "steps": [derive, closing]}
            yield {"name": "awkward numbers", "source": source, **members}
    for closing in ORDERS:
        yield {
            "name": "awkward orders",
            "source": {"range": {"z": [3, -5, -4], "y": [0, 5], "x": [-(2**62), 2**62, 2**60]}},
            "shared": {"t": {"rows": TABLE}},
            "steps": [
                {"derive": {"k": "(x // 7 + y * 3) % 5", "f": "x / (y - 2)"}},
                {"join": {"table": "t", "on": ["k"], "how": "left"}},
                {"sample": {"fraction": 0.8, "seed": 5}},
                closing,
            ],
        }
    yield {
        "name": "awkward secrets",
        "source": {"range": {"n": [-5, 40]}},
        "steps": [{"derive": PLUGINS}],
    }
    yield {
        "name": "awkward branches",
        "source": {"range": {"n": [0, 200]}},
        "functions": {"branches": member(BRANCHES, ["i64"], "i64")},
        "steps": [{"derive": {"m": "branches(n)"}}],
    }
    yield {
        "name": "awkward vectors",
        "source": {"range": {"n": [0, len(LANES) ** 2]}},
        "functions": {"mixed": member(everything(), ["i32"], "i64")},
        "steps": [{"derive": {"m": "mixed(CAST(n AS i32))"}}],
    }
