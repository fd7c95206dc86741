"""ARCHITECTURE.md's code map is the tree."""

from __future__ import annotations

import re

from tests.docs.pages import ROOT, files, section


def mapped() -> set[str]:
    rows = re.findall(r"^\| (`.+?`) \|", section("ARCHITECTURE.md", "Code map"), re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


def folders() -> set[str]:
    """The folders of the first two levels, such as `jobspec/` and `jobspec/sql/`."""
    parts = [path.relative_to(ROOT).parts[:-1] for path in files()]
    return {"/".join(each[:depth]) + "/" for each in parts for depth in (1, 2) if each}


def test_everything_in_the_map_exists() -> None:
    for name in mapped():
        path = ROOT / name
        assert path.is_dir() if name.endswith("/") else path.is_file(), name


def test_every_folder_is_in_the_map() -> None:
    names = mapped()
    own = {
        "docs/images/",
        "migrations/versions/",
        "example_site/static/",
        "example_site/templates/",
    }
    for folder in folders() - own:
        assert any(name.startswith(folder) for name in names), folder
