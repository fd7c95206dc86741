"""What a visitor downloads, compressed, is a budget."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from owc.assets import asset
from owc.factory import create_app
from owc.settings import Settings
from owc.store.migrate import migrate
from owc.web.assets import lean
from owc.web.languages import LANGUAGES

LOADER_BYTES = 4 * 1024
FIRST_RESULT_BYTES = 45 * 1024
QUESTION_BYTES = 16 * 1024
IMPORT = re.compile(r"""(?:\bfrom|\bimport\(|\bimport)\s*["'](\.[^"']+)["']""")
VENDOR = "vendor"
ON_DEMAND = frozenset({"panel.js"})
"""What only a press of the visitor loads, later."""


def compressed(path: Path) -> int:
    """Bytes of a file as a server would compress it."""
    is_ours = path.suffix == ".js" and VENDOR not in path.parts
    return len(gzip.compress(lean(path) if is_ours else path.read_bytes(), 9))


@pytest.fixture(scope="module")
def frame_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The frame's page in the language in which it is largest."""
    folder = tmp_path_factory.mktemp("hub")
    settings = Settings(data_folder=folder / "data", purpose_text="To find what nobody knows. " * 5)
    migrate(settings)
    client = create_app(settings).test_client()
    pages = [client.get(f"/frame?lang={language}").data for language in LANGUAGES]
    largest = folder / "frame.html"
    largest.write_bytes(max(pages, key=lambda page: len(gzip.compress(page, 9))))
    return largest


def assert_fits(budget: int, *paths: Path) -> None:
    """All files together are at most `budget` bytes; if not, the failure names each one's size."""
    sizes = sorted(((compressed(path), path.name) for path in set(paths)), reverse=True)
    total = sum(size for size, _ in sizes)
    table = "\n".join(f"{size:7,} {name}" for size, name in sizes)
    print(f"\n{total:,} of {budget:,} bytes compressed:\n{table}")  # noqa: T201 - shown by -rP
    assert total <= budget, f"{total:,} of {budget:,} bytes:\n{table}"


def reachable(entry: Path, *, later: bool) -> set[Path]:
    """The modules that an entry loads; `later` follows import() too."""
    found: set[Path] = set()
    todo = [entry.resolve()]
    while todo:
        path = todo.pop()
        if path in found or path.name in ON_DEMAND:
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
    assert_fits(LOADER_BYTES, asset("static") / "openwebcompute.js")


def test_question_costs_little_and_brings_no_code_that_works(frame_page: Path) -> None:
    static = asset("static")
    modules = reachable(static / "frame.js", later=False)
    assert {path.name for path in modules}.isdisjoint({"volunteer.js", "socket.io.esm.min.js"})
    files = [*modules, static / "openwebcompute.js", static / "frame.css", frame_page]
    assert_fits(QUESTION_BYTES, *files)


def test_everything_up_to_the_first_result_fits_the_budget(frame_page: Path) -> None:
    static = asset("static")
    modules = reachable(static / "frame.js", later=True)
    assert {"volunteer.js", "socket.io.esm.min.js"} <= {path.name for path in modules}
    files = [*modules, static / "openwebcompute.js", static / "frame.css", frame_page]
    assert_fits(FIRST_RESULT_BYTES, *files, static / "worker.js")
