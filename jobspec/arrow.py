"""How the language's types, schemas and values correspond to Arrow's.

Not here: memory layout (`jobspec.table_bytes`), reading files (`jobspec.sources`).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute

from jobspec.types import Scalar, Schema, ValueType

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

_VALUE_TYPES = {
    **{arrow: value for value, arrow in ARROW_TYPES.items()},
    pa.float16(): ValueType.F32,
    pa.date64(): ValueType.DATE,
    pa.large_string(): ValueType.STRING,
    pa.string_view(): ValueType.STRING,
    pa.large_binary(): ValueType.BINARY,
    pa.binary_view(): ValueType.BINARY,
}


def arrow_type(value_type: ValueType) -> pa.DataType:
    """The Arrow type that carries the values of a type."""
    if value_type.is_decimal:
        return pa.decimal128(value_type.precision, value_type.scale)
    return ARROW_TYPES[value_type]


def value_type(arrow: pa.DataType) -> ValueType | None:
    """The language's type for an Arrow type; None for types that the language does not carry.

    The values of such a type can be cast to the language's, if they are within its bounds.
    Timestamps with a time zone are the times in UTC.
    """
    if pa.types.is_dictionary(arrow):
        arrow = arrow.value_type
    if pa.types.is_timestamp(arrow):
        return ValueType.TIMESTAMP
    if pa.types.is_fixed_size_binary(arrow) and not pa.types.is_decimal(arrow):
        return ValueType.BINARY
    if pa.types.is_decimal(arrow):
        try:
            return ValueType.decimal(arrow.precision, arrow.scale)
        except ValueError:
            return None
    return _VALUE_TYPES.get(arrow)


@functools.lru_cache(maxsize=256)
def arrow_schema(schema: Schema) -> pa.Schema:
    return pa.schema(
        [
            pa.field(column.name, arrow_type(column.type), nullable=column.nullable)
            for column in schema
        ]
    )


# --- the numbers that carry values ----------------------------------------------------------------


def carriers(array: pa.Array, value_type: ValueType) -> pa.Array:
    """The array, of the type's Arrow type; dates, timestamps and decimals as their integers."""
    if value_type is ValueType.DATE:
        return array.view(pa.int32())
    if value_type is ValueType.TIMESTAMP:
        return array.view(pa.int64())
    if not value_type.is_decimal:
        return array
    # 18 digits need the low half of the 128 bits.
    validity, wide = array.buffers()
    if wide is None:
        return pa.array([], pa.int64())
    low = np.frombuffer(wide, np.int64)[::2][: array.offset + len(array)]
    numbers = pa.py_buffer(np.ascontiguousarray(low))
    return pa.Array.from_buffers(pa.int64(), len(array), [validity, numbers], offset=array.offset)


def of_carriers(array: pa.Array, value_type: ValueType) -> pa.Array:
    """What `carriers` had been given. The integers must be within the type's bounds."""
    if value_type in (ValueType.DATE, ValueType.TIMESTAMP):
        return array.view(arrow_type(value_type))
    if not value_type.is_decimal:
        return array
    validity, numbers = array.buffers()
    if numbers is None:
        return pa.array([], arrow_type(value_type))
    low = np.frombuffer(numbers, np.int64)[: array.offset + len(array)]
    wide = np.empty((len(low), 2), np.int64)
    wide[:, 0] = low
    wide[:, 1] = low >> 63
    return pa.Array.from_buffers(
        arrow_type(value_type), len(array), [validity, pa.py_buffer(wide)], offset=array.offset
    )


def scalars(array: pa.Array, value_type: ValueType) -> list[Scalar]:
    """The values in Python: dates, timestamps and decimals as the integers that carry them."""
    values: list[Scalar] = carriers(array, value_type).to_pylist()
    return values


def array_of(values: Sequence[Scalar], value_type: ValueType) -> pa.Array:
    """The array of values as `scalars` gives them. Raises pa.ArrowInvalid for any beyond bounds."""
    if not _is_carried(value_type):
        return pa.array(values, arrow_type(value_type))
    numbers = pa.array(values, pa.int32() if value_type is ValueType.DATE else pa.int64())
    if out_of_bounds(numbers, value_type):
        raise pa.ArrowInvalid(f"a value is beyond {value_type}")
    return of_carriers(numbers, value_type)


def out_of_bounds(numbers: pa.Array, value_type: ValueType) -> bool:
    """Whether any of these carriers of dates, timestamps or decimals is none of the type."""
    least, most = pa.compute.min_max(numbers).values()
    if not least.is_valid:
        return False
    return bool(least.as_py() < value_type.minimum or most.as_py() > value_type.maximum)


def value_fault(array: pa.Array, value_type: ValueType) -> str:
    """What is wrong with the values of an array of the type's Arrow type, which a file may hold.

    Arrow believes files: strings may not be UTF-8, decimals may have too many digits.
    """
    if value_type is ValueType.STRING or value_type.is_decimal:
        try:
            array.validate(full=True)
        except pa.ArrowInvalid:
            return (
                "a number has too many digits" if value_type.is_decimal else "a string is not UTF-8"
            )
    elif _is_carried(value_type) and out_of_bounds(carriers(array, value_type), value_type):
        return f"a {value_type} is not in the years 1 to 9999"
    return ""


def _is_carried(value_type: ValueType) -> bool:
    return value_type.is_decimal or value_type in (ValueType.DATE, ValueType.TIMESTAMP)
