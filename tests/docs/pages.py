"""The pages of the repository, their code blocks, headings and links, for tests."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = tuple(sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]))

TOP = ("bench", "docs", "example_site", "jobspec", "migrations", "owc", "static", "tests")
"""The folders of the repository; what a checkout gathers besides is no part of it."""

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True, kw_only=True)
class Block:
    """A fenced block: where it stands, its language, its text."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def files() -> list[Path]:
    """Every text file of the repository's folders, and those beside them that it names."""
    found = [path for top in TOP for path in sorted((ROOT / top).rglob("*")) if path.is_file()]
    found = [path for path in found if ROOT / "bench" / "results" not in path.parents]
    found += [path for path in ROOT.iterdir() if path.is_file() and path.name != ".git"]
    return [path for path in found if path.suffix not in {".pyc", ".png"}]


@cache
def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@cache
def blocks(language: str) -> tuple[Block, ...]:
    """The blocks of a language on all pages."""
    found = []
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        for match in _FENCE.finditer(text):
            if match[1] == language:
                name, line = str(path.relative_to(ROOT)), text.count("\n", 0, match.start()) + 1
                found.append(Block(page=name, line=line, language=language, text=match[2]))
    assert found, f"no page has a block of {language}"
    return tuple(found)


def without_code(text: str) -> str:
    """A page without its fenced blocks and its code spans."""
    return re.sub(r"`[^`\n]*`", "", _FENCE.sub("", text))


def links(path: Path) -> list[str]:
    return _LINK.findall(without_code(path.read_text(encoding="utf-8")))


def anchors(path: Path) -> set[str]:
    """The fragments that a page's headings can be reached by, as the usual hosts make them."""
    headings = _HEADING.findall(_FENCE.sub("", path.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def section(name: str, heading: str) -> str:
    """The part of a page under a heading, down to the next one of its level or above."""
    text = text_of(name)
    start = re.search(rf"^(#+) {re.escape(heading)}$", text, re.MULTILINE)
    assert start, f"{name} has no heading {heading!r}"
    rest = text[start.end() :]
    end = re.search(rf"^#{{1,{len(start[1])}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def code_spans(text: str) -> set[str]:
    r"""What stands between backticks, `\|` of tables read as `|`."""
    return {span.replace("\\|", "|") for span in re.findall(r"`([^`\n]+)`", text)}
