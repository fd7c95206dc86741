"""Patterns against DuckDB's RE2: what matches, where, what groups hold and what is refused."""

from __future__ import annotations

import re
import time
from contextlib import nullcontext, suppress
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobspec import regex
from jobspec.regex.tables import in_order
from tests.jobspec import patterns

PLAIN = regex.Flags()
ATOMS = (
    r"a b . [ab] [^a] \w \W \d \s é [a-é] (?s:.) 1 \pL [^\pL] \x{1F600} ^ $ \b \A \z (?m:^) (?m:$)"
    " (?i:É) (?i:k) (?i:[^a])"
)
REPEATS = st.sampled_from(["*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,2}?", "{2,}"])
PATTERNS = st.recursive(
    st.sampled_from(ATOMS.split(" ")),
    lambda parts: st.one_of(
        st.tuples(parts, parts).map("".join),
        st.tuples(parts, parts).map(lambda both: f"(?:{both[0]}|{both[1]})"),
        st.tuples(parts, parts).map(lambda both: f"({both[0]}|{both[1]})"),
        parts.map(lambda part: f"({part})"),
        parts.map(lambda part: f"(|{part})"),
        st.tuples(parts, REPEATS).map(lambda both: f"(?:{both[0]}){both[1]}"),
    ),
    max_leaves=8,
)
TEXTS = st.lists(st.text(alphabet="abAéÉkK\u212a1_\n 😀", max_size=7), min_size=1, max_size=4)


class Engine:
    """DuckDB's functions of patterns."""

    def __init__(self) -> None:
        self._connection = duckdb.connect()

    def call(self, function: str, *arguments: Any) -> Any:
        marks = ", ".join("?" * len(arguments))
        found = self._connection.execute(f"SELECT regexp_{function}({marks})", arguments)
        return found.fetchall()[0][0]


DUCKDB = Engine()


@settings(max_examples=60, deadline=None)
@given(PATTERNS, TEXTS, st.data())
def test_matches_bounds_and_groups_are_those_of_re2(
    pattern: str, texts: list[str], data: st.DataObject
) -> None:
    group = data.draw(st.integers(0, min(9, regex.group_count(pattern, PLAIN))))
    with suppress(regex.RegexError):  # of patterns that grow too large
        for text in texts:
            expected = [
                DUCKDB.call("matches", text, pattern),
                DUCKDB.call("full_match", text, pattern),
                DUCKDB.call("extract", text, pattern, group),
                DUCKDB.call("replace", text, pattern, f"<\\{group}>", "g"),
            ]
            ours = [
                patterns.matches(pattern, text),
                patterns.matches(pattern, text, whole=True),
                patterns.extract(pattern, text, group),
                patterns.replace(pattern, text, b"<\xff" + bytes([group]) + b">"),
            ]
            assert ours == expected, (pattern, text, group)


READ_AS_IN_RE2 = r"""
a|b (a)(b) a* a** a+? a{2} a{2,} a{2,3}? a{,3} a{3,2} a{1001} x{ [a-z] [^a] []a] [^]a] [a-] [-a]
[a-b-c] [z-a] [a-\d] [\d] [[:alpha:]] [[:^alpha:]] [[:foo:]] [[:a] [a [ ] } { ) ( (?i)a (?i:a)b
(?-i:a) (?:) (?) (?-) (?-:a) (?i-:a) (?i-s)a (?is-U:a) (?x)a (?P<n>a) (?P<n>a)(?P<n>b) (?P<1>a)
(?P<>a) (?P=n) (?<n>a) (?=a) (?!a) (?<=a) \d \D \Z \z \A \b \B \1 \12 \0 \8 \08 \x4 \x41 \x{41}
\x{110000} \x{} \xg1 \x{41 \pL \p{L} \p{^L} \P{^L} \p \p{Foo} \p{Lu \PN \_ \é \Qa*\E+ \Qa \E
\a\f\n\r\t\v * +a ?a a|* (*) (|a) a|| ^* $+ \b+ (?:a*)* ((a)) [\]] [\-] [a\-z] [\b]
[\x{41}-\x{43}] [\n] \h \K \G \Q\E* (?i)* a(?i)* (?i (?im (?s). [[:word:] [^\x00-\x{10FFFF}]
[\D\d] a{2}{3} a?? a??? \- \/ \\ [\\] [[] [^[] \x{0000041} \pl \p{greek} \p{Cn} (?i)[^k] \
"""


@pytest.mark.parametrize("pattern", READ_AS_IN_RE2.split())
def test_what_re2_refuses_is_refused_with_words(pattern: str) -> None:
    try:
        DUCKDB.call("matches", "a", pattern)
        theirs = True
    except duckdb.Error:
        theirs = False
    with suppress(regex.RegexError) if not theirs else nullcontext():
        regex.matches(pattern, PLAIN, whole=False)
        assert theirs


CLASSES = [
    *(r"\d", r"\D", r"\s", r"\S", r"\w", r"\W", r"\pL", r"\PN", r"\p{Greek}", r"[^\p{Han}a]"),
    *("[[:alnum:]]", "[[:ascii:]]", "[[:blank:]]", "[[:cntrl:]]", "[[:graph:]]", "[[:lower:]]"),
    *("[[:print:]]", "[[:punct:]]", "[[:space:]]", "[[:upper:]]", "[[:word:]]", "[[:xdigit:]]"),
    *(r"(?i)\w", r"(?i)\W", r"(?i)\p{Lu}", r"(?i)\PL", "(?i)[[:^upper:]]", "(?i)[^k]", "(?i)ſ"),
    *(r"[\x{80}-\x{7FF}]", r"[\x{7FF}-\x{800}]", r"[\x{FFFF}-\x{10001}]", r"[^\x00-\x{10FFFE}]"),
]
SAMPLES = [
    *(chr(point) for point in range(0x250)),
    *(chr(point) for point in range(0x370, 0xD800, 0xC1)),
    *(chr(point) for point in range(0xE000, 0x110000, 0x11E1)),
    *(chr(point) for point in (0x7FF, 0x800, 0x212A, 0x17F, 0xFFFF, 0x10000, 0x10001, 0x10FFFF)),
]


@pytest.mark.parametrize("pattern", CLASSES)
def test_classes_hold_the_characters_of_re2(pattern: str) -> None:
    connection = duckdb.connect()
    connection.execute("CREATE TABLE t AS SELECT unnest(?) AS s", [SAMPLES])
    found = connection.execute("SELECT s FROM t WHERE regexp_full_match(s, ?)", [pattern])
    expected = [text for (text,) in found.fetchall()]
    assert [text for text in SAMPLES if patterns.matches(pattern, text, whole=True)] == expected


@given(st.sampled_from(["a+b", "(a|b)+?c", "[^a]b", "a{2,3}", "x*", "(a)|b(c)"]), TEXTS)
def test_simple_patterns_match_as_in_python(pattern: str, texts: list[str]) -> None:
    for text in texts:
        found = re.search(pattern, text)
        assert patterns.matches(pattern, text) == (found is not None)
        assert patterns.extract(pattern, text) == (found[0] if found else "")


def test_flags_are_those_of_the_whole_pattern() -> None:
    assert patterns.matches("HÉ.", "hé\n", ignore_case=True, dot_matches_newline=True)
    assert not patterns.matches("hé.", "hé\n")
    assert patterns.replace("a.(", "a.( a.(", b"x", literal=True) == "x x"


@pytest.mark.parametrize(
    "pattern",
    [
        "a{1000}b{1000}",
        "(.*a.{40})",
        "((a{30}){30}){30}",
        r"(\pL+) (\pL+) (\pL+) (\pL+)",
        "((((){1000}){1000}){1000}){1000}",
        "(a{9}){1000}|" * 700,
        "(" * 5000,
        "(?:" * 61 + ")" * 61,
        "(a|b)*a" + "(a|b)" * 200,
        "[" + "".join(map(chr, range(0x4E00, 0x5500, 2))) * 5 + "]{900}",
    ],
)
def test_large_patterns_are_refused_soon(pattern: str) -> None:
    begun = time.process_time()
    with pytest.raises(regex.RegexError, match=r"too large|deep|never closed"):
        regex.find(pattern, PLAIN, (0,))
    assert time.process_time() - begun < 3


def test_time_is_linear_where_others_backtrack() -> None:
    text = "a" * 200_000
    begun = time.process_time()
    assert not patterns.matches("^(a+)+$", text + "!")
    assert patterns.extract("(a*)*b|a", text) == "a"
    assert time.process_time() - begun < 2


def test_empty_matches_are_replaced_between_characters() -> None:
    assert patterns.replace("", "aé😀", b"-") == "-a-é-😀-"
    assert patterns.replace("a*", "baac", b"-") == "-b-c-"


@given(st.dictionaries(st.integers(0, 6), st.integers(-1, 6), max_size=7))
def test_moves_at_once_are_done_one_after_the_other(moves: dict[int, int]) -> None:
    spare = 7
    registers = {**{register: register for register in range(8)}, -1: -1}
    for target, source in in_order(tuple(moves.items()), spare):
        registers[target] = registers[source]
    assert all(registers[at] == moves.get(at, at) for at in range(7))
