"""Where the files that are not Python lie: beside the packages in a checkout, else in the wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def asset(name: str) -> Path:
    """The folder `name` (`static`, `migrations`, `example_site`); FileNotFoundError if missing."""
    for folder in (_PACKAGE.parent / name, _PACKAGE / "_assets" / name):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"the installation is incomplete: folder {name!r} is missing")
