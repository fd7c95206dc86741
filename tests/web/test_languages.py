"""The catalogues of sentences: complete, with the same blanks, and found by a page's language."""

from __future__ import annotations

import re

import pytest

from owc.web.languages import LANGUAGES, catalogue, choose, direction

BLANK = re.compile(r"\{(\w+)\}")
OTHERS = LANGUAGES[1:]


def keys(language: str) -> list[str]:
    return [f"{part}.{key}" for part, texts in catalogue(language).items() for key in texts]


@pytest.mark.parametrize("language", OTHERS)
def test_no_language_lacks_a_key_or_has_one_too_many(language: str) -> None:
    assert keys(language) == keys("en")


@pytest.mark.parametrize("language", OTHERS)
def test_every_blank_is_there_in_every_language(language: str) -> None:
    for part, texts in catalogue("en").items():
        for key, text in texts.items():
            other = catalogue(language)[part][key]
            assert set(BLANK.findall(other)) == set(BLANK.findall(text)), f"{part}.{key}"


@pytest.mark.parametrize("language", OTHERS)
def test_nothing_is_left_untranslated(language: str) -> None:
    theirs, ours = catalogue(language), catalogue("en")
    same = [
        f"{part}.{key}"
        for part in ours
        for key, text in ours[part].items()
        if len(text) > 20 and theirs[part][key] == text
    ]
    assert same == []


@pytest.mark.parametrize(
    ("tag", "accepted", "chosen"),
    [
        ("de", [], "de"),
        ("de-AT", ["fr"], "de"),
        ("zh_Hant_TW", [], "zh"),
        ("AR-eg", [], "ar"),
        ("nl", ["nl", "es-MX", "en"], "es"),
        ("", ["fr"], "fr"),
        ("", [], "en"),
        ("x" * 40, ["*"], "en"),
    ],
)
def test_the_pages_language_counts_then_what_the_browser_accepts(
    tag: str, accepted: list[str], chosen: str
) -> None:
    assert choose(tag, accepted) == chosen


def test_arabic_is_read_from_right_to_left() -> None:
    assert [direction(language) for language in LANGUAGES] == ["ltr"] * 5 + ["rtl"]
