"""What visitors read, in their language: one catalogue a language, in `owc/web/words/`.

A catalogue is an object of sections of sentences; `{name}` in one is filled in where it is shown.
Every language has every key of every section, which a test checks.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

LANGUAGES = ("en", "fr", "de", "es", "zh", "ar")
"""The first is taken where a visitor's is not among them."""

_RIGHT_TO_LEFT = frozenset({"ar"})
_FOLDER = Path(__file__).parent / "words"

Catalogue = dict[str, dict[str, str]]


@cache
def catalogue(language: str) -> Catalogue:
    """The sentences of one of LANGUAGES."""
    loaded: Catalogue = json.loads((_FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return loaded


def direction(language: str) -> str:
    """`ltr` or `rtl`, as HTML calls them."""
    return "rtl" if language in _RIGHT_TO_LEFT else "ltr"


def choose(tag: str, accepted: list[str]) -> str:
    """The language of a page (`tag`, such as `de-AT`), else the first accepted one that we have."""
    for wanted in (tag, *accepted):
        primary = wanted.replace("_", "-").partition("-")[0].lower()
        if primary in LANGUAGES:
            return primary
    return LANGUAGES[0]
