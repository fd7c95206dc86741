"""Programs as listings and as code, kept as files: a change of the compiler shows what it changes.

`BLESS=1 pytest tests/jobspec/test_golden.py` writes them anew.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jobspec import check_document, disassemble

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", sorted(path.stem for path in GOLDEN.glob("*.json")))
def test_a_program_has_the_listing_and_the_code_that_were_blessed(name: str) -> None:
    job = check_document((GOLDEN / f"{name}.json").read_bytes())
    for path, text in (
        (GOLDEN / f"{name}.txt", job.listing),
        (GOLDEN / f"{name}.wat", disassemble(job.program.wasm)),
    ):
        if os.environ.get("BLESS"):
            path.write_text(text)
        assert text == path.read_text()
