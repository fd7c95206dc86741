"""sqlglot's nodes to ours: an allow-list decides which pass, and says what to write for others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice

from sqlglot import exp

from jobspec.sql import syntax, words
from jobspec.sql.interval_text import read_interval
from jobspec.sql.tokens import RefusedError

TREE_DEPTH = 100
"""Nesting of operators that the recursive passes after this one are sure to survive."""

BINARY: dict[type[exp.Expression], str] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.IntDiv: "//",
    exp.Mod: "%",
    exp.Pow: "**",
    exp.BitwiseAnd: "&",
    exp.BitwiseOr: "|",
    exp.BitwiseLeftShift: "<<",
    exp.BitwiseRightShift: ">>",
    exp.DPipe: "||",
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
_COMPARISONS = (
    exp.EQ,
    exp.NEQ,
    exp.LT,
    exp.LTE,
    exp.GT,
    exp.GTE,
    exp.NullSafeEQ,
    exp.NullSafeNEQ,
    exp.Is,
    exp.Between,
    exp.In,
    exp.Like,
    exp.ILike,
    exp.SimilarTo,
    exp.RegexpLike,
    exp.Escape,
    exp.Not,
)
"""Operators of which one cannot be an operand of another without brackets."""

_TIGHTER_THAN_NOT = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Pow)
"""Operators that bind tighter than `~` in DuckDB, and less tight in sqlglot."""

_HINTS: dict[type[exp.Expression], str] = {
    exp.Alias: "an operator is missing, or a name needs double quotes",
    exp.Tuple: "lists stand only after IN",
    exp.Subquery: "a step's expression sees one row only",
    exp.Window: "window functions are left out; use an 'aggregate' step",
    exp.Filter: "FILTER (WHERE condition) stands behind the call of an aggregate function",
    exp.Distinct: "DISTINCT stands before the argument of an aggregate function",
    exp.Order: "rows are aggregated in source order",
    exp.Ordered: "rows are aggregated in source order",
    exp.Star: "* stands only in count(*)",
    exp.Concat: "join texts with ||",
    exp.AtTimeZone: "timestamps have no time zone; keep them all in UTC",
    exp.Abs: "write abs(x)",
    exp.ByteString: "a newline in a text is chr(10)",
    exp.Glob: "write LIKE, or regexp_full_match(x, 'pattern')",
    exp.RawString: "texts stand in single quotes",
    exp.StartsWith: "write starts_with(x, y)",
    exp.Collate: "texts go by code points; compare lower(x)",
    exp.Dot: "a job has one table: write the column's name alone",
}


def _place(node: exp.Expression) -> int:
    """Where the node begins: sqlglot keeps positions at leaves only."""
    starts = [part.meta["start"] for part in _nearest(node) if "start" in part.meta]
    return min(starts, default=0)


def _nearest(node: exp.Expression) -> Iterator[exp.Expression]:
    """The node and enough of what is below it to find its first leaf."""
    while isinstance(node, exp.Binary):  # a chain can be thousands of operators long
        node = node.this
    yield from islice(node.walk(), 50)


def to_syntax(node: exp.Expression, depth: int = 0) -> syntax.Syntax:
    """The syntax of a tree. Raises RefusedError for what the language leaves out."""
    if depth > TREE_DEPTH:
        raise RefusedError(
            "sql_too_deep",
            _place(node),
            f"more than {TREE_DEPTH} operators are nested",
            "derive a part of it in a step before",
        )
    operator = BINARY.get(type(node))
    if operator is not None:
        return _binary(node, operator, depth)
    convert = _CONVERTERS.get(type(node))
    if convert is None:
        name = type(node).key.replace("_", " ").upper()
        raise RefusedError(
            "unsupported_sql",
            _place(node),
            f"{name} is not part of the job language",
            _HINTS.get(type(node), ""),
        )
    return convert(node, depth + 1)


def _operand(node: exp.Expression, depth: int) -> syntax.Syntax:
    """An operand of a comparison, which cannot be a bare comparison itself."""
    if isinstance(node, _COMPARISONS):
        raise RefusedError(
            "comparison_chain",
            _place(node),
            "a comparison is compared again",
            "join two comparisons with AND, or put brackets around the inner one",
        )
    return to_syntax(node, depth)


def _binary(node: exp.Expression, operator: str, depth: int) -> syntax.Syntax:
    convert = _operand if isinstance(node, _COMPARISONS) else to_syntax
    if isinstance(node, _TIGHTER_THAN_NOT):
        _check_inverted(node)
    left = convert(node.this, depth + 1)
    return syntax.Binary(left.place, operator, left, convert(node.expression, depth + 1))


def _check_inverted(node: exp.Expression) -> None:
    """In DuckDB `~x + 1` is `~(x + 1)`, unlike in most languages: brackets say what is meant."""
    for written in (node.this, node.expression):
        side = written
        while isinstance(side, exp.Neg):
            side = side.this
        if isinstance(side, exp.BitwiseNot):
            raise RefusedError(
                "unsupported_sql",
                _place(side),
                "~ stands beside arithmetic without brackets",
                "write (~x) + 1 or ~(x + 1)",
            )


def _literal(node: exp.Expression, depth: int) -> syntax.Syntax:
    del depth
    if node.is_string:
        return syntax.Text(_place(node), node.this)
    return syntax.Number(_place(node), node.this)


def _column(node: exp.Expression, depth: int) -> syntax.Syntax:
    del depth
    if not isinstance(node.this, exp.Identifier) or node.args.get("table"):
        raise RefusedError(
            "unsupported_sql",
            _place(node),
            "a column cannot be qualified",
            "a job has one table: write the column's name alone",
        )
    return syntax.Name(_place(node), node.this.this)


def _connective(operator: str) -> Callable[[exp.Expression, int], syntax.Syntax]:
    def convert(node: exp.Expression, depth: int) -> syntax.Syntax:
        chain: list[exp.Expression] = []
        link: exp.Expression = node
        while type(link) is type(node):
            chain.append(link.expression)
            link = link.this
        chain.append(link)
        parts = tuple(to_syntax(part, depth) for part in reversed(chain))
        return syntax.Connective(parts[0].place, operator, parts)

    return convert


def _is(node: exp.Expression, depth: int) -> syntax.Syntax:
    value = _operand(node.this, depth)
    match node.expression:
        case exp.Null():
            return syntax.Is(value.place, value, None)
        case exp.Boolean():
            return syntax.Is(value.place, value, bool(node.expression.this))
    raise RefusedError(
        "unsupported_sql", value.place, "IS takes NULL, TRUE or FALSE", "compare with ="
    )


def _distinct(node: exp.Expression, depth: int) -> syntax.Syntax:
    left = _operand(node.this, depth)
    distinct = syntax.Distinct(left.place, left, _operand(node.expression, depth))
    if isinstance(node, exp.NullSafeNEQ):
        return distinct
    return syntax.Not(left.place, distinct)


def _between(node: exp.Expression, depth: int) -> syntax.Syntax:
    value = _operand(node.this, depth)
    if node.args.get("symmetric"):
        raise RefusedError(
            "unsupported_sql", value.place, "BETWEEN SYMMETRIC is left out", "order the bounds"
        )
    low = _operand(node.args["low"], depth)
    return syntax.Between(value.place, value, low, _operand(node.args["high"], depth))


def _in(node: exp.Expression, depth: int) -> syntax.Syntax:
    value = _operand(node.this, depth)
    if not node.expressions or set(node.args) - {"this", "expressions"}:
        raise RefusedError(
            "unsupported_sql", value.place, "IN takes a list of values", "write x IN (1, 2)"
        )
    options = tuple(to_syntax(option, depth) for option in node.expressions)
    return syntax.In(value.place, value, options)


def _like(node: exp.Expression, depth: int) -> syntax.Syntax:
    escape = None
    if isinstance(node, exp.Escape):
        escape = to_syntax(node.expression, depth)
        node = node.this
        if not isinstance(node, exp.Like | exp.ILike):
            raise RefusedError("unsupported_sql", _place(node), "ESCAPE belongs to LIKE", "")
    value = _operand(node.this, depth)
    pattern = _operand(node.expression, depth)
    like = syntax.Like(value.place, value, pattern, escape, isinstance(node, exp.ILike))
    return syntax.Not(value.place, like) if node.args.get("negate") else like


def _case(node: exp.Expression, depth: int) -> syntax.Syntax:
    operand, default = node.this, node.args.get("default")
    branches = tuple(
        (to_syntax(branch.this, depth), to_syntax(branch.args["true"], depth))
        for branch in node.args["ifs"]
    )
    return syntax.Case(
        _place(node),
        None if operand is None else to_syntax(operand, depth),
        branches,
        None if default is None else to_syntax(default, depth),
    )


def _cast(node: exp.Expression, depth: int) -> syntax.Syntax:
    target = node.args["to"]
    value = to_syntax(node.this, depth)
    extra = [key for key, given in node.args.items() if given and key not in {"this", "to"}]
    if not isinstance(target, exp.DataType) or set(extra) - {"safe"}:
        raise RefusedError("unsupported_sql", value.place, "CAST takes a value and a type", "")
    name = str(target.args.get("kind") or target.this.value)
    if target.this is exp.DType.TIMESTAMPNTZ:  # TIMESTAMP and DATETIME
        name = "timestamp"
    if target.expressions and target.this is exp.DType.DECIMAL:
        name += f"({','.join(str(parameter.this) for parameter in target.expressions)})"
    elif target.expressions or target.args.get("nested"):
        name += "(...)"
    return syntax.Cast(value.place, value, name.lower(), isinstance(node, exp.TryCast))


def _interval(node: exp.Expression, depth: int) -> syntax.Syntax:
    place, unit = _place(node), node.args.get("unit")
    if isinstance(node.this, exp.Literal):
        written = str(node.this.this) + (f" {unit.name}" if unit is not None else "")
        parts = read_interval(written, place)
    elif unit is None or not isinstance(node.this, exp.Paren):
        raise RefusedError(
            "sql_syntax", place, "an interval is an amount and a unit", "write INTERVAL (n) DAY"
        )
    else:
        parts = ((to_syntax(node.this, depth), str(unit.name)),)
    return syntax.Interval(place, parts)


def _extract(node: exp.Expression, depth: int) -> syntax.Syntax:
    """EXTRACT(part FROM x) is date_part('part', x)."""
    value = to_syntax(node.expression, depth)
    part = syntax.Text(value.place, str(node.this.name))
    return syntax.Call(value.place, "date_part", (part, value))


def _call(node: exp.Expression, depth: int) -> syntax.Syntax:
    name = node.this if isinstance(node.this, str) else node.this.this
    place = _place(node)
    arguments = node.expressions
    distinct = len(arguments) == 1 and type(arguments[0]) is exp.Distinct
    if distinct:
        arguments = arguments[0].expressions
    if len(arguments) == 1 and type(arguments[0]) is exp.Star:
        return syntax.Call(place, name, (), star=True, distinct=distinct)
    converted = tuple(to_syntax(part, depth) for part in arguments)
    return syntax.Call(place, name, converted, distinct=distinct)


def _filtered(node: exp.Expression, depth: int) -> syntax.Syntax:
    """`call FILTER (WHERE condition)`."""
    call = to_syntax(node.this, depth)
    where = node.expression
    if not isinstance(call, syntax.Call) or not isinstance(where, exp.Where):
        raise RefusedError(
            "unsupported_sql", call.place, "FILTER belongs to a call", _HINTS[exp.Filter]
        )
    return replace(call, condition=to_syntax(where.this, depth))


def _worded(node: exp.Expression, depth: int) -> syntax.Syntax:
    name, arguments = words.call_of(node)
    return syntax.Call(_place(node), name, tuple(to_syntax(part, depth) for part in arguments))


def _wrap(
    make: Callable[[int, syntax.Syntax], syntax.Syntax],
) -> Callable[[exp.Expression, int], syntax.Syntax]:
    def convert(node: exp.Expression, depth: int) -> syntax.Syntax:
        value = to_syntax(node.this, depth)
        return make(value.place, value)

    return convert


_CONVERTERS: dict[type[exp.Expression], Callable[[exp.Expression, int], syntax.Syntax]] = {
    exp.And: _connective("AND"),
    exp.Anonymous: _call,
    exp.Between: _between,
    exp.Boolean: lambda node, _: syntax.Truth(_place(node), bool(node.this)),
    exp.BitwiseNot: _wrap(syntax.Inverted),
    exp.Case: _case,
    exp.Cast: _cast,
    exp.Column: _column,
    exp.Escape: _like,
    exp.Extract: _extract,
    exp.Interval: _interval,
    exp.Filter: _filtered,
    exp.ILike: _like,
    exp.In: _in,
    exp.Is: _is,
    exp.Like: _like,
    exp.Literal: _literal,
    exp.Neg: _wrap(syntax.Negative),
    exp.Not: _wrap(syntax.Not),
    exp.Null: lambda node, _: syntax.Null(_place(node)),
    exp.NullSafeEQ: _distinct,
    exp.NullSafeNEQ: _distinct,
    exp.Or: _connective("OR"),
    exp.Paren: lambda node, depth: to_syntax(node.this, depth),
    exp.TryCast: _cast,
    **dict.fromkeys(words.WORDED, _worded),
}
"""Every node that passes, besides the binary operators."""
