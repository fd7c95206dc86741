"""Every job of the cookbook runs, in parts, and gives what another computation gives."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jobspec import CompiledJob, check_document, finish, make_result_files, merge, write_parquet
from jobspec.arrow import arrow_schema
from tests.docs.pages import ROOT
from tests.jobspec.jobs import inputs, output
from tests.jobspec.pictures import read_png

FOLDER = ROOT / "docs" / "cookbook"
PARTS = 7


@dataclass
class Done:
    """A job that has been run."""

    job: CompiledJob
    rows: list[dict[str, Any]]
    files: dict[str, Path] = field(default_factory=dict)


@pytest.fixture
def done(request: pytest.FixtureRequest, tmp_path: Path) -> Done:
    """The job of that name, run in parts that are merged, finished and made into files."""
    job = check_document((FOLDER / f"{request.param}.json").read_bytes())
    plan = job.program.plan
    rows = plan.rows
    assert rows is not None
    outputs = []
    for chunk in inputs(job, max(1, -(-min(rows, 2_000_000) // PARTS))):
        outputs.append(output(job, chunk))
        if request.param == "nonce-search" and len(outputs) == PARTS:
            break
    batches = merge(plan, outputs)
    if job.finish is not None:
        batches = finish(job.finish.wasm, job.finish.plan, batches, fuel=10**9)
    path = tmp_path / "result.parquet"
    kept = list(batches)
    write_parquet(path, arrow_schema(job.result), kept)
    made = make_result_files(job.document, path, tmp_path)
    files = {}
    for file in made:
        assert file.path is not None, file.problem
        files[file.form] = file.path
    return Done(job, [row for batch in kept for row in batch.to_pylist()], files)


def functions(done: Done) -> dict[str, Callable[..., Any]]:
    """The functions of the job, as CPython runs them."""
    scope: dict[str, Any] = {"math": math}
    for source in done.job.document.functions.values():
        exec(compile(f"from __future__ import annotations\n{source}", "job", "exec"), scope)
    return scope


def recipe(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("done", [name], indirect=True, ids=[""])


def test_every_job_of_the_cookbook_is_tested() -> None:
    text = Path(__file__).read_text()
    assert all(f'@recipe("{path.stem}")' in text for path in FOLDER.glob("*.json"))
    assert len(list(FOLDER.glob("*.json"))) == 13


@recipe("cleaning")
def test_cleaning(done: Done) -> None:
    assert done.rows == [
        {
            "email": "ada@example.org",
            "price": Decimal("12.50"),
            "ordered": date(2026, 3, 1),
            "size": "XL",
        },
        {"email": "grace@example.org", "price": Decimal(7), "ordered": None, "size": "M"},
        {
            "email": "alan@example.org",
            "price": Decimal(1299),
            "ordered": date(2026, 4, 9),
            "size": "?",
        },
        {"email": "grace@example.org", "price": None, "ordered": None, "size": "L"},
    ]


@recipe("word-counts")
def test_word_counts(done: Done) -> None:
    lines = json.loads((FOLDER / "word-counts.json").read_text())["shared"]["poem"]["rows"]
    words = Counter(
        "".join(filter(str.isalpha, word)).lower()
        for line in lines
        for word in line["text"].split()
    )
    expected = sorted(words.items(), key=lambda pair: (-pair[1], pair[0]))[:10]
    assert [(row["word"], row["count"]) for row in done.rows] == expected


@recipe("primes")
def test_primes(done: Done) -> None:
    sieve = np.ones(1_000_002, bool)
    sieve[:2] = False
    for n in range(2, 1001):
        if sieve[n]:
            sieve[n * n :: n] = False
    twins = np.flatnonzero(sieve[:-2] & sieve[2:])
    pairs = twins[twins < 1_000_000]
    assert done.rows == [{"pairs": len(pairs), "first": 3, "last": int(pairs[-1])}]


@recipe("password-hash")
def test_password_hash(done: Done) -> None:
    ((secret,),) = (row.values() for row in done.rows)
    wanted = hashlib.pbkdf2_hmac("sha256", secret.encode(), b"open web compute", 100, 32)
    assert wanted.hex() in (FOLDER / "password-hash.json").read_text()


@recipe("n-queens")
def test_n_queens(done: Done) -> None:
    def ways(placed: tuple[int, ...]) -> int:
        if len(placed) == 10:
            return 1
        return sum(
            ways((*placed, column))
            for column in range(10)
            if all(
                column != other and abs(column - other) != len(placed) - row
                for row, other in enumerate(placed)
            )
        )

    assert done.rows == [{"ways": ways(())}]


@recipe("monte-carlo")
def test_monte_carlo(done: Done) -> None:
    (row,) = done.rows
    assert row["throws"] == 1_000_000
    assert row["pi"] == 4 * row["inside"] / row["throws"]
    four_deviations = 4 * 4 * math.sqrt(math.pi / 4 * (1 - math.pi / 4) / row["throws"])
    assert abs(row["pi"] - math.pi) < four_deviations


@recipe("mandelbrot")
def test_mandelbrot(done: Done) -> None:
    y, x = np.mgrid[0:240, 0:360]
    point = (x / 120 - 2.2) + 1j * (y / 120 - 1)
    z = np.zeros_like(point)
    turns = np.full(point.shape, 200)
    with np.errstate(all="ignore"):
        for turn in range(200):
            z = z * z + point
            turns[(np.abs(z) > 2) & (turns == 200)] = turn
    found = np.array([row["turns"] for row in done.rows]).reshape(240, 360)
    assert (found == turns).mean() > 0.999  # NumPy rounds the products of complex numbers otherwise
    picture = read_png(done.files["png"].read_bytes())
    assert (len(picture[0]), len(picture)) == (360, 240)
    inside, far = picture[120][240], picture[0][0]
    assert inside != far


@recipe("matrix-product")
def test_matrix_product(done: Done) -> None:
    shared = json.loads((FOLDER / "matrix-product.json").read_text())["shared"]
    expected = np.array(shared["a"]["values"]) @ np.array(shared["b"]["values"])
    found = np.load(done.files["npy"])
    assert found.dtype == np.float64
    assert (found == expected).all()


@recipe("matrix-product-checked")
def test_checked_matrix_product(done: Done) -> None:
    shared = json.loads((FOLDER / "matrix-product-checked.json").read_text())["shared"]
    expected = np.array(shared["a"]["values"]) @ np.array(shared["b"]["values"])
    found = np.zeros((8, 8), np.int64)
    for row in done.rows:
        for i in range(4):
            for j in range(4):
                found[row["row"] + i, row["column"] + j] = row[f"c{i}{j}"]
    assert (found == expected).all()


@recipe("parameter-sweep")
def test_parameter_sweep(done: Done) -> None:
    peak = functions(done)["peak"]
    row = next(row for row in done.rows if row["days"] == 7)
    all_peaks = [peak(contacts / 50, 1 / 7) for contacts in range(1, 51)]
    worst, day = max(all_peaks, key=lambda found: found[0])
    assert (row["worst"], row["day_of_the_worst"]) == (worst, day)
    above = [contacts for contacts, (found, _) in enumerate(all_peaks, 1) if found > 0.1]
    assert row["contacts_for_a_tenth"] == above[0]
    assert len(done.rows) == 20


@recipe("nonce-search")
def test_nonce_search(done: Done) -> None:
    (row,) = done.rows
    digest = hashlib.sha256(f"open web compute {row['nonce']}".encode()).hexdigest()
    assert row["hash"] == digest
    assert digest.startswith("00000")
    earlier = (
        hashlib.sha256(f"open web compute {n}".encode()).digest() for n in range(row["nonce"])
    )
    assert not any(each < b"\0\0\x10" for each in earlier)


@recipe("ray-tracer")
def test_ray_tracer(done: Done) -> None:
    shade = functions(done)["shade"]
    for row in done.rows[::997]:
        found = shade((row["x"] - 120) / 110, (80 - row["y"]) / 110)
        assert (row["r"], row["g"], row["b"]) == found
    picture = read_png(done.files["png"].read_bytes())
    assert (len(picture[0]), len(picture)) == (240, 160)
    assert len({pixel for line in picture for pixel in line}) > 1000


@recipe("lucas-lehmer")
def test_lucas_lehmer(done: Done) -> None:
    # The exponents of the first Mersenne primes, https://oeis.org/A000043, but for 2.
    known = [3, 5, 7, 13, 17, 19, 31, 61, 89, 107, 127, 521, 607]
    assert [row["p"] for row in done.rows] == known


def test_verify_of_the_search_is_a_program_of_its_own() -> None:
    job = check_document((FOLDER / "nonce-search.json").read_bytes())
    assert job.verify is not None
    assert job.verify.wasm != job.program.wasm
