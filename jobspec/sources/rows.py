"""Rows that stand in the document itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa

from jobspec.limits import CELLS_INLINE
from jobspec.problems import ProblemList, pointer
from jobspec.sources.cells import BadCellError, inferred_type, read_cells
from jobspec.sources.source import BATCH_ROWS, Place, SourceColumn
from jobspec.types import Scalar, Schema, ValueType


class RowsSource:
    """Inline rows, columns in the order of their first appearance; a missing key is NULL."""

    def __init__(
        self,
        rows: Sequence[Mapping[str, Scalar]],
        declared: Mapping[str, ValueType],
        problems: ProblemList,
        place: Place,
    ) -> None:
        """Notes a problem for the first value of each column that has not the column's type."""
        self.rows: int | None = len(rows)
        names = list(dict.fromkeys(name for row in rows for name in row))
        del names[CELLS_INLINE // max(1, len(rows)) :]  # `document_rules.sizes` has told of more
        columns = []
        self._arrays: dict[str, pa.Array] = {}
        for name in names:
            values = [row.get(name) for row in rows]
            value_type = declared.get(name)
            try:
                value_type = value_type or inferred_type(values)
                self._arrays[name] = read_cells(values, value_type)
            except BadCellError as error:
                problems.add(
                    "type_mismatch",
                    pointer(*place, "rows", error.index, name),
                    f"column {name!r}: {error.message}",
                    error.hint,
                )
            nullable = any(value is None for value in values)
            columns.append(SourceColumn(name=name, type=value_type, nullable=nullable))
        self.columns: tuple[SourceColumn, ...] = tuple(columns)

    def read(self, schema: Schema) -> Iterator[pa.RecordBatch]:
        names = [column.name for column in schema]
        batch = pa.RecordBatch.from_arrays([self._arrays[name] for name in names], names=names)
        for start in range(0, batch.num_rows, BATCH_ROWS):
            yield batch.slice(start, BATCH_ROWS)
