"""What must not stand in the repository: addresses of package indexes, paths of a machine."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, files

LOCK_FILES = ("requirements.lock", "requirements-dev.lock", "package-lock.json")


@pytest.mark.parametrize("name", LOCK_FILES)
def test_lock_files_name_no_addresses(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"^--?(index|extra-index|find-links|trusted-host|i\b|f\b)", text, re.M)


def test_python_lock_files_pin_versions_and_hashes() -> None:
    for name in LOCK_FILES[:2]:
        text = (ROOT / name).read_text(encoding="utf-8")
        for requirement in re.split(r"\n(?=\S)", text.strip()):
            assert re.match(r"[\w.\-\[\]]+==\S+ ", requirement), requirement[:80]
            assert "--hash=sha256:" in requirement, requirement[:80]


def test_the_javascript_lock_file_pins_hashes() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    for name, package in packages.items():
        assert not name or "integrity" in package, name


def test_no_file_names_a_path_of_a_machine() -> None:
    here = Path(__file__)
    for path in files():
        text = "" if path == here else path.read_text(encoding="utf-8", errors="replace")
        for place in (str(ROOT), f"{Path.home()}/", "/home/"):
            assert place not in text, f"{path.relative_to(ROOT)} names {place}"
