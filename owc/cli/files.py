"""Files that stand beside a job document: its source, and its shared inputs by their names.

A document names them by their SHA-256, which is filled in here. Not here: sending them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

SHARED_HELP = "NAME=FILE: the file that the shared input NAME is to be; may be given often."


def named_files(
    _context: click.Context, _option: click.Parameter, given: tuple[str, ...]
) -> dict[str, Path]:
    """The values of an option that is given as NAME=FILE."""
    files = {}
    for text in given:
        name, is_named, file = text.partition("=")
        path = Path(file)
        if not (name and is_named and path.is_file()):
            raise click.BadParameter(f"{text!r}: write NAME=FILE, a file that exists")
        files[name] = path
    return files


def with_files(document: bytes, source: str | None, shared: Mapping[str, str]) -> bytes:
    """The document with these SHA-256 filled in; one that is not understood stays as it is."""
    try:
        parsed: Any = json.loads(document)
    except ValueError:
        return document
    if not isinstance(parsed, dict):
        return document
    if source is not None and isinstance(parsed.get("source"), dict):
        parsed["source"]["sha256" if "url" in parsed["source"] else "upload"] = source
    inputs = parsed.get("shared")
    for name, sha256 in shared.items():
        if isinstance(inputs, dict) and isinstance(inputs.get(name), dict):
            inputs[name]["upload"] = sha256
    return json.dumps(parsed, ensure_ascii=False).encode()
