"""The names of types in CAST, and the names that are looked for in vain.

Not here: what exists (`jobspec.sql.functions`).
"""

from __future__ import annotations

from jobspec.types import ValueType

TYPE_NAMES: dict[str, ValueType] = {
    **{type_.value: type_ for type_ in ValueType},
    "bigint": ValueType.I64,
    "boolean": ValueType.BOOL,
    "double": ValueType.F64,
    "float": ValueType.F32,
    "int": ValueType.I32,
    "integer": ValueType.I32,
    "real": ValueType.F32,
    "smallint": ValueType.I16,
    "text": ValueType.STRING,
    "tinyint": ValueType.I8,
    "ubigint": ValueType.U64,
    "uint": ValueType.U32,
    "uinteger": ValueType.U32,
    "usmallint": ValueType.U16,
    "utinyint": ValueType.U8,
    "varbinary": ValueType.BINARY,
    "varchar": ValueType.STRING,
}
"""The names of types in CAST: the language's own and DuckDB's."""

_SAME = (
    "every run must give the same result: write the time itself, TIMESTAMP '2026-11-21 13:05:00'"
)
ABSENT_FUNCTIONS: dict[str, str] = {
    **dict.fromkeys(("current_date", "current_timestamp", "localtimestamp"), _SAME),
    **dict.fromkeys(("get_current_timestamp", "now", "today"), _SAME),
    **dict.fromkeys(
        ("age", "timestamp_diff", "timestampdiff"), "write date_diff('day', earlier, later)"
    ),
    "date": "write CAST(x AS date)",
    "to_char": "write strftime(x, '%Y-%m-%d')",
    "to_date": "write CAST(x AS date), or strptime(x, '%d.%m.%Y')",
    "to_timestamp": "timestamps have no time zone; epoch_ms takes the milliseconds since 1970",
    **dict.fromkeys(
        ("regexp_extract_all", "regexp_split_to_array"), "there are no lists; extract one group"
    ),
    **dict.fromkeys(
        ("split", "string_split", "str_split"), "there are no lists; split_part gives one part"
    ),
}
"""Functions that are looked for in vain, and what to do instead."""

ABSENT_TYPES: dict[str, str] = {
    "interval": "intervals are added to and taken from dates and timestamps; they are no values",
    "time": "keep it as a timestamp, or as seconds in an i64",
    **dict.fromkeys(
        ("timestamptz", "timestampltz"), "timestamps have no time zone; keep them all in UTC"
    ),
    **dict.fromkeys(
        ("timestamp_s", "timestamp_ms", "timestamp_ns"), "timestamps count microseconds"
    ),
    **dict.fromkeys(("int128", "hugeint", "uint128", "uhugeint"), "the widest are i64 and u64"),
    **dict.fromkeys(("json", "uuid"), "keep it as a string"),
}
"""Types that are looked for in vain, and what to do instead."""

AGGREGATE_NAMES = frozenset(
    {
        "any_value",
        "approx_count_distinct",
        "approx_quantile",
        "arbitrary",
        "arg_max",
        "arg_max_null",
        "arg_min",
        "arg_min_null",
        "argmax",
        "argmin",
        "avg",
        "bit_and",
        "bit_or",
        "bit_xor",
        "bool_and",
        "bool_or",
        "corr",
        "count",
        "count_if",
        "countif",
        "covar_pop",
        "covar_samp",
        "favg",
        "first",
        "fsum",
        "group_concat",
        "histogram",
        "kahan_sum",
        "last",
        "listagg",
        "max",
        "max_by",
        "mean",
        "min",
        "min_by",
        "mode",
        "stddev",
        "stddev_pop",
        "stddev_samp",
        "string_agg",
        "sum",
        "sumkahan",
        "var_pop",
        "var_samp",
        "variance",
    }
)
"""The functions of many rows, which stand in aggregate steps only: `jobspec.aggregates`."""


def type_named(name: str) -> ValueType | None:
    """The type of a name as CAST has it, such as `bigint` or `decimal(12,2)`."""
    if name in TYPE_NAMES:
        return TYPE_NAMES[name]
    try:
        return ValueType(name if "," in name else name.replace(")", ",0)"))
    except ValueError:
        return None


def type_hint(name: str) -> str:
    """What to do for want of a type of that name."""
    if name.startswith("decimal"):
        return "decimals have 1 to 18 digits in all, and no more than that after the point"
    return ABSENT_TYPES.get(name, "")
