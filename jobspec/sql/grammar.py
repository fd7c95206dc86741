"""DuckDB's grammar as sqlglot has it, without sqlglot's functions.

Every call arrives by the name that was written. Not here: which of the nodes pass
(`jobspec.sql.nodes`).
"""

from __future__ import annotations

from typing import Any

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.tokens import TokenType  # type: ignore[attr-defined]  # re-exported

from jobspec.sql import words

SQL_FUNCTIONS = frozenset(name.lower() for name in DuckDB().parser_class.FUNCTIONS)
"""Names that are functions in SQL dialects, whether or not the job language has them."""


class Parser(DuckDB().parser_class):  # type: ignore[misc]  # sqlglot builds the class it returns
    """DuckDB's grammar without a single function that has a class of its own in sqlglot."""

    # ruff: noqa: RUF012 - tables as class attributes are sqlglot's way
    FUNCTIONS: dict[str, Any] = {}
    FUNCTION_PARSERS = {
        name: parser
        for name, parser in DuckDB().parser_class.FUNCTION_PARSERS.items()
        if name in {"CAST", "EXTRACT", "TRY_CAST"}
    } | words.PARSERS
    NO_PAREN_FUNCTIONS: dict[TokenType, Any] = {}
    NO_PAREN_FUNCTION_PARSERS = {
        name: parser
        for name, parser in DuckDB().parser_class.NO_PAREN_FUNCTION_PARSERS.items()
        if name == "CASE"
    }

    def _warn_unsupported(self) -> None:
        """Nobody's text belongs in the log; a statement is refused by the allow-list."""

    def _parse_interval_span(self, this: exp.Expression, parse_function_unit: bool = True) -> Any:
        """The amount as it is written: sqlglot would read no more than a text's first words."""
        del parse_function_unit
        token = self._curr
        is_unit = token and (
            token.token_type is TokenType.VAR
            or token.text.upper() in self.dialect.VALID_INTERVAL_UNITS
        )
        unit = self._parse_var(any_token=True) if is_unit else None
        return self.expression(exp.Interval(this=this, unit=unit))
