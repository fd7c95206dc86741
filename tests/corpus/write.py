"""Makes the corpus: jobs over awkward values, one at least for each row of the function table.

`python -m tests.corpus.write` chooses the jobs anew; what follows from them is written by
`BLESS=1 pytest tests/corpus` too.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from jobspec.arrow import arrow_schema
from jobspec.sql.functions import FORMS, FUNCTIONS, OPERATORS
from tests.corpus import awkward
from tests.corpus.files import FILES, UPLOAD, write
from tests.fuzz import values
from tests.fuzz.expressions import Generator, names
from tests.jobspec.expressions import Expressions, Trapped

SEED = "corpus"
ROWS = 48
_TOGETHER = 8
COOKBOOK = Path(__file__).parents[2] / "docs" / "cookbook"


def main() -> None:
    shutil.rmtree(FILES, ignore_errors=True)
    FILES.mkdir()
    rng = Random(SEED)
    rows = [values.row(rng) for _ in range(ROWS)]
    schema = arrow_schema(values.SCHEMA)
    columns = [
        pa.array(column, field.type)
        for column, field in zip(zip(*rows, strict=True), schema, strict=True)
    ]
    pq.write_table(pa.table(columns, schema=schema), FILES / UPLOAD)
    pq.write_table(awkward.table(payloads=True), FILES / awkward.UPLOAD)
    cookbook = [json.loads(path.read_text()) for path in sorted(COOKBOOK.glob("*.json"))]
    write([*_jobs(rows), *awkward.jobs(), *cookbook])


def _jobs(rows: list[tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    """The function table in jobs of some derived columns each."""
    found = [_example(name, rows) for name in names(all_rows=True)]
    for start in range(0, len(found), _TOGETHER):
        derived = {f"e{at}": text for at, text in enumerate(found[start : start + _TOGETHER])}
        yield {
            "name": f"expressions from {start}",
            "source": {"upload": UPLOAD, "format": "parquet"},
            "steps": [{"derive": derived}, {"select": list(derived)}],
        }


def _example(name: str, rows: list[tuple[Any, ...]]) -> str:
    """An expression of that function that no row traps, or the example of the reference."""
    generator = Generator(Random(f"{SEED}/{name}"))
    for _ in range(25):
        found = generator.expression(1, only=[name])
        compiled = Expressions([found.ours], values.SCHEMA)
        given = [compiled.run(row)[0] for row in rows]
        distinct = len({repr(value) for value in given})
        if not any(isinstance(value, Trapped) for value in given) and distinct > 1:
            return found.ours
    row = FUNCTIONS.get(name) or FORMS.get(name) or OPERATORS[name]
    return row.examples[0][0]


if __name__ == "__main__":
    main()
