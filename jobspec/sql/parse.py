"""Text to syntax: sqlglot parses, an allow-list of its tokens and nodes decides what passes.

Its types are not used. Not here: the grammar (`jobspec.sql.grammar`), the nodes that pass
(`jobspec.sql.nodes`), names and types (`jobspec.sql.check`).
"""

from __future__ import annotations

from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import ParseError, TokenError

from jobspec.limits import Limits
from jobspec.problems import ProblemList
from jobspec.sql import syntax
from jobspec.sql.grammar import Parser
from jobspec.sql.nodes import to_syntax
from jobspec.sql.tokens import RefusedError, check_tokens


def parse(
    text: str, pointer: str, problems: ProblemList, limits: Limits | None = None
) -> syntax.Syntax | None:
    """The syntax of one expression; None and a problem if it has none."""
    limits = limits or Limits()
    try:
        return _parse(text, limits)
    except RefusedError as refused:
        line, column = line_and_column(text, refused.place)
        problems.add(refused.code, pointer, refused.message, refused.hint, line=line, column=column)
        return None


def is_callable_name(name: str) -> bool:
    """Whether `name(...)` reads as a call of that name, as `case(...)` does not."""
    try:
        tree = _parse(f"{name}(1)", Limits())
    except RefusedError:
        return False
    return isinstance(tree, syntax.Call) and tree.name == name


def line_and_column(text: str, place: int) -> tuple[int, int]:
    """Both from 1."""
    return text.count("\n", 0, place) + 1, place - text.rfind("\n", 0, place)


def _parse(text: str, limits: Limits) -> syntax.Syntax:
    if len(text) > limits.expression_chars:
        raise RefusedError(
            "sql_too_long",
            0,
            f"the expression has {len(text):,} characters; "
            f"at most {limits.expression_chars:,} are taken",
            "derive a part of it in a step before",
        )
    too_deep = RefusedError(
        "sql_too_deep",
        0,
        f"the expression is nested more than {limits.expression_depth} deep",
        "derive a part of it in a step before",
    )
    try:
        text.encode()
        tokens = DuckDB().tokenize(text)
        check_tokens(tokens, text, limits, too_deep)
        trees = Parser(dialect=DuckDB()).parse(tokens, text)
    except UnicodeEncodeError as error:
        message = "half of a surrogate pair is no character"
        raise RefusedError("sql_syntax", error.start, message) from None
    except TokenError:
        raise RefusedError(
            "sql_syntax", 0, "a quote or comment is never closed", "close it"
        ) from None
    except ParseError as error:
        raise _syntax_error(error, text) from None
    except RecursionError:
        raise too_deep from None
    if len(trees) != 1 or trees[0] is None:
        raise RefusedError("sql_syntax", 0, "the expression is empty", "write a value")
    return to_syntax(trees[0])


def _syntax_error(error: ParseError, text: str) -> RefusedError:
    details = error.errors[0] if error.errors else {}
    near = str(details.get("highlight") or "")
    message = "not an SQL expression"
    hint = "look at what stands just before; odd names take double quotes"
    place = 0
    if near:
        start = str(details.get("start_context") or "")
        place = max(text.find(start + near), 0) + len(start)
        lacks_more = str(details.get("description")).startswith(("Required", "Expect"))
        if lacks_more and not details.get("end_context") and near != ")":
            message += f": it ends too early, behind {near[:40]!r}"
            hint = "look for an open bracket, a CASE without END, or an operator without its value"
        else:
            message += f": {near[:40]!r} is not expected here"
    return RefusedError("sql_syntax", place, message, hint)
