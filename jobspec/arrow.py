"""How the language's types and schemas correspond to Arrow's.

Not here: memory layout (`jobspec.table_bytes`), reading files (`jobspec.sources`).
"""

from __future__ import annotations

import pyarrow as pa

from jobspec.types import Schema, ValueType

ARROW_TYPES: dict[ValueType, pa.DataType] = {
    ValueType.BOOL: pa.bool_(),
    ValueType.I8: pa.int8(),
    ValueType.I16: pa.int16(),
    ValueType.I32: pa.int32(),
    ValueType.I64: pa.int64(),
    ValueType.U8: pa.uint8(),
    ValueType.U16: pa.uint16(),
    ValueType.U32: pa.uint32(),
    ValueType.U64: pa.uint64(),
    ValueType.F32: pa.float32(),
    ValueType.F64: pa.float64(),
    ValueType.STRING: pa.string(),
    ValueType.BINARY: pa.binary(),
    ValueType.DATE: pa.date32(),
    ValueType.TIMESTAMP: pa.timestamp("us"),
}

_NOT_READ_YET = {ValueType.BINARY, ValueType.DATE, ValueType.TIMESTAMP}
_VALUE_TYPES = {arrow: value for value, arrow in ARROW_TYPES.items() if value not in _NOT_READ_YET}


def arrow_type(value_type: ValueType) -> pa.DataType:
    """The Arrow type that carries the values of a type."""
    if value_type.is_decimal:
        return pa.decimal128(value_type.precision, value_type.scale)
    return ARROW_TYPES[value_type]


def value_type(arrow: pa.DataType) -> ValueType | None:
    """The language's type for an Arrow type; None for types that the language does not carry."""
    if pa.types.is_dictionary(arrow):
        arrow = arrow.value_type
    if pa.types.is_large_string(arrow) or pa.types.is_string_view(arrow):
        return ValueType.STRING
    return _VALUE_TYPES.get(arrow)


def arrow_schema(schema: Schema) -> pa.Schema:
    return pa.schema(
        [
            pa.field(column.name, arrow_type(column.type), nullable=column.nullable)
            for column in schema
        ]
    )
