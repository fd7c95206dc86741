"""Files larger than the memory they may take are streamed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROWS = 4_000_000
BATCH = 100_000

READ = """
import json, sys
from pathlib import Path
from jobspec import check_document, chunks

path, file_format = Path(sys.argv[1]), sys.argv[2]
source = {"upload": "0" * 64, "format": file_format}
steps = [{"filter": "number % 1000 = 0"}]
raw = json.dumps({"name": "large", "source": source, "steps": steps}).encode()

def peak_kilobytes():
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])

before = peak_kilobytes()
job = check_document(raw, lambda _: path)
rows = total = 0
for chunk in chunks(job.document, job.plan, lambda _: path, rows=50_000, max_bytes=1 << 20):
    assert len(chunk.data) <= 1 << 20 and chunk.first_row == rows
    rows += chunk.rows
print(json.dumps({"rows": rows, "grown_bytes": (peak_kilobytes() - before) * 1024}))
"""


def text_of(line: Callable[[int], str], header: str = "") -> Iterator[str]:
    yield header
    for start in range(0, ROWS, BATCH):
        yield "".join(map(line, range(start, start + BATCH)))


def csv_line(n: int) -> str:
    return f'{n},{n / 7:.6f},"the name of row {n % 1000}, quoted"\n'


def ndjson_line(n: int) -> str:
    return f'{{"number":{n},"share":{n / 7:.6f},"name":"row {n % 1000}"}}\n'


def write_text(path: Path, pieces: Iterator[str]) -> None:
    with path.open("w") as file:
        file.writelines(pieces)


def write_parquet(path: Path) -> None:
    schema = pa.schema({"number": pa.int64(), "name": pa.string()})
    with pq.ParquetWriter(path, schema, compression="none", use_dictionary=False) as writer:
        for start in range(0, ROWS, 10 * BATCH):
            numbers = range(start, start + 10 * BATCH)
            names = [f"the name of row {n} with some more words" for n in numbers]
            writer.write_table(pa.table([pa.array(numbers), names], schema=schema))


@pytest.mark.parametrize("file_format", ["csv", "ndjson", "parquet"])
def test_a_large_file_is_read_within_bounded_memory(tmp_path: Path, file_format: str) -> None:
    path = tmp_path / "large"
    match file_format:
        case "csv":
            write_text(path, text_of(csv_line, "number,share,name\n"))
        case "ndjson":
            write_text(path, text_of(ndjson_line))
        case _:
            write_parquet(path)
    assert path.stat().st_size > 180 << 20
    done = subprocess.run(
        [sys.executable, "-c", READ, str(path), file_format],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    path.unlink()
    found = json.loads(done.stdout)
    assert found["rows"] == ROWS
    assert found["grown_bytes"] < 150 << 20, f"{found['grown_bytes'] >> 20} MB"
