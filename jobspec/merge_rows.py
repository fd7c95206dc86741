"""Merges outputs that are rows: distinct ones, the first in an order, samples.

Batches come in row order. What is kept does not depend on how the rows were cut into outputs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute

from jobspec.arrow import carriers, scalars
from jobspec.errors import MergeError
from jobspec.program_plan import Distinct, Sample, Sort, SortKey
from jobspec.types import Schema, ValueType

GATHERED_ROWS = 1 << 16
"""Rows are gathered until there are so many more than are kept; then the best remain."""
MOST_BYTES = 1 << 30
"""Of rows that are held at once, and of the texts of distinct ones."""
MOST_KEYS = 10_000_000
"""Of distinct rows."""

Words = npt.NDArray[np.uint64]
_SIGN = np.uint64(1 << 63)
_ALL = np.uint64((1 << 64) - 1)


def distinct(
    closing: Distinct, schema: Schema, batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Of the rows that are equal in the key columns, the first: -0.0 is 0.0, NULL equals NULL."""
    columns = {column.name: index for index, column in enumerate(schema)}
    keys = [columns[name] for name in closing.keys]
    texts = [place for place, key in enumerate(keys) if schema[key].type.is_bytes]
    seen: set[tuple[object, ...]] = set()
    size = 0
    for batch in batches:
        values = [_comparable(batch.column(key), schema[key].type) for key in keys]
        new = np.zeros(batch.num_rows, np.bool_)
        for row, identity in enumerate(zip(*values, strict=True)):
            if identity not in seen:
                seen.add(identity)
                size += sum(_length(identity[place]) for place in texts)
                new[row] = True
        if len(seen) > MOST_KEYS:
            raise MergeError(f"there are more than {MOST_KEYS:,} distinct rows")
        if size > MOST_BYTES:
            raise MergeError(f"the texts of distinct rows have more than {MOST_BYTES:,} bytes")
        if new.any():
            yield batch.filter(pa.array(new))


def _length(text: object) -> int:
    return len(text) if isinstance(text, str | bytes) else 0


def _comparable(array: pa.Array, value_type: ValueType) -> list[object]:
    """The values, equal where SQL calls them so: every NaN as one word, which no number is."""
    values: list[object] = list(scalars(array, value_type))
    if value_type.is_float:
        return ["nan" if value != value else value for value in values]  # noqa: PLR0124 - NaN
    return values


def ordered(
    closing: Sort, schema: Schema, batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """The first rows in the order; rows that are equal in it stay as they came."""
    columns = {column.name: index for index, column in enumerate(schema)}

    def order(table: pa.Table) -> npt.NDArray[np.int64]:
        words: list[Words] = []
        for key in closing.keys:
            index = columns[key.column]
            words += _key_words(key, table.column(index), schema[index].type)
        return np.lexsort(words[::-1])

    best = _gather(batches, closing.rows, order)
    if best is not None:
        yield from best.to_batches()


def sampled(closing: Sample, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The rows with the lowest hashes, in row order; the hashes, the last column, go no further."""

    def order(table: pa.Table) -> npt.NDArray[np.int64]:
        hashes = table.column(table.num_columns - 1).to_numpy()
        return np.sort(np.argsort(hashes, kind="stable")[: closing.rows])

    best = _gather(batches, closing.rows, order)
    if best is not None:
        yield from best.select(list(range(best.num_columns - 1))).to_batches()


def _gather(
    batches: Iterable[pa.RecordBatch],
    rows: int | None,
    order: Callable[[pa.Table], npt.NDArray[np.int64]],
) -> pa.Table | None:
    """What `order` takes first of all rows: at most `rows`. None where there is no row at all.

    Rows that are not among the best of some cannot be among the best of all.
    """
    gathered: list[pa.RecordBatch] = []
    count = kept = size = 0

    def best() -> pa.Table:
        table = pa.Table.from_batches(gathered).combine_chunks()
        return table.take(pa.array(order(table)[:rows]))

    for batch in batches:
        gathered.append(batch)
        count += batch.num_rows
        size += batch.nbytes
        if rows is not None and count > kept + rows + GATHERED_ROWS:
            gathered = best().to_batches()
            count = kept = sum(batch.num_rows for batch in gathered)
            size = sum(batch.nbytes for batch in gathered)
        if size > MOST_BYTES:
            raise MergeError(
                f"the rows to put in order have more than {MOST_BYTES:,} bytes; take fewer of them"
            )
    return best() if count else None


def _key_words(key: SortKey, column: pa.ChunkedArray, value_type: ValueType) -> list[Words]:
    """Unsigned words, the most important first, that compare as the column does in the order."""
    array = column.combine_chunks()
    valid = array.is_valid().to_numpy(zero_copy_only=False)
    words = _value_words(carriers(array, value_type), value_type)
    if key.descending:
        words = ~words
    null_word = 0 if key.nulls_first else 2
    return [np.where(valid, np.uint64(1), np.uint64(null_word)), np.where(valid, words, 0)]


def _value_words(array: pa.Array, value_type: ValueType) -> Words:
    if value_type.is_bytes:
        ranks = pa.compute.rank(array.cast(pa.binary()), "ascending", tiebreaker="dense")
        return _words(ranks)
    if value_type.is_float:
        numbers = array.cast(pa.float64()).fill_null(0.0).to_numpy() + 0.0
        bits = np.where(np.isnan(numbers), math.nan, numbers).view(np.uint64)
        flips: Words = np.where(bits >> np.uint64(63), _ALL, _SIGN)
        return bits ^ flips
    if value_type is ValueType.BOOL:
        array = array.cast(pa.uint8())
    words = _words(array.fill_null(0))
    return words ^ _SIGN if value_type.is_signed else words


def _words(integers: pa.Array) -> Words:
    """Integers as 64 bits each, the signed ones extended by their sign."""
    numbers: npt.NDArray[np.int64] = integers.to_numpy().astype(np.int64)
    return numbers.view(np.uint64)
