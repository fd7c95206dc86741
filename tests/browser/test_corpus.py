"""The determinism corpus in Chromium: the same bytes as in every other engine."""

from __future__ import annotations

import json
import mimetypes

import pytest
from playwright.sync_api import Browser, Route

from tests.corpus.files import FILES, read

pytestmark = pytest.mark.browser
ENGINE = FILES.parent / "engine.mjs"


def test_chromium_gives_the_bytes_that_are_kept(chromium: Browser) -> None:
    def serve(route: Route) -> None:
        name = route.request.url.rpartition("/")[2]
        path = ENGINE if name == ENGINE.name else FILES / name
        if not name:
            route.fulfill(body="<!doctype html>", content_type="text/html")
            return
        kind = "text/javascript" if path is ENGINE else mimetypes.guess_type(name)[0]
        route.fulfill(body=path.read_bytes(), content_type=kind or "application/octet-stream")

    page = chromium.new_page()
    page.route("https://corpus.test/**", serve)
    page.goto("https://corpus.test/")
    found = page.evaluate(
        """async () => {
            const { run } = await import("/engine.mjs");
            const read = async (name) => {
                const response = await fetch("/" + name);
                return new Uint8Array(await response.arrayBuffer());
            };
            const corpus = JSON.parse(new TextDecoder().decode(await read("corpus.json")));
            return JSON.stringify(await run(corpus, read));
        }"""
    )
    page.close()
    assert json.loads(found) == {
        chunk["file"]: chunk["ends"] for entry in read() for chunk in entry["chunks"]
    }
