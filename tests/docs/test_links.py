"""Links between pages lead somewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT, anchors, links


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_page_and_a_heading(page: Path) -> None:
    for link in links(page):
        if "://" in link:
            continue
        name, _, fragment = link.partition("#")
        target = (page.parent / name) if name else page
        assert target.exists(), f"{link}: no such file"
        if fragment:
            assert fragment in anchors(target), f"{link}: no such heading"


def test_every_page_of_docs_is_linked_from_the_readme() -> None:
    linked = {ROOT / link.partition("#")[0] for link in links(ROOT / "README.md")}
    assert [page.name for page in PAGES if page not in linked and page.name != "README.md"] == []
