"""docs/threats.md names tests that exist, and every test here is named there or in its file."""

from __future__ import annotations

import re

from tests.docs.pages import ROOT, text_of

_ROW = re.compile(r"^\| (?!attack|---).+ \| .+ \| (.+) \|$", re.MULTILINE)
_NAMED = re.compile(r"`([\w/]+\.py)` ((?:test_\w+(?:, )?)+)")


def test_every_attack_of_the_table_has_its_test() -> None:
    rows = _ROW.findall(text_of("docs/threats.md"))
    assert len(rows) > 40
    for row in rows:
        named = _NAMED.findall(row)
        assert named, row
        for path, names in named:
            code = (ROOT / "tests" / path).read_text(encoding="utf-8")
            for name in names.strip(", ").split(", "):
                assert f"def {name}" in code, f"{path}: {name}"


def test_every_file_of_attacks_is_in_the_table() -> None:
    page = text_of("docs/threats.md")
    for path in (ROOT / "tests" / "attacks").glob("test_*.py"):
        assert path.name == "test_table.py" or f"attacks/{path.name}" in page
