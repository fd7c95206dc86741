"""The tables of Unicode against DuckDB, for every code point."""

from __future__ import annotations

import pytest

from jobspec.regex.characters import unicode_class
from jobspec.unicode import case, ranges
from jobspec.unicode.categories import CATEGORIES
from jobspec.unicode.scripts import SCRIPTS
from tests.jobspec import unicode_facts


def test_every_category_and_script_is_there() -> None:
    assert list(CATEGORIES) == unicode_facts.CATEGORIES.split()
    assert list(SCRIPTS) == unicode_facts.SCRIPTS.split()


@pytest.mark.parametrize("name", ["L", "Lu", "Mn", "N", "Po", "Sc", "Z", "Greek", "Han", "Common"])
def test_classes_are_those_of_duckdb(name: str) -> None:
    surrogates = ((0xD800, 0xDFFF),)
    found = ranges.union([*unicode_class(name), *surrogates])
    assert found == ranges.union([*unicode_facts.property_members(name), *surrogates])


@pytest.mark.parametrize("function", ["lower", "upper"])
def test_cases_are_those_of_duckdb(function: str) -> None:
    runs = case.lower_runs() if function == "lower" else case.upper_runs()
    assert list(runs) == unicode_facts.runs(unicode_facts.mapping(function))


@pytest.mark.parametrize("point", [0x41, 0x4B, 0x131, 0x130, 0x17F, 0x1C5, 0x3C3, 0x1E9E, 0x10400])
def test_what_differs_by_case_only_is_what_re2_matches(point: int) -> None:
    expected = unicode_facts.members(rf"(?i)\x{{{point:x}}}")
    assert case.folded(((point, point),)) == expected


def test_ranges_are_read_as_they_are_written() -> None:
    given = ((0, 0), (5, 9), (0x10FFFF, 0x10FFFF))
    assert ranges.read(ranges.written(given)) == given
    assert ranges.complement(ranges.complement(given)) == given
    assert ranges.union([(3, 4), (1, 2), (9, 9)]) == ((1, 4), (9, 9))
