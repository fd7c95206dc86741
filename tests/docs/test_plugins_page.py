"""The plugin that docs/plugins.md shows: installed as the page says, it does what the page says."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import wasmtime

from tests.docs.pages import ROOT, blocks

PAGE = "docs/plugins.md"
MORE = """
import base64
from jobspec.plugins import Plugin, ValueType, WasmBody

TRIPLE = Plugin(
    name="triple",
    params=(("x", ValueType.I32),),
    result=ValueType.I32,
    body=WasmBody(wasm=base64.b64decode("{wasm}"), export="triple"),
    reference=lambda x: 3 * x,
    about="Three times a number.",
)
"""
TRIPLE = """(module (func (export "triple") (param i32) (result i32)
  local.get 0 i32.const 3 i32.mul))"""
RUN = """
import json, sys
from jobspec import check_document, check_plugins, merge, run_program, chunks, disassemble
from jobspec.plugins import plugins

check_plugins()
examples = [one for name in ("luhn", "sum_of_bytes") for one in plugins()[name].examples]
steps = {f"e{at}": f"({text}) = ({value})" for at, (text, value) in enumerate(examples)}
last = {"name": "x", "source": {"rows": [{"n": 0}]}, "steps": [{"derive": steps}]}
for line in [*sys.stdin.buffer.read().splitlines(), json.dumps(last).encode()]:
    job = check_document(line)
    disassemble(job.wasm)
    data = [one.data for one in chunks(job.document, job.plan, rows=1000, max_bytes=1 << 20)]
    outputs = [run_program(job.wasm, one, fuel=None, memory_bytes=1 << 26).output for one in data]
    print(json.dumps([row for batch in merge(job.plan, outputs) for row in batch.to_pylist()]))
print(json.dumps([plugins()["luhn"].reference(n) for n in range(100)]))
"""


def shown(language: str) -> list[str]:
    return [block.text for block in blocks(language) if block.page == PAGE]


def installed(folder: Path) -> Path:
    """The package of the page, as pip would leave it in an environment."""
    (project,) = map(tomllib.loads, shown("toml"))
    points = project["project"]["entry-points"]["owc.functions"]
    (folder / "owc_checksums.py").write_text("\n".join(shown("python")))
    wasm = base64.b64encode(wasmtime.wat2wasm(TRIPLE)).decode()
    (folder / "more_plugins.py").write_text(MORE.format(wasm=wasm))
    lines = [f"{name} = {value}" for name, value in points.items()]
    write_distribution(folder, [*lines, "more = more_plugins:TRIPLE"])
    return folder


def write_distribution(folder: Path, points: list[str]) -> None:
    metadata = folder / "owc_checksums-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: owc-checksums\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("\n".join(["[owc.functions]", *points, ""]))


def run(folder: Path, code: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={"PYTHONPATH": f"{ROOT}:{folder}", "PATH": ""},
    )


def test_the_plugin_shown_works_in_sql_and_in_functions(tmp_path: Path) -> None:
    (document,) = map(json.loads, shown("json"))
    numbers: dict[str, Any] = {
        "name": "luhn",
        "source": {"rows": [{"n": n} for n in range(100)]},
        "functions": {"both": "def both(n: i64) -> i64:\n    return triple(n) if luhn(n) else 0"},
        "steps": [{"derive": {"fits": "luhn(n)", "three": "triple(n)", "both": "both(n)"}}],
    }
    answer = run(installed(tmp_path), RUN, f"{json.dumps(document)}\n{json.dumps(numbers)}")
    assert answer.returncode == 0, answer.stderr
    cards, rows, (examples,), reference = map(json.loads, answer.stdout.splitlines())
    assert cards == [{"card": 4539578763621486, "sum": sum(b"4539578763621486")}]
    assert examples == {"n": 0, "e0": True, "e1": True, "e2": True}
    assert [row["fits"] for row in rows] == reference
    assert [row["three"] for row in rows] == [3 * row["n"] for row in rows]
    assert [row["both"] for row in rows] == [3 * row["n"] * row["fits"] for row in rows]
