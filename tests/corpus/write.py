"""Makes the corpus: jobs over awkward values, one at least for each row of the function table.

`python -m tests.corpus.write` chooses the jobs anew; what follows from them is written by
`BLESS=1 pytest tests/corpus` too.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from jobspec.arrow import arrow_schema
from tests.corpus import awkward
from tests.corpus.files import FILES, UPLOAD, write
from tests.fuzz import values
from tests.fuzz.expressions import Generator, Sql, names
from tests.jobspec.expressions import Expressions, Trapped

SEED = "corpus"
ROWS = 48
_TOGETHER = 8


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
    write([*_jobs(rows), *awkward.jobs()])


def _jobs(rows: list[tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    """The function table in jobs of some derived columns each."""
    found = [_example(name, rows) for name in names()]
    for start in range(0, len(found), _TOGETHER):
        derived = {f"e{at}": one.ours for at, one in enumerate(found[start : start + _TOGETHER])}
        yield {
            "name": f"expressions from {start}",
            "source": {"upload": UPLOAD, "format": "parquet"},
            "steps": [{"derive": derived}, {"select": list(derived)}],
        }


def _example(name: str, rows: list[tuple[Any, ...]]) -> Sql:
    """An expression of that function that no row traps, or else the last one tried."""
    generator = Generator(Random(f"{SEED}/{name}"))
    for _ in range(200):
        found = generator.expression(1, only=[name])
        given = [Expressions([found.ours], values.SCHEMA).run(row)[0] for row in rows]
        distinct = len({repr(value) for value in given})
        if not any(isinstance(value, Trapped) for value in given) and distinct > 1:
            return found
    raise AssertionError(f"{name} traps, or gives one value, whatever it is given")


if __name__ == "__main__":
    main()
