"""What a job asks for beside its steps: formats, splitting, trust."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from jobspec.document_rules.keywords import SPLITS, check_keyword
from jobspec.document_rules.refusals import refusal

Format: TypeAlias = Literal["csv", "ndjson", "parquet", "arrow"]


def refuse_formats(formats: Any) -> Any:
    for name in formats if isinstance(formats, list) else ():
        if name in ("npy", "image") or isinstance(name, dict):
            raise refusal(
                "not_supported_yet",
                "only tables can be downloaded so far",
                "use 'csv', 'ndjson', 'parquet' or 'arrow'",
            )
    if isinstance(formats, dict):
        raise refusal(
            "not_supported_yet", "images are not supported yet", 'write ["csv", "parquet"]'
        )
    return formats


def check_split(split: Any) -> Any:
    return split if split is None else check_keyword(split, "split", SPLITS, {})


def check_trust(trust: Any) -> Any:
    """Rules that are not there yet are named, so that nobody relies on them."""
    for key in trust if isinstance(trust, dict) else ():
        if key in ("replicas", "quorum", "spot_check"):
            raise refusal(
                "not_supported_yet",
                f"{key!r} of one job is not supported yet",
                "leave it out: the hub runs samples itself",
            )
    return trust


def trust_kind(trust: Any) -> str:
    return "rules" if isinstance(trust, dict) or hasattr(trust, "verify") else "adaptive"
