"""Random typed expressions, written for us and for DuckDB, from the function table itself.

What is least covered is chosen most. A part is typed by our own checker; for DuckDB it is cast to
the same type, since DuckDB gives integers and decimals other widths. A function that DuckDB lacks,
or has with another meaning, is named in `tests.fuzz.dialect`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from random import Random

from jobspec import sql
from jobspec.problems import ProblemList
from jobspec.sql.functions import FORMS, FUNCTIONS, NEGATE, OPERATORS
from jobspec.sql.functions.forms import UNIT_FUNCTIONS
from jobspec.sql.functions.signature import Function, Overload, Takes
from jobspec.sql.typed import Input
from jobspec.types import ValueType
from tests.fuzz import dialect, values
from tests.jobspec.expressions import duckdb_type

T = ValueType
SCOPE = {column.name: column for column in values.SCHEMA}
COLUMN_OF = {column.type: column.name for column in reversed(values.SCHEMA)}
TYPES = tuple({column.type: None for column in values.SCHEMA})
INTEGERS = tuple(type_ for type_ in TYPES if type_.is_integer)
NUMBERS = (*INTEGERS, T.F32, T.F64)

FAMILIES: dict[Takes, Collection[ValueType]] = {
    family: tuple(type_ for type_ in TYPES if family.accepts(Input(type_, True, "")))
    for family in Takes
}
"""The types of columns that can be such an operand; none for what is written, not computed."""
_COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
_CONDITIONS = ("AND", "OR", "NOT", "IS NULL", "IS TRUE", "BETWEEN", "IN", "DISTINCT")
_TIMED = {"date_add", "time_bucket"}
_FORMS = ("CASE", "CASE x", "CAST", "TRY_CAST", *FORMS)


@dataclass(frozen=True, slots=True)
class Sql:
    """One expression in both dialects."""

    ours: str
    duckdb: str
    type: ValueType
    parts: tuple[Sql, ...] = ()
    names: frozenset[str] = frozenset()
    """The functions, operators and forms in it."""
    shape: str = ""
    """`ours` with columns for its parts, where they have a type that a column has."""

    @property
    def stand_in(self) -> str:
        return COLUMN_OF.get(self.type, self.ours) if self.parts else self.ours

    @property
    def is_exact(self) -> bool:
        """Whether engines may not differ in the last digit."""
        return self.names.isdisjoint(dialect.INEXACT)


@dataclass(slots=True)
class Coverage:
    """How often each row of the function table was generated, and refused by our checker."""

    made: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)


def names(*, all_rows: bool = False) -> tuple[str, ...]:
    """What can be compared with DuckDB, or everything that there is."""
    functions = dict.fromkeys(row.name for row in FUNCTIONS.values())
    return tuple(
        name
        for name in (*OPERATORS, NEGATE.name, *functions, *_COMPARISONS, *_CONDITIONS, *_FORMS)
        if all_rows or name not in dialect.LEFT_OUT
    )


class Generator:
    """Makes expressions from one seed."""

    def __init__(self, rng: Random, coverage: Coverage | None = None) -> None:
        self._rng = rng
        self.coverage = coverage or Coverage()
        self._names = names()

    def expression(self, depth: int = 3, only: Sequence[str] = ()) -> Sql:
        """An expression of any type that is more than a leaf; its root is one of `only`."""
        while True:
            found = self._made(depth, only or self._names)
            if found is not None and _typed(found.ours) is not None:
                return found

    # --- parts ------------------------------------------------------------------------------------

    def _value(self, types: Collection[ValueType], depth: int) -> Sql:
        """An exact expression of one of the types."""
        if depth > 0 and self._rng.random() < 0.7:
            for _ in range(3):
                found = self._made(depth - 1)
                if found is not None and found.is_exact:
                    if found.type in types:
                        return found
                    cast = self._cast(found, self._rng.choice(list(types)), "CAST")
                    if cast is not None and self._rng.random() < 0.5:
                        return cast
        return self._leaf(types)

    def _leaf(self, types: Collection[ValueType]) -> Sql:
        type_ = self._rng.choice(list(types))
        if self._rng.random() < 0.3:
            written = values.literal(self._rng, type_)
            if written is not None:
                return Sql(*written, type_)
        columns = [column.name for column in values.SCHEMA if column.type is type_]
        if not columns:
            columns = [column.name for column in values.SCHEMA if column.type in types]
        name = self._rng.choice(columns)
        return Sql(name, f'"{name}"', SCOPE[name].type)

    def _made(self, depth: int, names: Sequence[str] = ()) -> Sql | None:
        """One function, operator or form over parts, if our checker takes it."""
        made = self.coverage.made
        choices = self._rng.choices(names or self._names, k=4)
        name = min(choices, key=lambda name: made[name])
        found = self._named(name, depth)
        if found is None:
            return None
        type_ = _type_of(found.shape)
        if type_ is None:
            self.coverage.refused[name] += 1
            return None
        made[name] += 1
        return Sql(
            found.ours,
            f"CAST({found.duckdb} AS {duckdb_type(type_)})",
            type_,
            found.parts,
            frozenset({name, *(one for part in found.parts for one in part.names)}),
        )

    def _named(self, name: str, depth: int) -> Sql | None:
        if name in OPERATORS:
            return self._operator(name, OPERATORS[name], depth)
        if name == NEGATE.name:
            return self._operator("-", NEGATE, depth)
        if name in FUNCTIONS:
            return self._function(FUNCTIONS[name], depth)
        if name in _COMPARISONS:
            left, right = self._pair(depth)
            return _join(f"({{}} {name} {{}})", left, right)
        if name in _CONDITIONS:
            return self._condition(name, depth)
        return self._form(name, depth)

    # --- calls ------------------------------------------------------------------------------------

    def _operands(self, overload: Overload, name: str, depth: int) -> list[Sql]:
        least = len(overload.takes) - overload.optional
        count = self._rng.randint(least, len(overload.takes) + 2 * overload.variadic)
        return [self._operand(overload.family(index), name, index, depth) for index in range(count)]

    def _operand(self, family: Takes, name: str, index: int, depth: int) -> Sql:
        literals = dialect.LITERALS.get((name, index))
        if literals is not None and (family in dialect.LITERAL_ONLY or self._rng.random() < 0.8):
            written = self._rng.choice(literals)
            return Sql(written, written, T.STRING)
        if family is Takes.DIGITS:
            digits = str(self._rng.randint(-4, 6))
            return Sql(f"({digits})", f"({digits})", T.I64)
        if family is Takes.COUNT and self._rng.random() < 0.7:
            low, high = dialect.COUNTS.get((name, index), (-3, 70))
            count = str(self._rng.randint(low, high))
            return Sql(f"({count})", f"CAST({count} AS BIGINT)", T.I64)
        if family is Takes.COUNT:
            return self._value((T.I8, T.I16, T.U8), 0)
        if family is Takes.LITERAL:
            return Sql(*(values.literal(self._rng, T.STRING) or ("''", "''")), T.STRING)
        if family in dialect.MADE:
            return Sql(*dialect.MADE[family](self._rng), T.STRING)
        value = self._value(FAMILIES[family], depth)
        if family is Takes.TEXT and value.type.is_float:
            return replace(value, duckdb=dialect.cast("CAST", value.type, value.duckdb, T.STRING))
        return value

    def _operator(self, name: str, row: Function, depth: int) -> Sql:
        overload = self._rng.choice(row.overloads)
        operands = self._operands(overload, name, depth)
        usual = f"({name} {{}})" if len(operands) == 1 else f"({{}} {name} {{}})"
        template = dialect.OPERATORS.get(name, usual)
        joined = _join(template, *operands)
        theirs = (
            dialect.argument(overload.family(index), one.duckdb)
            for index, one in enumerate(operands)
        )
        return replace(joined, duckdb=template.format(*theirs))

    def _function(self, row: Function, depth: int) -> Sql:
        overload = self._rng.choice(
            [one for one in row.overloads if one.operation not in dialect.OVERLOADS_LEFT_OUT]
        )
        operands = self._operands(overload, row.name, depth)
        name = self._rng.choice((row.name, *row.aliases))
        ours = f"{name}({', '.join(one.ours for one in operands)})"
        shape = f"{name}({', '.join(one.stand_in for one in operands)})"
        template = dialect.FUNCTIONS.get(row.name)
        if template is not None:
            theirs = template(*(one.duckdb for one in operands))
            return Sql(ours, theirs, T.BOOL, tuple(operands), shape=shape)
        theirs = dialect.SPELLED.get(name, name)
        arguments = ", ".join(
            dialect.argument(overload.family(index), one.duckdb)
            for index, one in enumerate(operands)
        )
        return Sql(ours, f"{theirs}({arguments})", T.BOOL, tuple(operands), shape=shape)

    # --- conditions and forms ---------------------------------------------------------------------

    def _pair(self, depth: int) -> tuple[Sql, Sql]:
        """Two values that compare: of one type, or two kinds of numbers."""
        types = self._kin()
        return self._value(types, depth), self._value(types, depth)

    def _kin(self) -> Collection[ValueType]:
        """Types of one kind; u64 has no kin but itself."""
        type_ = self._rng.choice(TYPES)
        if type_ is T.U64:
            return (type_,)
        if type_.is_integer:
            return tuple(one for one in INTEGERS if one is not T.U64)
        if type_.is_float:
            return tuple(one for one in NUMBERS if one is not T.U64)
        if type_.is_decimal:
            return tuple(one for one in TYPES if one.is_decimal or one.is_integer)
        times = (T.DATE, T.TIMESTAMP)
        return times if type_ in times else (type_,)

    def _condition(self, name: str, depth: int) -> Sql:
        bools = (T.BOOL,)
        match name:
            case "AND" | "OR":
                parts = [self._value(bools, depth) for _ in range(self._rng.choice([2, 2, 3]))]
                return _join("(" + f" {name} ".join("{}" for _ in parts) + ")", *parts)
            case "NOT":
                return _join("(NOT {})", self._value(bools, depth))
            case "IS NULL":
                word = self._rng.choice(["IS NULL", "IS NOT NULL"])
                return _join(f"({{}} {word})", self._value(TYPES, depth))
            case "IS TRUE":
                word = self._rng.choice(["IS TRUE", "IS NOT TRUE", "IS FALSE", "IS NOT FALSE"])
                return _join(f"({{}} {word})", self._value(bools, depth))
            case "DISTINCT":
                word = self._rng.choice(["IS DISTINCT FROM", "IS NOT DISTINCT FROM"])
                return _join(f"({{}} {word} {{}})", *self._pair(depth))
        types, word = self._kin(), self._rng.choice(["", "NOT "])
        value, low, high = (self._value(types, depth), *self._leaves(types, 2))
        if name == "BETWEEN":
            return _join(f"({{}} {word}BETWEEN {{}} AND {{}})", value, low, high)
        null = self._rng.choice(["", ", NULL"])
        return _join(f"({{}} {word}IN ({{}}, {{}}{null}))", value, low, high)

    def _leaves(self, types: Collection[ValueType], count: int) -> Iterable[Sql]:
        """Parts that cannot fail: DuckDB computes them even where the answer is known."""
        return [self._leaf(types) for _ in range(count)]

    def _form(self, name: str, depth: int) -> Sql | None:
        types = self._kin()
        condition = self._value((T.BOOL,), depth)
        first, second = self._value(types, depth), self._value(types, depth)
        match name:
            case "CASE":
                other = self._value((T.BOOL,), depth)
                template = self._rng.choice(
                    [
                        "CASE WHEN {} THEN {} WHEN {} THEN {} END",
                        "CASE WHEN {} THEN {} WHEN {} THEN NULL ELSE {} END",
                    ]
                )
                return _join(template, condition, first, other, second)
            case "CASE x":
                tested = self._pair(depth)
                return _join("CASE {} WHEN {} THEN {} ELSE {} END", *tested, first, second)
            case "CAST" | "TRY_CAST":
                source = self._value(TYPES, depth)
                return self._cast(source, self._rng.choice(TYPES), name)
            case "if":
                return _join("if({}, {}, {})", condition, first, second)
            case "nullif" | "ifnull":
                return _join(f"{name}({{}}, {{}})", first, second)
            case "concat" | "concat_ws":
                others = [self._value((T.STRING, T.BOOL, T.I64), depth) for _ in range(2)]
                return _join(f"{name}({{}}, {{}}, {{}})", self._value((T.STRING,), depth), *others)
        if name in _TIMED or name in UNIT_FUNCTIONS:
            return self._timed(name, depth)
        null = self._rng.choice(["", "", "NULL, "])
        return _join(f"{name}({null}{{}}, {{}})", first, second)

    def _timed(self, name: str, depth: int) -> Sql:
        """What takes an interval."""
        value = self._value((T.DATE, T.TIMESTAMP), depth)
        count = self._rng.choice([1, 2, 3, 7, 12, 100])
        if name == "time_bucket":
            unit = self._rng.choice(["MONTHS", "WEEKS", "DAYS", "HOURS", "SECONDS"])
            return _join(f"time_bucket(INTERVAL {count} {unit}, {{}})", value)
        sign = self._rng.choice(["", "-"])
        if name == "date_add":
            text = f"'{sign}{count} months {count} days {sign}{count}:05:06'"
            return _join(f"date_add({{}}, INTERVAL {text})", value)
        return _join(f"({{}} {sign or '+'} {name}({count}))", value)

    def _cast(self, value: Sql, target: ValueType, word: str) -> Sql | None:
        ours = f"{word}({value.ours} AS {target})"
        theirs = dialect.cast(word, value.type, value.duckdb, target)
        shape = f"{word}({value.stand_in} AS {target})"
        if _type_of(shape) is None:
            return None
        theirs = f"CAST({theirs} AS {duckdb_type(target)})"
        return Sql(ours, theirs, target, (value,), value.names | {word}, shape)


def _join(template: str, *parts: Sql) -> Sql:
    """Both dialects by one template; the type is found out later."""
    return Sql(
        template.format(*(part.ours for part in parts)),
        template.format(*(part.duckdb for part in parts)),
        T.BOOL,
        parts,
        shape=template.format(*(part.stand_in for part in parts)),
    )


@cache
def _type_of(text: str) -> ValueType | None:
    """The type that our checker gives an expression over the schema; None if it refuses it."""
    typed = _typed(text)
    return None if typed is None else typed.type


def _typed(text: str) -> sql.TypedExpression | None:
    return sql.parse_expression(text, "", ProblemList(), scope=SCOPE, functions={})
