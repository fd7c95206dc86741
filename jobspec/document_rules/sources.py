"""Sources: inline rows and ranges."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from jobspec.document_rules.keywords import NOT_YET_SOURCES, SOURCES, check_keyword, keyword_of
from jobspec.document_rules.refusals import refusal, shown

URL_SCHEMES = ("https", "ftp", "s3")
URL_CHARS = 2000
_URL_HINT = "write https://..., ftp://... or s3://bucket/key"
Range = range  # the model has a field of this name
AXES = 8
"""The most axes of a range."""


def source_keyword(source: Any) -> str:
    return keyword_of(source, SOURCES)


def check_source_keyword(source: Any) -> Any:
    return check_keyword(source, "a source", SOURCES, NOT_YET_SOURCES)


def check_url(url: str) -> str:
    """An absolute address without a password, of a scheme that hubs fetch."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise refusal("bad_value", f"{shown(url)} is no address: {error}", _URL_HINT) from None
    if parts.scheme not in URL_SCHEMES or not host:
        raise refusal("bad_value", f"{shown(url)} is no address that a hub fetches", _URL_HINT)
    if parts.username is not None or parts.password is not None:
        hint = "whatever enters a job is public: fetch the file and send it by POST /upload"
        raise refusal("bad_value", "the address holds a name or password", hint)
    if len(url) > URL_CHARS or not (url.isascii() and url.isprintable() and " " not in url):
        hint = f"use at most {URL_CHARS} printable ASCII characters, others as %XX"
        raise refusal("bad_value", f"{shown(url)} cannot be sent as it is", hint)
    return url


def check_scalar(value: Any) -> Any:
    if isinstance(value, list | dict):
        raise refusal(
            "wrong_type",
            "a row's value is a number, a text, true, false or null",
            "give each part a column of its own",
        )
    return value


def check_bounds(bounds: list[int]) -> list[int]:
    if len(bounds) not in {2, 3}:
        raise refusal(
            "bad_value",
            f"an axis has two or three bounds, not {len(bounds)}",
            "write [start, stop] or [start, stop, step]",
        )
    if any(abs(bound) >= 2**63 for bound in bounds):
        raise refusal("number_out_of_range", "a bound does not fit i64", "stay below 2**63")
    if bounds[2:] == [0]:
        raise refusal("bad_value", "the step of a range is zero", "use 1, or leave it out")
    if not Range(*bounds):
        raise refusal(
            "bad_value",
            f"the range {bounds} is empty",
            "it begins at start and ends before stop, as in Python",
        )
    return bounds


def check_axes(axes: dict[str, list[int]]) -> dict[str, list[int]]:
    if 1 <= len(axes) <= AXES:
        return axes
    if not axes:
        raise refusal("bad_value", "a range needs an axis", 'write {"n": [start, stop]}')
    raise refusal(
        "too_long",
        f"a range has at most {AXES} axes, not {len(axes)}",
        "give the longest axes only, and derive the others with // and %",
    )


def values_of(axis: range) -> int:
    """How many values a range has: `len()` ends at 2**63."""
    return -((axis.start - axis.stop) // axis.step)
