"""Reads JSON text that may be hostile, and says where it is wrong.

Stricter than `json.loads`: size and depth are checked before parsing, keys are unique, numbers are
finite and fit 64 bits, texts are encodable. Not here: what the document means (`jobspec.document`).
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import TypeAlias

from jobspec.limits import Limits
from jobspec.problems import ProblemList, pointer

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
_INTEGERS = range(-(2**63), 2**64)


@dataclass(frozen=True, slots=True)
class _BadNumber:
    """Stands in the parsed tree for a number that no value type can hold."""

    text: str


class _Members(dict[str, object]):
    """An object that remembers which of its keys came twice."""

    repeated: tuple[str, ...] = ()


def read_json(raw: bytes, limits: Limits, problems: ProblemList) -> Json:
    """Parse `raw`; each problem is added to `problems`.

    Where parsing cannot go on the result is None. Otherwise the last of repeated keys counts and
    what cannot be represented is replaced by 0 or "", so that the caller can look for more.
    """
    if len(raw) > limits.document_bytes:
        problems.add(
            "document_too_large",
            "",
            f"the document has {len(raw):,} bytes; at most {limits.document_bytes:,} are taken",
            "send large inputs by POST /upload and name them in the source",
        )
        return None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problems.add(
            "document_not_utf8",
            "",
            f"byte {error.start} is not UTF-8 text",
            "save the document as UTF-8",
        )
        return None
    if not _depth_is_legal(text, limits.document_depth, problems):
        return None
    try:
        tree = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_float,
            parse_constant=_BadNumber,
        )
    except json.JSONDecodeError as error:
        problems.add(
            "json_syntax",
            "",
            f"not JSON: {error.msg}",
            _syntax_hint(text, error),
            line=error.lineno,
            column=error.colno,
        )
        return None
    return _plain(tree, (), problems)


def _depth_is_legal(text: str, limit: int, problems: ProblemList) -> bool:
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        mark = match[0]
        if mark in "[{":
            depth += 1
            if depth > limit:
                line = text.count("\n", 0, match.start()) + 1
                column = match.start() - text.rfind("\n", 0, match.start())
                problems.add(
                    "document_too_deep",
                    "",
                    f"objects and arrays are nested more than {limit} deep",
                    "no job needs that; look for unclosed brackets",
                    line=line,
                    column=column,
                )
                return False
        elif mark in "]}":
            depth -= 1
    return True


def _syntax_hint(text: str, error: json.JSONDecodeError) -> str:
    here = text[error.pos : error.pos + 2]
    if not text.strip():
        return "the document is empty"
    if error.msg == "Extra data":
        return "a document is one object; something follows its end"
    if here[:1] == "'":
        return "JSON texts stand in double quotes"
    if here in {"//", "/*"} or here[:1] == "#":
        return "JSON has no comments"
    if here[:1] in {"}", "]", ","}:
        return "look for a comma too many"
    if error.pos >= len(text.rstrip()):
        return "the text ends too early; look for an unclosed bracket or quote"
    return ""


def _object(pairs: list[tuple[str, object]]) -> _Members:
    members = _Members(pairs)
    if len(members) != len(pairs):
        counts = Counter(key for key, _ in pairs)
        members.repeated = tuple(key for key, count in counts.items() if count > 1)
    return members


def _integer(text: str) -> int | _BadNumber:
    if len(text) > 20:  # the digits of 64 bits and a sign
        return _BadNumber(text)
    value = int(text)
    return value if value in _INTEGERS else _BadNumber(text)


def _float(text: str) -> float | _BadNumber:
    value = float(text)
    return value if math.isfinite(value) else _BadNumber(text)


def _plain(node: object, path: tuple[str | int, ...], problems: ProblemList) -> Json:
    """The tree without stand-ins; reports what they stand for."""
    match node:
        case _Members():
            for key in node.repeated:
                problems.add(
                    "duplicate_key",
                    pointer(*path, _encodable(key)),
                    f"the key {_encodable(key)!r} stands twice in one object",
                    "keep one of them",
                )
            return {
                _text(key, path, problems): _plain(value, (*path, _encodable(key)), problems)
                for key, value in node.items()
            }
        case list():
            return [_plain(value, (*path, index), problems) for index, value in enumerate(node)]
        case _BadNumber():
            shown = node.text if len(node.text) <= 30 else node.text[:27] + "..."
            problems.add(
                "number_out_of_range",
                pointer(*path),
                f"{shown} is not a number of 64 bits",
                "use null for an unknown value, or a text for a very long number",
            )
            return 0
        case str():
            return _text(node, path, problems)
        case None | bool() | int() | float():
            return node
    raise AssertionError(f"json.loads gave a {type(node).__name__}")


def _text(text: str, path: tuple[str | int, ...], problems: ProblemList) -> str:
    encodable = _encodable(text)
    if encodable != text:
        problems.add(
            "bad_value",
            pointer(*path),
            "a text has half of a surrogate pair, which is no character",
            r"write the character itself, or both halves such as \ud83d\ude00",
        )
    return encodable


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
