"""SQL scalar expressions: text to syntax, syntax to typed tree, typed tree to statements of the IR.

The parser is sqlglot's; the meaning is ours, after DuckDB. See `docs/sql-differences.md`.
"""

from __future__ import annotations

from jobspec.sql.check import check, check_results, parse_expression
from jobspec.sql.functions import FUNCTIONS, is_built_in
from jobspec.sql.lower import lower, lower_condition, lower_results
from jobspec.sql.parse import is_callable_name, parse
from jobspec.sql.typed import TypedExpression, columns_read
from jobspec.sql.value import Value

__all__ = [
    "FUNCTIONS",
    "TypedExpression",
    "Value",
    "check",
    "check_results",
    "columns_read",
    "is_built_in",
    "is_callable_name",
    "lower",
    "lower_condition",
    "lower_results",
    "parse",
    "parse_expression",
]
