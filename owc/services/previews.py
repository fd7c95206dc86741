"""The first rows of a table as text, for pages."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa

import jobspec

PREVIEW_ROWS = 20
PREVIEW_CHARS = 200


def preview_of(table: pa.Table | pa.RecordBatch) -> dict[str, Any]:
    """As it is stored: {"columns": [...], "rows": [[text or None, ...], ...]}."""
    columns = [
        [_text(value) for value in column.to_pylist()]
        for column in table.slice(0, PREVIEW_ROWS).columns
    ]
    return {
        "columns": list(table.schema.names),
        "rows": [list(row) for row in zip(*columns, strict=True)],
    }


def _text(value: object) -> str | None:
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case bytes():
            text = jobspec.value_as_text(value[: PREVIEW_CHARS + 1])
        case date() | Decimal():
            text = jobspec.value_as_text(value)
        case _:
            text = str(value)
    return text if len(text) <= PREVIEW_CHARS else text[: PREVIEW_CHARS - 1] + "…"
