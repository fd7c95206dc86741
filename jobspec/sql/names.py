"""The names of types in CAST, and the names that are looked for in vain.

Not here: what exists (`jobspec.sql.functions`).
"""

from __future__ import annotations

from jobspec.types import ValueType

_NO_VALUES_YET = {"binary", "date", "timestamp"}
TYPE_NAMES: dict[str, ValueType] = {
    **{type_.value: type_ for type_ in ValueType if type_.value not in _NO_VALUES_YET},
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
    "varchar": ValueType.STRING,
}
"""The names of types in CAST: the language's own and DuckDB's."""

_AS_COLUMN = "compute it as a column before the upload"
NOT_YET_FUNCTIONS: dict[str, str] = {
    **dict.fromkeys(("lower", "upper", "split", "split_part", "lpad", "rpad"), _AS_COLUMN),
    **dict.fromkeys(("regexp_extract", "regexp_matches", "regexp_replace"), "LIKE finds texts"),
    **dict.fromkeys(("date", "date_trunc", "extract", "strptime", "year", "month"), _AS_COLUMN),
}
"""Functions that are looked for in vain, and what to do instead."""

_DATES = "there are no dates yet; as texts like 2026-11-21 they compare in the right order"
NOT_YET_TYPES: dict[str, str] = {
    **dict.fromkeys(("date", "time", "timestamp", "timestamptz", "interval"), _DATES),
    **dict.fromkeys(
        ("decimal(...)", "numeric(...)"), "use f64, or whole numbers of the last digit"
    ),
    **dict.fromkeys(("int128", "hugeint", "uint128", "uhugeint"), "the widest are i64 and u64"),
    **dict.fromkeys(("blob", "json", "uuid"), "keep it as a string"),
}

AGGREGATE_NAMES = frozenset(
    {
        "any_value",
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
        "count",
        "count_if",
        "countif",
        "first",
        "last",
        "max",
        "max_by",
        "mean",
        "min",
        "min_by",
        "sum",
    }
)
"""The functions of many rows, which stand in aggregate steps only: `jobspec.aggregates`."""
