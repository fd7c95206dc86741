"""The functions and operators of expressions: what each takes and gives.

One row an operation. Not here: how they are computed (`jobspec.sql.operations`), and the forms
whose operands are not all computed, such as `coalesce` (`jobspec.sql.check`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from jobspec.types import ValueType


class Takes(Enum):
    """What an operand may be, and what it is converted to before the operation."""

    NUMBER = auto()
    """Any number: integers become i64 or u64, floats f32 or f64, all operands alike."""
    INTEGER = auto()
    """An integer: becomes i64 or u64, all operands alike."""
    COUNT = auto()
    """An integer: becomes i64."""
    DIGITS = auto()
    """An integer literal."""
    FLOAT = auto()
    """Any number: f32 stays, others become f64, all operands alike."""
    DOUBLE = auto()
    """Any number: becomes f64."""
    STRING = auto()
    """A text."""
    TEXT = auto()
    """A text, or an integer or bool, which is written as one."""

    @property
    def noun(self) -> str:
        match self:
            case Takes.NUMBER | Takes.FLOAT | Takes.DOUBLE:
                return "a number"
            case Takes.INTEGER | Takes.COUNT:
                return "an integer"
            case Takes.DIGITS:
                return "an integer literal"
            case Takes.STRING:
                return "a text"
            case Takes.TEXT:
                return "a text, an integer or a bool"


SAME = "same"
"""Gives the type of the first operand after its conversion."""


@dataclass(frozen=True, slots=True)
class Signature:
    operation: str
    """The key of the lowering."""
    takes: tuple[Takes, ...]
    gives: ValueType | str
    optional: int = 0
    """How many of the last operands may be left out."""


_BOOL, _I64, _F64, _STRING = ValueType.BOOL, ValueType.I64, ValueType.F64, ValueType.STRING
_NUMBER, _INTEGER, _COUNT = Takes.NUMBER, Takes.INTEGER, Takes.COUNT
_FLOAT, _DOUBLE, _TEXT = Takes.FLOAT, Takes.DOUBLE, Takes.TEXT
_STR = Takes.STRING

OPERATORS: dict[str, Signature] = {
    "+": Signature("add", (_NUMBER, _NUMBER), SAME),
    "-": Signature("subtract", (_NUMBER, _NUMBER), SAME),
    "*": Signature("multiply", (_NUMBER, _NUMBER), SAME),
    "/": Signature("divide", (_FLOAT, _FLOAT), SAME),
    "//": Signature("quotient", (_INTEGER, _INTEGER), SAME),
    "%": Signature("remainder", (_NUMBER, _NUMBER), SAME),
    "&": Signature("bit_and", (_INTEGER, _INTEGER), SAME),
    "|": Signature("bit_or", (_INTEGER, _INTEGER), SAME),
    "<<": Signature("shift_left", (_INTEGER, _COUNT), SAME),
    ">>": Signature("shift_right", (_INTEGER, _COUNT), SAME),
    "||": Signature("concat", (_TEXT, _TEXT), _STRING),
}

FUNCTIONS: dict[str, Signature] = {
    "abs": Signature("abs", (_NUMBER,), SAME),
    "ceil": Signature("ceil", (_FLOAT,), SAME),
    "ceiling": Signature("ceil", (_FLOAT,), SAME),
    "char_length": Signature("length", (_STR,), _I64),
    "contains": Signature("contains", (_STR, _STR), _BOOL),
    "ends_with": Signature("ends_with", (_STR, _STR), _BOOL),
    "floor": Signature("floor", (_FLOAT,), SAME),
    "instr": Signature("strpos", (_STR, _STR), _I64),
    "isfinite": Signature("isfinite", (_FLOAT,), _BOOL),
    "isinf": Signature("isinf", (_FLOAT,), _BOOL),
    "isnan": Signature("isnan", (_FLOAT,), _BOOL),
    "left": Signature("left", (_STR, _COUNT), _STRING),
    "length": Signature("length", (_STR,), _I64),
    "ltrim": Signature("ltrim", (_STR, _STR), _STRING, optional=1),
    "mod": Signature("remainder", (_NUMBER, _NUMBER), SAME),
    "replace": Signature("replace", (_STR, _STR, _STR), _STRING),
    "reverse": Signature("reverse", (_STR,), _STRING),
    "right": Signature("right", (_STR, _COUNT), _STRING),
    "round": Signature("round", (_NUMBER, Takes.DIGITS), SAME, optional=1),
    "rtrim": Signature("rtrim", (_STR, _STR), _STRING, optional=1),
    "sign": Signature("sign", (_NUMBER,), _I64),
    "sqrt": Signature("sqrt", (_DOUBLE,), _F64),
    "starts_with": Signature("starts_with", (_STR, _STR), _BOOL),
    "strlen": Signature("strlen", (_STR,), _I64),
    "strpos": Signature("strpos", (_STR, _STR), _I64),
    "substr": Signature("substring", (_STR, _COUNT, _COUNT), _STRING, optional=1),
    "substring": Signature("substring", (_STR, _COUNT, _COUNT), _STRING, optional=1),
    "trim": Signature("trim", (_STR, _STR), _STRING, optional=1),
    "trunc": Signature("trunc", (_NUMBER,), SAME),
    "xor": Signature("bit_xor", (_INTEGER, _INTEGER), SAME),
}

FORMS: dict[str, tuple[int, int | None]] = {
    "coalesce": (1, None),
    "concat": (1, None),
    "greatest": (1, None),
    "if": (3, 3),
    "ifnull": (2, 2),
    "least": (1, None),
    "nullif": (2, 2),
}
"""Calls that treat NULL in their own way: the least and the greatest count of arguments."""

AGGREGATES: dict[str, int] = {
    "count": 1,
    "sum": 1,
    "min": 1,
    "max": 1,
    "avg": 1,
    "arg_min": 2,
    "arg_max": 2,
}
"""The aggregate functions, and how many arguments each takes; `count` also takes `*`."""

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

_AS_FUNCTION = "write a function for it, or compute it before the upload"
_AS_COLUMN = "compute it as a column before the upload"
NOT_YET_FUNCTIONS: dict[str, str] = {
    **dict.fromkeys(("exp", "ln", "log", "log10", "log2", "pow", "power"), _AS_FUNCTION),
    **dict.fromkeys(("sin", "cos", "tan", "asin", "acos", "atan", "atan2", "pi"), _AS_FUNCTION),
    **dict.fromkeys(("lower", "upper", "split", "split_part", "lpad", "rpad"), _AS_COLUMN),
    **dict.fromkeys(("regexp_extract", "regexp_matches", "regexp_replace"), "LIKE finds texts"),
    **dict.fromkeys(("date", "date_trunc", "extract", "strptime", "year", "month"), _AS_COLUMN),
    "random": "derive numbers from a column by a function: every run must give the same result",
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

BUILT_IN_NAMES = frozenset({*FUNCTIONS, *FORMS, *AGGREGATES})
"""Names that functions of a document cannot have."""
