"""Calls whose arguments are told apart by words: `position(a IN b)`, `trim(BOTH 'x' FROM s)`.

sqlglot has a parser for each, which is asked only where such a word stands in the call, so that
every other call arrives as it was written. Not here: the rest of the grammar (`jobspec.sql.parse`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.tokens import TokenType  # type: ignore[attr-defined]  # re-exported

_WORDS = {
    "OVERLAY": {"PLACING"},
    "POSITION": {"IN"},
    "SUBSTRING": {"FROM", "FOR"},
    "TRIM": {"FROM"},
}
_NAMES: dict[type[exp.Expression], str] = {
    exp.Overlay: "overlay",
    exp.RegexpLike: "regexp_matches",
    exp.SimilarTo: "regexp_full_match",
    exp.StrPosition: "strpos",
    exp.Substring: "substring",
    exp.Trim: "trim",
}
_TRIMS = {"LEADING": "ltrim", "TRAILING": "rtrim"}
_ARGUMENTS = ("this", "substr", "expression", "start", "length", "from_", "for_", "collation")

WORDED = tuple(_NAMES)
"""What sqlglot makes of such calls, and of `SIMILAR TO` and `~`, which are one in other words."""


def call_of(node: exp.Expression) -> tuple[str, list[exp.Expression]]:
    """The function that a node of `WORDED` calls, and its arguments in our order."""
    name = _TRIMS.get(node.args.get("position") or "", _NAMES[type(node)])
    given = [node.args.get(key) for key in _ARGUMENTS]
    return name, [argument for argument in given if argument is not None]


def _parser(name: str) -> Callable[[Any], exp.Expression]:
    worded = DuckDB().parser_class.FUNCTION_PARSERS[name]

    def parse(parser: Any) -> exp.Expression:
        written = parser._tokens[parser._index - 2]
        if _has_word(parser, _WORDS[name]):
            found: exp.Expression = worded(parser)
            return found
        arguments = parser._parse_csv(parser._parse_lambda)
        call: exp.Expression = exp.Anonymous(this=name.lower(), expressions=arguments)
        return call.update_positions(written)

    return parse


def _has_word(parser: Any, words: set[str]) -> bool:
    """Whether one of the words stands in the call that the parser is in, outside inner brackets."""
    depth = 0
    for token in parser._tokens[parser._index :]:
        if token.token_type is TokenType.L_PAREN:
            depth += 1
        elif token.token_type is TokenType.R_PAREN:
            depth -= 1
            if depth < 0:
                return False
        elif depth == 0 and token.text.upper() in words:
            return True
    return False


PARSERS = {name: _parser(name) for name in _WORDS}
"""Parsers of the arguments of these functions, for sqlglot's table."""
