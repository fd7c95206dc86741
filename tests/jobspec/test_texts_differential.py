"""Functions of texts and binaries against DuckDB, over random rows: the same values and errors."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobspec.sql.functions import FUNCTIONS, OPERATORS, binary, editing, letters, likeness, patterns
from jobspec.types import Column, ValueType
from tests.fuzz.compare import agree
from tests.jobspec import jobs, unicode_facts
from tests.jobspec.expressions import DuckDB, Expressions, Trapped, evaluate

SCHEMA = (
    Column("s", ValueType.STRING, nullable=True),
    Column("t", ValueType.STRING, nullable=True),
    Column("w", ValueType.STRING),
    Column("b", ValueType.BINARY, nullable=True),
    Column("n", ValueType.I64, nullable=True),
    Column("u", ValueType.U64, nullable=True),
)
CALLS = r"""
lower(s)    upper(s)    lcase(w)    ucase(w)    ascii(s)    unicode(s)    ord(w)
chr(CAST(n AS int))
lpad(s, CAST(n % 40 AS int), t)    rpad(s, CAST(n % 40 AS int), t)
lpad(w, 5, '-é')    rpad(w, 3, 'xy')    repeat(s, n % 40)
repeat(b, n % 40)    split_part(s, t, n)    split_part(w, '', n)    split_part(s, ',', n)
translate(s, t, w)    translate(w, 'abé', 'xy')    overlay(s, t, n, 2)    overlay(s, t, n)
overlay(s PLACING t FROM 2 FOR n)    levenshtein(s, t)    editdist3(w, 'aé')    hamming(s, t)
mismatches(w, w)    jaccard(s, t)    concat_ws(s, t, n, w)    concat_ws(',', s, t)
concat_ws('', s)    hex(s)    hex(b)    hex(n)    to_hex(u)    bin(s)    bin(n)
to_binary(u)    unhex(hex(s))    unhex(w)    from_hex(t)    unbin(bin(s))    unbin(w)
from_binary(t)    to_base64(b)    base64(encode(s))    from_base64(to_base64(b))    from_base64(w)
encode(s)    decode(encode(s))    decode(b)    b || b    b || encode(s)    octet_length(b)
bit_length(s)    s LIKE t    s NOT LIKE w    s ILIKE t    w ILIKE 'A%'
s ILIKE '%É_'    s NOT ILIKE 'x%' ESCAPE 'X'    s ILIKE t ESCAPE ''    position(t IN s)
trim(BOTH 'a' FROM s)    trim(LEADING t FROM s)    trim(TRAILING FROM w)    trim(t FROM s)
substring(s FROM n)    substring(s FROM 2 FOR n)    substring(s FOR 3)
regexp_matches(s, 'a|\pL\d')    regexp_matches(s, 'A.', 'is')    regexp_full_match(w, '[a-c]*')
s SIMILAR TO '(a|b)*'    w NOT SIMILAR TO '.'    regexp_extract(s, '\w+')
regexp_extract(s, '(a+)(b?)', 2)    regexp_extract(s, 'B', 'i')    regexp_extract(s, '(A)', 1, 'i')
regexp_replace(s, '(.)(.)', '\2\1')    regexp_replace(s, 'a*', '-', 'g')
regexp_replace(w, '[^a]', '<\0>', 'g')    regexp_replace(s, '.', '\\', 'sg')
regexp_extract(s, '[', 'l')    strpos(lower(s), 'a')    upper(lower(s)) = upper(s)
"""
LETTERS = st.sampled_from(
    [*"aaabbcABC,xX%_1", "é", "É", "ß", "İ", "Σ", "ſ", "K", "ȿ", "漢", "😀", "\n"]
)
TEXTS = st.one_of(
    st.text(LETTERS, max_size=9),
    st.text(LETTERS, min_size=14, max_size=22),
    st.sampled_from(["", "a,b,c", "YWI=", "Y===", "YQ==", "aGk", "C3a9", "0101", "[a-z]", "a%bx"]),
)
NUMBERS = st.one_of(
    st.integers(-12, 12), st.sampled_from([65, 233, 0xD800, 0x10FFFF, 0x110000, 255])
)
ROWS = st.lists(
    st.tuples(
        st.none() | TEXTS,
        st.none() | TEXTS,
        TEXTS,
        st.none() | st.binary(max_size=7) | TEXTS.map(str.encode),
        st.none() | NUMBERS,
        st.none() | st.sampled_from([0, 1, 255, 2**63, 2**64 - 1]),
    ),
    min_size=1,
    max_size=6,
)


def listed() -> list[str]:
    parts = [part.strip() for line in CALLS.splitlines() for part in line.split("    ")]
    return [part for part in parts if part]


COMPILED = Expressions(listed(), SCHEMA)


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(ROWS)
def test_functions_of_texts_have_the_values_of_duckdb(rows: list[tuple[Any, ...]]) -> None:
    ours = [COMPILED.run(row) for row in rows]
    engine = DuckDB(SCHEMA, rows)
    try:
        for row, values, theirs in zip(rows, ours, engine.run_all(listed()), strict=True):
            for text, value, expected in zip(listed(), values, theirs, strict=True):
                assert agree(value, expected), f"{text}\nof {row}\nis {value!r}, not {expected!r}"
    finally:
        engine.close()


@pytest.mark.parametrize(
    ("text", "pattern", "escape", "expected"),
    [
        ("a%b", "axxb", "x", False),
        ("a%b", "ax%b", "x", True),
        ("axb", "axxb", "x", True),
        ("aéb", "aé_b", "é", False),
        ("a_b", "aé_b", "é", True),
        ("a_b", "a_b", "", True),
        ("zb", "z%", "%", Trapped()),
        ("zb", "ax", "x", Trapped()),
        ("zb", "ab", "xx", Trapped()),
        ("zb", None, "xx", None),
        ("zb", "zb", None, None),
    ],
)
def test_patterns_of_columns_know_escapes(
    text: str, pattern: str | None, escape: str | None, expected: object
) -> None:
    written = "NULL" if escape is None else f"'{escape}'"
    assert evaluate(f"s LIKE p ESCAPE {written}", s=text, p=pattern) == expected


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("left(b, 2)", b"ab"),
        ("left(b, -1)", b"ab\xff"),
        ("left(b, -9)", b""),
        ("right(b, 2)", b"\xffc"),
        ("right(b, -3)", b"c"),
        ("right(b, -9223372036854775808)", b""),
        ("length(b)", 4),
        ("bit_length(b)", 32),
        ("substring(b, 2)", b"b\xffc"),
        ("substring(b, -2, 1)", b"\xff"),
        ("substring(b, 3, -2)", b"ab"),
        ("substring(b, 9223372036854775807, 5)", b""),
        ("substring(b, 0, 2)", b"a"),
        ("bin(b)", "01100001011000101111111101100011"),
        ("b || left(b, 1)", b"ab\xffca"),
    ],
)
def test_binaries_are_cut_and_joined_by_bytes(call: str, expected: object) -> None:
    compiled = Expressions([call], (Column("b", ValueType.BINARY),))
    assert compiled.run((b"ab\xffc",)) == [expected]


@pytest.mark.parametrize("call", ["repeat('a', 99999999999)", "lpad('a', 99999999999, 'bc')"])
def test_texts_beyond_the_memory_trap(call: str) -> None:
    value = evaluate(call)
    assert isinstance(value, Trapped)
    assert value.code == "out_of_memory"


def test_what_is_null_is_not_computed() -> None:
    schema = (Column("s", ValueType.STRING, nullable=True), Column("n", ValueType.I64))
    calls = ["repeat(s, n)", "lpad('a', n, s)", "rpad(s, n, 'b')", "chr(n + length(s))", "unhex(s)"]
    assert Expressions(calls, schema).run((None, 2**62)) == [None] * len(calls)


SURROGATES_AND_MORE = st.one_of(
    st.binary(max_size=8),
    st.text(max_size=5).map(lambda text: text.encode(errors="surrogatepass")),
    st.sampled_from([b"\xc0\x80", b"\xe0\x9f\xbf", b"\xed\xa0\x80", b"\xf0\x8f\xbf\xbf"]),
    st.sampled_from([b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xe2\x82", b"a\x80", b"\xff"]),
)
DECODED = Expressions(["decode(b)"], (Column("b", ValueType.BINARY),))


@given(SURROGATES_AND_MORE)
def test_bytes_are_decoded_where_python_decodes_them(data: bytes) -> None:
    try:
        expected: object = data.decode()
    except UnicodeDecodeError:
        expected = Trapped()
    assert DECODED.run((data,)) == [expected]


@pytest.mark.parametrize("function", ["lower", "upper"])
def test_every_code_point_has_the_case_of_duckdb(function: str) -> None:
    mapped = unicode_facts.mapping(function)
    points = [*range(0x80, 0x3000), *range(0xA000, 0xD800), *range(0xF900, 0x1F000)]
    compiled = Expressions([f"{function}(s)"], (Column("s", ValueType.STRING),))
    for start in range(0, len(points), 5000):
        part = points[start : start + 5000]
        (found,) = compiled.run(("".join(map(chr, part)),))
        assert found == "".join(chr(mapped.get(point, point)) for point in part)


def test_a_job_counts_what_patterns_find_whatever_its_chunks() -> None:
    lines = ["GET /a?x=1", "get /B", "POST /a", "", None, "GET /ä"] * 7
    job = jobs.compiled(
        {"rows": [{"line": line} for line in lines]},
        {"filter": "regexp_matches(line, '^get ', 'i')"},
        {"derive": {"path": r"lower(regexp_replace(line, '^\w+ (/\pL+).*$', '\1'))"}},
        {"derive": {"code": "to_base64(encode(upper(path)))"}},
        {"aggregate": {"count": "count(*)", "code": "min(code)"}, "by": ["path"]},
    )
    expected = [
        {"path": "/a", "count": 7, "code": "L0E="},
        {"path": "/b", "count": 7, "code": "L0I="},
        {"path": "/ä", "count": 7, "code": "L8OE"},
    ]
    assert jobs.computed(job) == jobs.computed(job, rows=5) == expected


def test_every_function_of_these_families_is_compared() -> None:
    families = (binary, editing, letters, likeness, patterns)
    names = {row.name for family in families for row in getattr(family, "FUNCTIONS", ())}
    names |= {row.name for family in families for row in getattr(family, "OPERATORS", ())}
    compared = CALLS.lower()
    assert {name for name in names if name.lower() not in compared} == set()
    assert names <= {*FUNCTIONS, *OPERATORS}
