"""The determinism corpus in every engine: the same bytes, by their SHA-256."""

from __future__ import annotations

import pytest

from tests.browser.pages import PageServer
from tests.corpus.files import FILES, read
from tests.engines.driver import Engine

pytestmark = pytest.mark.browser

_RUN = """(async () => {
    const { run } = await import("/corpus/engine.mjs");
    const read = async (name) => {
        const response = await fetch("/corpus/" + name);
        return new Uint8Array(await response.arrayBuffer());
    };
    const corpus = JSON.parse(new TextDecoder().decode(await read("corpus.json")));
    return run(corpus, read);
})()"""


def test_every_program_gives_the_bytes_that_are_kept(engine: Engine, pages: PageServer) -> None:
    for path in FILES.iterdir():
        pages.add_file(f"/corpus/{path.name}", path.read_bytes(), "application/octet-stream")
    script = FILES.parent / "engine.mjs"
    pages.add_file(f"/corpus/{script.name}", script.read_bytes(), "text/javascript")
    profile = engine.profile()
    tab = profile.open(pages.add("/corpus/", ""))
    assert tab.evaluate(_RUN) == {
        chunk["file"]: chunk["ends"] for entry in read() for chunk in entry["chunks"]
    }
    profile.close()
