"""Expressions that are refused: with which problem, at which place, with which hint."""

from __future__ import annotations

import sys
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobspec import ir, sql
from jobspec.aggregates import AGGREGATES, aggregate, parse_aggregate
from jobspec.functions import compile_functions
from jobspec.limits import Limits
from jobspec.problems import CODES, Problem, ProblemList
from jobspec.sql.functions import FORMS, FUNCTIONS, OPERATORS
from jobspec.types import Column, ValueType

SCHEMA = (
    Column("b", ValueType.BOOL, nullable=True),
    Column("flag", ValueType.BOOL),
    Column("t", ValueType.I8, nullable=True),
    Column("i", ValueType.I64, nullable=True),
    Column("n", ValueType.I64),
    Column("k", ValueType.I32),
    Column("c", ValueType.U16),
    Column("u", ValueType.U64, nullable=True),
    Column("x", ValueType.F64, nullable=True),
    Column("y", ValueType.F64),
    Column("f", ValueType.F32, nullable=True),
    Column("s", ValueType.STRING, nullable=True),
    Column("word", ValueType.STRING),
)
SCOPE = {column.name: column for column in SCHEMA} | {
    "Code point": Column("Code point", ValueType.I32)
}
FUNCTIONS_OF_JOB = {"flight": "def flight(n: i64, x: f32) -> i64:\n    return n"}


def problems_of(text: str, limits: Limits | None = None) -> list[Problem]:
    problems = ProblemList()
    functions = compile_functions(FUNCTIONS_OF_JOB, problems)
    found = sql.parse_expression(
        text, "/p", problems, scope=SCOPE, functions=functions, limits=limits
    )
    assert (found is None) == bool(problems)
    return list(problems)


def aggregate_problems(text: str) -> list[Problem]:
    problems = ProblemList()
    found = parse_aggregate(text, "/p", problems, scope=SCOPE, functions={})
    assert (found is None) == bool(problems)
    return list(problems)


REFUSED = [
    # text
    ("", "sql_syntax", 1),
    ("   ", "sql_syntax", 1),
    ("i +", "sql_syntax", 3),
    ("(i", "sql_syntax", 2),
    ("i)", "sql_syntax", 2),
    ("'abc", "sql_syntax", 1),
    ("i /* no end", "sql_syntax", 1),
    ("\ud800", "sql_syntax", 1),
    ("i = 1 = 2", "comparison_chain", 1),
    ("1 < i < 3", "comparison_chain", 1),
    ("flag = NOT b", "comparison_chain", 12),
    ("i BETWEEN 1 AND 2 = flag", "comparison_chain", 1),
    ("0x1F", "number_literal", 1),
    ("i + 5abc", "number_literal", 5),
    ("18446744073709551616", "number_literal", 1),
    ("-9223372036854775809", "number_literal", 2),
    ("1e", "number_literal", 1),
    ("i + 1e5.5", "number_literal", 5),
    ("-1e", "number_literal", 2),
    # what SQL has and the language leaves out
    ("i; n", "unsupported_sql", 2),
    ("i -- note", "unsupported_sql", 3),
    ("i k", "unsupported_sql", 1),
    ("i AS k", "unsupported_sql", 1),
    ("t.i", "unsupported_sql", 1),
    ("i[1]", "unsupported_sql", 2),
    ("{'a': 1}", "unsupported_sql", 1),
    ("[1, 2]", "unsupported_sql", 1),
    ("$1", "unsupported_sql", 1),
    ("?", "unsupported_sql", 1),
    (":a", "unsupported_sql", 1),
    ("!b", "unsupported_sql", 1),
    ("~i + 1", "unsupported_sql", 2),
    ("2 * - ~i", "unsupported_sql", 8),
    ("word !~ 'a'", "unsupported_sql", 6),
    ("word ^@ 'a'", "unsupported_sql", 1),
    ("word GLOB 'a'", "unsupported_sql", 1),
    ("@i", "unsupported_sql", 1),
    ("b && flag", "unsupported_sql", 3),
    ("x -> x", "unsupported_sql", 3),
    ("i DIV 2", "unsupported_sql", 3),
    ("i <=> 2", "unsupported_sql", 3),
    ("(SELECT 1)", "unsupported_sql", 2),
    ("i IN (SELECT 1)", "unsupported_sql", 7),
    ("EXISTS (SELECT 1)", "unsupported_sql", 9),
    ("(1, 2)", "unsupported_sql", 2),
    ("*", "unsupported_sql", 1),
    ("'a' 'b'", "unsupported_sql", 1),
    ("INTERVAL 1 DAY", "type_mismatch", 10),
    ("i IS 3", "unsupported_sql", 1),
    ("i BETWEEN SYMMETRIC 1 AND 2", "unsupported_sql", 1),
    ("flight(n => 1, x => 2)", "unsupported_sql", 1),
    ("sum(i) OVER ()", "unsupported_sql", 1),
    # names
    ("nn + 1", "unknown_column", 1),
    ("i +\n  missing", "unknown_column", 3),
    ("lenght(s)", "unknown_function", 1),
    ("regexp_split(s, 'a')", "unsupported_function", 1),
    ("regexp_matches(s, '(')", "bad_pattern", 19),
    ("max(i)", "aggregate_misplaced", 1),
    ("count(*) + 1", "aggregate_misplaced", 1),
    ("CAST(i AS date)", "unsupported_cast", 6),
    ("CAST(i AS varchar(3))", "unknown_type", 11),
    ("CAST(i AS decimal(3, 4))", "unknown_type", 6),
    ("CAST(i AS decimal(19, 4))", "unknown_type", 6),
    # types
    ("abs()", "wrong_argument_count", 1),
    ("substring(s)", "wrong_argument_count", 1),
    ("abs(*)", "wrong_argument_count", 1),
    ("if(b, 1)", "wrong_argument_count", 1),
    ("flight(1)", "wrong_argument_count", 1),
    ("flight(1, x)", "type_mismatch", 11),
    ("flight(y, 0.5)", "type_mismatch", 8),
    ("s + 1", "type_mismatch", 1),
    ("b + 1", "type_mismatch", 1),
    ("x // 2", "type_mismatch", 1),
    ("x & 1", "type_mismatch", 1),
    ("s = 1", "type_mismatch", 1),
    ("b = 1", "type_mismatch", 1),
    ("i AND b", "type_mismatch", 1),
    ("NOT s", "type_mismatch", 5),
    ("CASE WHEN i THEN 1 END", "type_mismatch", 11),
    ("CASE WHEN b THEN 1 ELSE 'a' END", "type_mismatch", 11),
    ("coalesce(i, s)", "type_mismatch", 1),
    ("u + i", "type_mismatch", 1),
    ("-u", "type_mismatch", 2),
    ("coalesce(u, i)", "type_mismatch", 1),
    ("round(x, i)", "type_mismatch", 10),
    ("length(i)", "type_mismatch", 8),
    ("NULL", "type_mismatch", 1),
    ("CAST(x AS date)", "unsupported_cast", 6),
    ("s LIKE 'a!' ESCAPE '!'", "bad_value", 8),
    ("s LIKE 'a' ESCAPE 'ab'", "bad_value", 8),
]


@pytest.mark.parametrize(("text", "code", "column"), REFUSED)
def test_problem_has_its_code_and_names_its_place(text: str, code: str, column: int) -> None:
    problems = problems_of(text)
    assert [(problem.code, problem.column) for problem in problems] == [(code, column)]
    assert problems[0].pointer == "/p"
    assert problems[0].line == text[: text.find("missing")].count("\n") + 1


AGGREGATES_REFUSED = [
    ("i + 1", "not_an_aggregate"),
    ("max(i) + 1", "not_an_aggregate"),
    ("abs(i)", "not_an_aggregate"),
    ("maximum(i)", "not_an_aggregate"),
    ("max(i, n)", "wrong_argument_count"),
    ("arg_max(i)", "wrong_argument_count"),
    ("max(*)", "wrong_argument_count"),
    ("sum(s)", "type_mismatch"),
    ("avg(b)", "type_mismatch"),
    ("max(NULL)", "type_mismatch"),
    ("sum(max(i))", "aggregate_misplaced"),
    ("max(i) FILTER (WHERE i)", "type_mismatch"),
    ("max(i) FILTER (WHERE missing)", "unknown_column"),
    ("arg_max(DISTINCT i, n)", "unsupported_sql"),
    ("count(DISTINCT *)", "wrong_argument_count"),
    ("count(DISTINCT i, n)", "wrong_argument_count"),
    ("sum(i) OVER ()", "unsupported_sql"),
    ("count(*) FILTER (WHERE b) FILTER (WHERE b)", "sql_syntax"),
    ("max(missing)", "unknown_column"),
]


@pytest.mark.parametrize(("text", "code"), AGGREGATES_REFUSED)
def test_aggregate_problem_has_its_code(text: str, code: str) -> None:
    assert [problem.code for problem in aggregate_problems(text)] == [code]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("count", "write count(*)"),
        ("max", "write max(column)"),
        ("average(i)", "write avg(x)"),
        ("median(i)", "approx_quantile(x, 0.5)"),
        ("array_agg(i)", "string_agg(x, ',')"),
        ("product(f)", "fsum"),
        ("arg_max(DISTINCT i, n)", "'by'"),
        ("maximum(i)", "did you mean 'max'?"),
        ("max(i) + 1", "derive"),
    ],
)
def test_hint_of_an_aggregate_names_the_mend(text: str, hint: str) -> None:
    (problem,) = aggregate_problems(text)
    assert hint in problem.hint


def test_every_code_of_expressions_is_provoked() -> None:
    codes = list(CODES)
    wanted = set(codes[codes.index("unknown_column") : codes.index("python_syntax")])
    elsewhere = {"unknown_variable", "unknown_table", "sql_too_long", "sql_too_deep"}
    found = {code for _, code, _ in REFUSED} | {code for _, code in AGGREGATES_REFUSED}
    assert wanted <= found | elsewhere


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("lenght(s)", "did you mean 'length'?"),
        ("fligth(n, 1)", "did you mean 'flight'?"),
        ('"code point"', "did you mean 'Code point'?"),
        ("wrod", "did you mean 'word'?"),
        ("CAST(i AS integr)", "did you mean 'integer'?"),
        ("s + 'x'", "||"),
        ("x // 2", "floor(a / b)"),
        ("u + i", "CAST"),
        ("i", ""),
        ("i AND b", "x <> 0"),
        ("max(i)", "aggregate"),
        ("b && flag", "AND"),
        ("~i * 2", "(~x) + 1"),
        ("@i", "abs(x)"),
        ("s[1]", "substring"),
        ("s ^@ word", "starts_with"),
        ("CAST(s AS time)", "timestamp"),
        ("CAST(s AS timestamp(3))", "timestamp"),
        ("CAST(i AS decimal(19, 2))", "18 digits"),
        ("CAST(i AS date)", "make_date"),
        ("regexp_extract_all(s, 'a')", "extract one group"),
        ("1 < i < 3", "AND"),
        ("Code point > 3", "double quotes"),
    ],
)
def test_hint_names_the_mend(text: str, hint: str) -> None:
    problems = problems_of(text)
    assert any(hint in problem.hint for problem in problems) or not (problems or hint)


def test_all_problems_of_an_expression_are_reported() -> None:
    problems = problems_of("missing + lenght(s) + (CASE WHEN i THEN absent ELSE s + 1 END)")
    assert [problem.code for problem in problems] == [
        "unknown_column",
        "unknown_function",
        "type_mismatch",
        "unknown_column",
        "type_mismatch",
    ]


# --- types ----------------------------------------------------------------------------------------

TYPES = [
    ("1", "i64", False),
    ("18446744073709551615", "u64", False),
    ("1.5", "decimal(2,1)", False),
    ("1e3", "f64", False),
    ("'a'", "string", False),
    ("t", "i8", True),
    ("t + 1", "i64", True),
    ("c + c", "i64", False),
    ("u + 1", "u64", True),
    ("u + c", "u64", True),
    ("k / 2", "f64", False),
    ("f + 1", "f32", True),
    ("f + 0.1", "f32", True),
    ("f + 1e-1", "f64", True),
    ("f + y", "f64", True),
    ("f / k", "f32", True),
    ("sqrt(f)", "f64", True),
    ("floor(k)", "f64", False),
    ("floor(f)", "f32", True),
    ("coalesce(t, 5)", "i8", False),
    ("coalesce(t, 500)", "i64", False),
    ("coalesce(t, NULL)", "i8", True),
    ("coalesce(i, k)", "i64", False),
    ("CASE WHEN flag THEN k END", "i32", True),
    ("CASE WHEN flag THEN k ELSE y END", "f64", False),
    ("nullif(k, 1)", "i32", True),
    ("least(i, n)", "i64", False),
    ("b AND flag", "bool", True),
    ("b IS NULL", "bool", False),
    ("b IS TRUE AND flag", "bool", False),
    ("i IS DISTINCT FROM n", "bool", False),
    ("n IN (1, 2)", "bool", False),
    ("n IN (1, NULL)", "bool", True),
    ("u > i", "bool", True),
    ("concat(s, s)", "string", False),
    ("s || word", "string", True),
    ("CAST(n AS u8)", "u8", False),
    ("TRY_CAST(n AS u8)", "u8", True),
    ("TRY_CAST(k AS i64)", "i64", False),
    ("CAST(NULL AS f32)", "f32", True),
    ("flight(n, 1)", "i64", False),
    ("flight(i, f)", "i64", True),
    ('"Code point"', "i32", False),
    ("SUBSTRING(word, 2)", "string", False),
]


@pytest.mark.parametrize(("text", "type_name", "nullable"), TYPES)
def test_type_and_nullability(text: str, type_name: str, nullable: bool) -> None:
    problems = ProblemList()
    functions = compile_functions(FUNCTIONS_OF_JOB, problems)
    found = sql.parse_expression(text, "", problems, scope=SCOPE, functions=functions)
    assert not problems
    assert found is not None
    assert (found.type, found.nullable) == (type_name, nullable)


@pytest.mark.parametrize(
    ("text", "type_name", "nullable"),
    [
        ("count(*)", "i64", False),
        ("count(s)", "i64", False),
        ("sum(t)", "i64", True),
        ("sum(u)", "u64", True),
        ("sum(f)", "f64", True),
        ("avg(t)", "f64", True),
        ("min(s)", "string", True),
        ("max(k + 1)", "i64", True),
        ("ARG_MAX(s, i * 2)", "string", True),
    ],
)
def test_type_of_aggregate(text: str, type_name: str, nullable: bool) -> None:
    found = parse_aggregate(text, "", ProblemList(), scope=SCOPE, functions={})
    assert found is not None
    types = tuple(argument.type for argument in found.args)
    result = aggregate("r", found.function, types).result
    assert (result.type, result.nullable) == (type_name, nullable)


def test_columns_read_are_those_that_are_named() -> None:
    text = "CASE WHEN b THEN i + n ELSE coalesce(k, 1) END"
    found = sql.parse_expression(text, "", ProblemList(), scope=SCOPE, functions={})
    assert found is not None
    assert sql.columns_read(found) == {"b", "i", "n", "k"}


def test_names_of_functions_forms_and_aggregates_are_distinct() -> None:
    assert not set(FUNCTIONS) & set(FORMS)
    assert not set(AGGREGATES) & (set(FUNCTIONS) | set(FORMS))


def test_operations_have_one_lowering_each() -> None:
    lowerings = {}
    for row in {id(row): row for row in (*FUNCTIONS.values(), *OPERATORS.values())}.values():
        for overload in row.overloads:
            known = lowerings.setdefault(overload.operation, overload.lower)
            assert known is overload.lower, overload.operation


# --- hostile text ---------------------------------------------------------------------------------

DEEP = {
    "brackets": "(" * 5_000,
    "closed brackets": "(" * 3_000 + "i" + ")" * 3_000,
    "calls": "abs(" * 2_000 + "i" + ")" * 2_000,
    "NOT": "NOT " * 2_400 + "b",
    "NOT with brackets": "NOT (" * 1_500 + "b" + ")" * 1_500,
    "signs": "- " * 4_900 + "i",
    "bits": "~ " * 4_900 + "i",
    "matches": " ~ ".join(["s"] * 1_600),
    "CASE": "CASE WHEN b THEN " * 400 + "i" + " END" * 400,
    "CASE only": "CASE " * 1_900,
    "plus": "+".join(["i"] * 4_999),
    "joins": "||".join(["s"] * 3_300),
    "casts": "i" + "::i64" * 1_900,
    "comparisons": "<".join(["i"] * 4_999),
    "in": "i IN (" * 1_600,
    "like": " LIKE ".join(["s"] * 1_400),
    "is null": "i" + " IS NULL" * 1_200,
    "between": "i BETWEEN " * 990 + "i",
    "open quotes": "'" * 9_999,
    "commas": "concat(" + "," * 9_000 + ")",
    "subscripts": "i" + "[1]" * 3_000,
    "dots": "a" + ".a" * 4_900,
    "colons": "i" + "::" * 4_900,
    "ends": "(end" * 2_000,
    "lambdas": "x -> " * 1_900 + "i",
    "intervals": "INTERVAL " * 1_100 + "1",
    "too long": "i + " * 5_000 + "i",
}


@pytest.mark.parametrize("kind", list(DEEP))
def test_hostile_expression_is_refused_quickly(kind: str) -> None:
    started = time.monotonic()
    assert problems_of(DEEP[kind])
    assert time.monotonic() - started < 5, "a slow machine takes a tenth of a second"


def test_what_is_cut_off_is_said_to_lack_something() -> None:
    (problem,) = problems_of("i BETWEEN 1")
    assert problem.message == "not an SQL expression: it ends too early, behind '1'"
    (problem,) = problems_of("b AND")
    assert problem.message == "not an SQL expression: it ends too early, behind 'AND'"
    (problem,) = problems_of("i)")
    assert problem.message == "not an SQL expression: ')' is not expected here"


def test_limits_of_expressions_have_codes_of_their_own() -> None:
    assert [problem.code for problem in problems_of(DEEP["too long"])] == ["sql_too_long"]
    assert [problem.code for problem in problems_of(DEEP["brackets"])] == ["sql_too_deep"]
    assert [problem.code for problem in problems_of(DEEP["plus"])] == ["sql_too_deep"]
    assert problems_of("i + 1 + 2", Limits(expression_chars=5))[0].code == "sql_too_long"


ALLOWED_DEPTH = [
    "(" * 24 + "i" + ")" * 24,
    "abs(" * 24 + "i" + ")" * 24,
    "if(" * 24 + "flag" + ", b, flag)" * 24,
    "CASE WHEN flag THEN " * 24 + "i" + " ELSE 2 END" * 24,
    "CASE WHEN " * 24 + "flag" + " THEN b ELSE flag END" * 24,
    "(b AND " * 24 + "flag" + ")" * 24,
    "NOT (b OR " * 12 + "flag" + ")" * 12,
    "(nullif(i, 1) = 2 IS DISTINCT FROM " * 12 + "flag" + ")" * 12,
    "(" * 12 + "nullif(i, 2) = 1" + " IS NULL AND b)" * 12,
    "coalesce(nullif(i, 1), " * 23 + "i" + ")" * 23,
    "+".join(["i"] * 100),
    " AND ".join(["i = 1"] * 900),
    "concat(" + ", ".join(["s"] * 3_000) + ")",
    "least(" + ", ".join(["i"] * 3_000) + ")",
]


@pytest.mark.parametrize("text", ALLOWED_DEPTH)
def test_deepest_allowed_expression_needs_no_more_than_the_usual_stack(text: str) -> None:
    """A web server's own frames must fit beside it, and its size must not explode."""
    problems = ProblemList()
    started = time.monotonic()
    before = sys.getrecursionlimit()
    frames = 0
    frame = sys._getframe()
    while frame.f_back is not None:
        frames, frame = frames + 1, frame.f_back
    sys.setrecursionlimit(frames + 750)
    try:
        found = sql.parse_expression(text, "", problems, scope=SCOPE, functions={})
        assert not problems, problems.all()
        assert found is not None
        row = {
            column.name: sql.Value(
                column.type,
                ir.Get(column.name, column.type.kind),
                ir.Get(f"{column.name} valid", ir.Kind.I32) if column.nullable else None,
            )
            for column in SCHEMA
        }
        body = ir.Body(ir.TrapSites())
        sql.lower(found, row, body)
    finally:
        sys.setrecursionlimit(before)
    assert len(repr(body.statements())) < 5_000_000
    assert time.monotonic() - started < 5


VOCABULARY = """
i n k u x y f s word b flag 1 0.5 1e3 'a' NULL TRUE FALSE NOT AND OR IS IN LIKE BETWEEN ESCAPE
+ - * / // % & | << >> || = <> < >= ( ) , . ; :: [ ] { } $ ? @ # ~ ! ^ : -> -- /* */ ' " é 😀
CASE WHEN THEN ELSE END CAST( TRY_CAST( AS i64 date DISTINCT FROM SELECT WHERE abs( sum( count(*)
over ( order by interval '2020-01-01' E' x' $$ lambda exists( any( all( array map struct( row(
values( pivot show set create table union with recursive window filter( within group( columns(
"""
WORDS = st.sampled_from([*VOCABULARY.split(), "\n", "\t", "\0"])


@settings(max_examples=1_500, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(WORDS, max_size=14).map(" ".join) | st.text(max_size=40))
def test_any_text_is_checked_or_refused(text: str) -> None:
    problems_of(text)
    aggregate_problems(text)


@pytest.mark.parametrize(
    ("text", "code", "column", "words"),
    [
        ("regexp_matches(s, '(a')", "bad_pattern", 19, "never closed"),
        ("regexp_matches(s, 'a**')", "bad_pattern", 19, "repetition is repeated"),
        (r"regexp_matches(s, '(a)\1')", "bad_pattern", 19, "is no escape"),
        ("regexp_matches(s, '(?=a)')", "bad_pattern", 19, "(? is not known"),
        ("regexp_matches(s, 'a.{40}b')", "bad_pattern", 19, "too large a table"),
        ("regexp_matches(s, 'a', 'g')", "bad_value", 24, "no option g"),
        ("regexp_matches(s, 'a', NULL)", "bad_value", 1, "options are NULL"),
        ("regexp_matches(s, word)", "type_mismatch", 19, "text literal"),
        ("regexp_extract(s, '(a)', 10)", "bad_value", 26, "from 0 to 9"),
        (r"regexp_replace(s, 'a', '\1')", "bad_pattern", 19, "asks for group 1"),
        (r"regexp_replace(s, 'a', '\x')", "bad_value", 24, "before the number"),
        ("s ILIKE 'x!' ESCAPE '!'", "bad_value", 9, "ends with the escape"),
        ("s LIKE 'x' ESCAPE '!!'", "bad_value", 8, "one character"),
        ("s SIMILAR TO word", "type_mismatch", 14, "text literal"),
        ("trim(BOTH i FROM s)", "type_mismatch", 11, "takes a text"),
        ("s SIMILAR TO 'x' ESCAPE '!'", "unsupported_sql", 1, "belongs to LIKE"),
    ],
)
def test_patterns_that_mean_nothing_are_refused(
    text: str, code: str, column: int, words: str
) -> None:
    (problem,) = problems_of(text)
    assert (problem.code, problem.column) == (code, column)
    assert words in problem.message
