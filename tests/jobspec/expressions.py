"""Runs SQL expressions over rows without a job: by our compiler in wasmtime, and in DuckDB."""

from __future__ import annotations

import datetime
import struct
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import duckdb

from jobspec import ir, kernels, sql
from jobspec.functions import compile_functions
from jobspec.ir import Body, Const, Function, Get, Kind, TrapSites
from jobspec.problems import ProblemList
from jobspec.types import Column, Schema, ValueType
from tests.jobspec.running import Instance

_EPOCH = datetime.datetime(1970, 1, 1)
_DAY_ZERO = _EPOCH.date()

DUCKDB_TYPES = {
    ValueType.BINARY: "BLOB",
    ValueType.DATE: "DATE",
    ValueType.TIMESTAMP: "TIMESTAMP",
    ValueType.BOOL: "BOOLEAN",
    ValueType.F32: "FLOAT",
    ValueType.F64: "DOUBLE",
    ValueType.STRING: "VARCHAR",
    ValueType.U64: "UBIGINT",
}
"""Integers but u64 are BIGINT there, since DuckDB's arithmetic overflows in narrow types."""


def duckdb_type(type_: ValueType) -> str:
    return str(type_) if type_.is_decimal else DUCKDB_TYPES.get(type_, "BIGINT")


_CELL = 16  # eight bytes of the value, then whether it is valid
_FORMATS = {Kind.I32: "<i", Kind.I64: "<q", Kind.F32: "<f", Kind.F64: "<d"}
Row = Sequence[Any]


class Trapped:
    """What a row gives that ends the program; equal to every other, whatever the code."""

    def __init__(self, code: str = "") -> None:
        self.code = code

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Trapped)

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return f"Trapped({self.code!r})"


class Expressions:
    """Compiled expressions over the columns of one schema."""

    def __init__(
        self, texts: Sequence[str], schema: Schema = (), functions: Mapping[str, str] | None = None
    ) -> None:
        self._schema = schema
        problems = ProblemList()
        self._traps = TrapSites()
        user_functions = compile_functions(functions or {}, problems, self._traps)
        typed = [
            sql.parse_expression(
                text,
                f"/{index}",
                problems,
                scope={column.name: column for column in schema},
                functions=user_functions,
            )
            for index, text in enumerate(texts)
        ]
        assert not problems, "\n".join(problem.render() for problem in problems)
        self.typed = [expression for expression in typed if expression is not None]
        self._instance = Instance(
            *(self._function(index, one) for index, one in enumerate(self.typed)),
            *(function.function for function in user_functions.values()),
            Function(name="reset", body=_reset()),
            Function(name="reset_trap", body=(ir.SetGlobal("trap", Const(Kind.I32, 0)),)),
            kernels.function("alloc"),
            memory_bytes=1 << 22,
        )

    @property
    def wasm(self) -> bytes:
        return self._instance.wasm

    @property
    def trap_sites(self) -> tuple[ir.TrapSite, ...]:
        return self._traps.all()

    def run(self, row: Row = ()) -> list[Any]:
        """The value of each expression; None for NULL, Trapped for a trap."""
        instance = self._instance
        instance.call("reset")
        address = instance.call("alloc", _CELL * (len(self._schema) + 1))
        for index, (column, value) in enumerate(zip(self._schema, row, strict=True)):
            self._put(address + index * _CELL, column, value)
        return [self._evaluate(index, address) for index in range(len(self.typed))]

    def _function(self, index: int, expression: sql.TypedExpression) -> Function:
        body = Body(self._traps)
        row = Get("row", Kind.I32)
        columns = {
            column.name: sql.Value(
                column.type,
                ir.Load(f"{column.type.kind}.load", row, at * _CELL),
                ir.Load("i32.load", row, at * _CELL + 8) if column.nullable else None,
            )
            for at, column in enumerate(self._schema)
        }
        value = sql.lower(expression, columns, body)
        at = len(self._schema) * _CELL
        body.add(
            ir.Store(f"{expression.type.kind}.store", row, value.value, at),
            ir.Store("i32.store", row, value.valid or Const(Kind.I32, 1), at + 8),
        )
        return Function(name=f"e{index}", params=(("row", Kind.I32),), body=body.statements())

    def _put(self, address: int, column: Column, value: Any) -> None:
        valid = value is not None
        assert valid or column.nullable
        if column.type.is_bytes:
            data = value.encode() if isinstance(value, str) else value or b""
            start = self._instance.call("alloc", len(data))
            self._instance.memory.write(self._instance.store, data, start)
            value = len(data) << 32 | start
        value = 0 if value is None else carried(value, column.type)
        kind = column.type.kind
        if kind in {Kind.I32, Kind.I64}:
            bits = 8 * struct.calcsize(_FORMATS[kind])
            value = (int(value) + (1 << (bits - 1))) % (1 << bits) - (1 << (bits - 1))
        cell = struct.pack(_FORMATS[kind], value).ljust(8, b"\0") + struct.pack("<q", valid)
        self._instance.memory.write(self._instance.store, cell, address)

    def _evaluate(self, index: int, address: int) -> Any:
        instance = self._instance
        instance.call(f"e{index}", address)
        site = instance.trap()
        if site is not None:
            instance.call("reset_trap")
            return Trapped(self._traps.all()[site].code)
        cell = address + len(self._schema) * _CELL
        raw = bytes(instance.memory.read(instance.store, cell, cell + _CELL))
        if not struct.unpack_from("<i", raw, 8)[0]:
            return None
        type_ = self.typed[index].type
        (value,) = struct.unpack_from(_FORMATS[type_.kind], raw)
        if type_.is_bytes:
            start, length = value & 0xFFFFFFFF, value >> 32
            data = bytes(instance.memory.read(instance.store, start, start + length))
            return data.decode() if type_ is ValueType.STRING else data
        if type_ is ValueType.DATE:
            return _DAY_ZERO + datetime.timedelta(days=value)
        if type_ is ValueType.TIMESTAMP:
            return _EPOCH + datetime.timedelta(microseconds=value)
        if type_.is_decimal:
            assert type_.minimum <= value <= type_.maximum, "more digits than its type has"
            return Decimal(value).scaleb(-type_.scale)
        if type_ is ValueType.BOOL:
            assert value in {0, 1}
            return bool(value)
        if type_.is_integer and not type_.is_signed:
            value %= 1 << (64 if type_.kind is Kind.I64 else 32)
        if type_.is_integer:
            assert type_.minimum <= value <= type_.maximum, "not kept as its type asks"
        return value


def carried(value: Any, type_: ValueType) -> Any:
    """The number that carries a value of Python in a program."""
    match value:
        case datetime.datetime():
            return (value - _EPOCH) // datetime.timedelta(microseconds=1)
        case datetime.date():
            return (value - _DAY_ZERO).days
        case Decimal():
            return int(value.scaleb(type_.scale))
    return value


def _reset() -> tuple[ir.Stmt, ...]:
    body = Body(TrapSites())
    kernels.do(body, "heap_reset")
    return body.statements()


def evaluate(text: str, **values: Any) -> Any:
    """The value of one expression over named values; None is a NULL string."""
    types = {
        bool: ValueType.BOOL,
        int: ValueType.I64,
        float: ValueType.F64,
        bytes: ValueType.BINARY,
        datetime.date: ValueType.DATE,
        datetime.datetime: ValueType.TIMESTAMP,
        Decimal: ValueType.decimal(18, 4),
    }
    schema = tuple(
        Column(name, types.get(type(value), ValueType.STRING), nullable=True)
        for name, value in values.items()
    )
    return Expressions([text], schema).run(tuple(values.values()))[0]


class DuckDB:
    """The other engine, with the rows of a table."""

    def __init__(self, schema: Schema, rows: Sequence[Row]) -> None:
        self._connection = duckdb.connect()
        self._connection.execute("PRAGMA disable_optimizer")  # it moves parts out of TRY
        columns = ", ".join(f'"{column.name}" {duckdb_type(column.type)}' for column in schema)
        self._connection.execute(f"CREATE TABLE t (row_number BIGINT, {columns})")
        marks = ", ".join("?" * (len(schema) + 1))
        self._connection.executemany(
            f"INSERT INTO t VALUES ({marks})", [(at, *row) for at, row in enumerate(rows)]
        )

    def run(self, text: str) -> list[Any]:
        """The value for each row; None for NULL, Trapped where DuckDB raises.

        Empty if DuckDB raises before it comes to rows.
        """
        try:
            found = self._connection.execute(
                f"SELECT TRY({text}), TRY(({text}) IS NULL) FROM t ORDER BY row_number"
            ).fetchall()
        except (
            duckdb.OutOfRangeException,
            duckdb.ConversionException,
            duckdb.InvalidInputException,
        ):
            return []
        return [Trapped() if is_null is None else value for value, is_null in found]

    def run_all(self, texts: Sequence[str]) -> list[list[Any]]:
        """For each row the values of all expressions, none of which raises before it has rows."""
        parts = ", ".join(f"TRY({text}), TRY(({text}) IS NULL)" for text in texts)
        found = self._connection.execute(f"SELECT {parts} FROM t ORDER BY row_number").fetchall()
        return [
            [Trapped() if row[at + 1] is None else row[at] for at in range(0, len(row), 2)]
            for row in found
        ]

    def close(self) -> None:
        self._connection.close()
