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


def refuse_trust(trust: Any) -> Any:
    if isinstance(trust, dict):
        raise refusal(
            "not_supported_yet",
            "rules of trust for one job are not supported yet",
            "leave 'trust' out: the hub runs samples itself",
        )
    return trust
