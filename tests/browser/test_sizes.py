"""What a visitor downloads, compressed, is a budget."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

from owc.assets import asset

LOADER_BYTES = 4 * 1024
FIRST_RESULT_BYTES = 45 * 1024
QUESTION_BYTES = 16 * 1024
IMPORT = re.compile(r"""(?:\bfrom|\bimport\(|\bimport)\s*["'](\.[^"']+)["']""")
TEMPLATE = Path("owc/web/templates/frame.html")


def compressed(*paths: Path) -> int:
    """Bytes of the files, each compressed as a server would."""
    return sum(len(gzip.compress(path.read_bytes(), 9)) for path in paths)


def reachable(entry: Path, *, later: bool) -> set[Path]:
    """The modules that an entry loads; `later` follows import() too."""
    found: set[Path] = set()
    todo = [entry.resolve()]
    while todo:
        path = todo.pop()
        if path in found:
            continue
        found.add(path)
        code = re.sub(r"/\*\*.*?\*/", "", path.read_text(), flags=re.S)  # types are imported too
        todo += [
            (path.parent / match.group(1)).resolve()
            for match in IMPORT.finditer(code)
            if later or not match.group(0).startswith("import(")
        ]
    return found


def test_loader_is_at_most_four_kilobytes() -> None:
    assert compressed(asset("static") / "openwebcompute.js") <= LOADER_BYTES


def test_question_costs_little_and_brings_no_code_that_works() -> None:
    static = asset("static")
    modules = reachable(static / "frame.js", later=False)
    assert {path.name for path in modules}.isdisjoint({"volunteer.js", "socket.io.esm.min.js"})
    files = [*modules, static / "openwebcompute.js", static / "frame.css", TEMPLATE]
    assert compressed(*files) <= QUESTION_BYTES


def test_everything_up_to_the_first_result_fits_the_budget() -> None:
    static = asset("static")
    modules = reachable(static / "frame.js", later=True)
    assert {"volunteer.js", "socket.io.esm.min.js"} <= {path.name for path in modules}
    files = [*modules, static / "openwebcompute.js", static / "frame.css", TEMPLATE]
    assert compressed(*files, static / "worker.js") <= FIRST_RESULT_BYTES
