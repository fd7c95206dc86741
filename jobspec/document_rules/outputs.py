"""What a job asks for beside its steps: formats, splitting, trust."""

from __future__ import annotations

import math
import re
from typing import Any, Literal, TypeAlias

from jobspec.document_rules.keywords import SPLITS, check_keyword
from jobspec.document_rules.refusals import refusal, shown
from jobspec.problems import near_miss

Format: TypeAlias = Literal["csv", "ndjson", "parquet", "arrow"]
TABLES: tuple[Format, ...] = ("csv", "ndjson", "parquet", "arrow")
PALETTES = ("cividis", "gray", "inferno", "magma", "plasma", "turbo", "viridis")
MOST_COLOURS = 255

_COLOUR = re.compile("#[0-9a-fA-F]{6}")


def output_kind(output: Any) -> str:
    is_files = isinstance(output, dict) or hasattr(output, "formats")
    return "files" if is_files else "formats"


def check_formats(formats: Any) -> Any:
    for name in formats if isinstance(formats, list) else ():
        if name in ("png", "image", "npy"):
            key = "npy" if name == "npy" else "image"
            raise refusal(
                "bad_value",
                f"{name!r} needs to know the columns",
                f'write {{"formats": ["csv"], "{key}": {{...}}}} as the output',
            )
    return formats


def check_palette(palette: str | list[str]) -> str | list[str]:
    if isinstance(palette, str):
        if palette in PALETTES:
            return palette
        hint = near_miss(palette, PALETTES)
        raise refusal("bad_value", f"there is no palette {shown(palette)}", hint)
    if not 2 <= len(palette) <= MOST_COLOURS:
        raise refusal(
            "bad_value", f"{len(palette)} colours make no palette", f"give 2 to {MOST_COLOURS}"
        )
    for colour in palette:
        if not _COLOUR.fullmatch(colour):
            hint = "write red, green and blue in hexadecimal, such as #ff8800"
            raise refusal("bad_value", f"{shown(colour)} is not a colour", hint)
    return palette


def check_value_range(bounds: list[float]) -> list[float]:
    if len(bounds) != 2 or not all(map(math.isfinite, bounds)) or bounds[0] >= bounds[1]:
        raise refusal(
            "bad_value",
            "a range of values is two numbers, the smaller one first",
            "write [0, 1], or leave it out for the least and the greatest value",
        )
    return bounds


def check_image(image: Any) -> Any:
    """Either a value with a palette, or three channels."""
    channels = [image.r, image.g, image.b]
    if (image.value is None) != (None not in channels) or (image.value and any(channels)):
        raise refusal(
            "choose_one",
            "a picture is of one value, or of red, green and blue",
            'write {"x": "x", "y": "y", "value": "v"}, or "r", "g" and "b" in its place',
        )
    return image


def check_split(split: Any) -> Any:
    return split if split is None else check_keyword(split, "split", SPLITS, {})


def check_trust(trust: Any) -> Any:
    """At least one rule, and no more volunteers that have to agree than are asked."""
    if not isinstance(trust, dict):
        return trust
    if not trust:
        hint = 'write "adaptive", or {"replicas": 2}, or {"verify": "a condition"}'
        raise refusal("missing_key", "no rule is given", hint)
    replicas, quorum = trust.get("replicas"), trust.get("quorum")
    if isinstance(replicas, int) and isinstance(quorum, int) and quorum > replicas:
        raise refusal(
            "bad_value",
            f"{quorum} volunteers cannot agree where {replicas} are asked",
            "let quorum be at most replicas",
        )
    return trust


def trust_kind(trust: Any) -> str:
    return "rules" if isinstance(trust, dict) or hasattr(trust, "verify") else "adaptive"
