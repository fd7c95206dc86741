"""The cookbook's product that is cheap to check: no wrong tile passes, and checking is cheap."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import pyarrow as pa
import pytest

from jobspec import (
    CompiledJob,
    Limits,
    MergeError,
    check_document,
    failing_rows,
    range_chunk,
    run_program,
)
from jobspec.arrow import arrow_schema
from jobspec.run import Run
from tests.docs.pages import ROOT
from tests.jobspec.jobs import computed, result

TEXT = (ROOT / "docs/cookbook/matrix-product-checked.json").read_text()
P = 2147483647
FUEL = 10**10
LIMITS = Limits(document_bytes=1 << 24)
SECRET = 8_230_452_604_822_171

Tile = dict[str, int]
NAMES = [f"c{i}{j}" for i in range(4) for j in range(4)]


def product(n: int, text: str = TEXT, p: int = P) -> CompiledJob:
    """The job over random matrices of n rows and columns."""
    rng = np.random.default_rng(n)
    job = json.loads(text)
    for name in ("a", "b"):
        job["shared"][name]["values"] = rng.integers(0, p, (n, n)).tolist()
    job["source"] = {"range": {"row": [0, n, 4], "column": [0, n, 4]}}
    return check_document(json.dumps(job).encode(), limits=LIMITS)


def failing(job: CompiledJob, tiles: Sequence[Tile], number: int = SECRET) -> int:
    """How many of these tiles are found to be wrong."""
    assert job.verify is not None
    batch = pa.RecordBatch.from_pylist(tiles, arrow_schema(job.result))
    return failing_rows(job.verify.wasm, job.verify.plan, [batch], fuel=FUEL, first_number=number)


@cache
def small() -> tuple[CompiledJob, list[Tile]]:
    """A job of 25 tiles, and these."""
    job = product(20)
    return job, computed(job)


def test_every_right_tile_passes_whatever_is_drawn() -> None:
    job, tiles = small()
    assert all(failing(job, tiles, number) == 0 for number in range(0, 1 << 53, 1 << 47))


# --- wrong tiles ----------------------------------------------------------------------------------


def changed(tile: Tile, changes: dict[str, int]) -> Tile:
    return tile | {name: (tile[name] + by) % P for name, by in changes.items()}


def one(tile: Tile, rng: random.Random) -> Tile:
    return changed(tile, {rng.choice(NAMES): rng.randrange(1, P)})


def one_by_one(tile: Tile, rng: random.Random) -> Tile:
    return changed(tile, {rng.choice(NAMES): rng.choice([-1, 1])})


def one_bit(tile: Tile, rng: random.Random) -> Tile:
    name = rng.choice(NAMES)
    return tile | {name: tile[name] ^ 1 << rng.randrange(63)}


def not_reduced(tile: Tile, rng: random.Random) -> Tile:
    name = rng.choice(NAMES)
    return tile | {name: tile[name] + P * rng.choice([-(1 << 31), -2, -1, 1, 2, 1 << 31])}


def several(tile: Tile, rng: random.Random) -> Tile:
    names = rng.sample(NAMES, rng.randrange(2, 17))
    return changed(tile, {name: rng.randrange(1, P) for name in names})


def same_sum_of_a_row(tile: Tile, rng: random.Random) -> Tile:
    i, by = rng.randrange(4), rng.randrange(1, P)
    j, k = rng.sample(range(4), 2)
    return changed(tile, {f"c{i}{j}": by, f"c{i}{k}": -by})


def same_sums(tile: Tile, rng: random.Random) -> Tile:
    """Of every row and every column."""
    by = rng.choice([1, rng.randrange(1, P)])
    (i, k), (j, m) = rng.sample(range(4), 2), rng.sample(range(4), 2)
    return changed(tile, {f"c{i}{j}": by, f"c{i}{m}": -by, f"c{k}{j}": -by, f"c{k}{m}": by})


def swapped(tile: Tile, rng: random.Random) -> Tile:
    first, second = rng.sample(NAMES, 2)
    return tile | {first: tile[second], second: tile[first]}


def transposed(tile: Tile, rng: random.Random) -> Tile:
    return tile | {name: tile[f"c{name[2]}{name[1]}"] for name in NAMES}


def elsewhere(tile: Tile, rng: random.Random) -> Tile:
    axis = rng.choice(["row", "column"])
    return tile | {axis: (tile[axis] + 4 * rng.randrange(1, 5)) % 20}


def nothing(tile: Tile, rng: random.Random) -> Tile:
    return tile | dict.fromkeys(NAMES, 0)


FORGERIES: tuple[Callable[[Tile, random.Random], Tile], ...] = (
    one,
    one_by_one,
    one_bit,
    not_reduced,
    several,
    same_sum_of_a_row,
    same_sums,
    swapped,
    transposed,
    elsewhere,
    nothing,
)


@pytest.mark.parametrize("forge", FORGERIES)
def test_every_wrong_tile_is_found(forge: Callable[[Tile, random.Random], Tile]) -> None:
    job, tiles = small()
    rng = random.Random(forge.__name__)
    forged = [forge(tile, rng) for _ in range(40) for tile in tiles]
    assert len(forged) == 1000
    assert all(wrong not in tiles for wrong in forged)
    assert failing(job, forged) == 1000


def test_a_tile_outside_the_matrix_does_not_pass() -> None:
    """A trap is no pass either: the hub runs the sub-job itself."""
    job, tiles = small()
    with pytest.raises(MergeError, match="index_out_of_range"):
        failing(job, [tiles[0] | {"row": 20}])


# --- why it is sound ------------------------------------------------------------------------------


def test_an_error_made_for_one_draw_passes_that_one_alone() -> None:
    foreseen = TEXT.replace("random()", "0.25")
    job, tiles = small()
    forged = changed(tiles[7], {"c12": 1, "c13": -(P // 4)})
    assert failing(product(20, foreseen), [forged]) == 0
    assert all(failing(job, [forged], number) == 1 for number in range(0, 1 << 53, 1 << 46))


def test_an_error_passes_as_often_as_its_polynomial_has_roots() -> None:
    """With a prime so small that it can be seen: of 101 values of x, 3 are roots of this one."""
    p = 101
    job = product(8, TEXT.replace(str(P), str(p)), p=p)
    (tile, *_) = computed(job)
    roots = np.poly([7, 30, 64]).astype(int)
    forged = tile | {f"c2{j}": (tile[f"c2{j}"] + int(by)) % p for j, by in enumerate(roots)}
    rows = 20_000
    passed = rows - failing(job, [forged] * rows)
    deviation = (rows * 3 / p * (1 - 3 / p)) ** 0.5
    assert abs(passed - rows * 3 / p) < 4 * deviation


# --- what it costs --------------------------------------------------------------------------------


def test_checking_a_tile_takes_less_than_half_of_computing_it() -> None:
    assert 0.43 < cost(product(256)) < 0.45


def cost(job: CompiledJob) -> float:
    """The fuel of checking some tiles, as a part of that of computing them."""
    assert job.verify is not None
    chunk = range_chunk(job.plan, 100, 40)
    run = run_program(job.wasm, chunk, fuel=FUEL, memory_bytes=1 << 26)
    assert run.fuel_used is not None
    used = 0

    def metered(wasm: bytes, chunk: bytes, **bounds: int) -> Run:
        nonlocal used
        done = run_program(wasm, chunk, fuel=bounds["fuel"], memory_bytes=bounds["memory_bytes"])
        used += done.fuel_used or 0
        return done

    batch = pa.RecordBatch.from_pylist(result(job, [run.output]), arrow_schema(job.result))
    verify = job.verify
    assert not failing_rows(
        verify.wasm, verify.plan, [batch], fuel=FUEL, first_number=SECRET, run=metered
    )
    return used / run.fuel_used
