"""Shared inputs: arrays in the document, and the keys that say what an input is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobspec.document_rules.keywords import SHARED, check_keyword, keyword_of
from jobspec.document_rules.names import check_column_name, check_distinct
from jobspec.document_rules.refusals import refusal
from jobspec.json_text import Json
from jobspec.problems import ProblemList, pointer


def shared_keyword(shared: Any) -> str:
    return keyword_of(shared, SHARED)


def check_shared_keyword(shared: Any) -> Any:
    shared = check_keyword(shared, "a shared input", SHARED, {})
    if "upload" in shared and shared.get("format") == "npy":
        for key in ("columns", "array"):
            if key in shared:
                raise refusal(
                    "unknown_key",
                    f"an npy file has no {key!r}",
                    "leave it out: the file is one array",
                )
    return shared


def check_values(values: list[Any]) -> list[Any]:
    """One list of scalars, or equally long lists of them."""
    if not values:
        raise refusal("bad_value", "the array is empty", "put something in, or leave it out")
    rows = values if isinstance(values[0], list) else [values]
    for index, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != len(rows[0]) or not row:
            raise refusal(
                "bad_value",
                f"row {index} (from 0) of the array is not {len(rows[0])} values long",
                "every row of an array has as many values as the first, and at least one",
            )
        for column, value in enumerate(row):
            if value is None or isinstance(value, list | dict):
                place = f"{index}, {column}" if rows is values else str(column)
                raise refusal(
                    "bad_value",
                    f"the element [{place}] is no number, text or truth value",
                    "an array has one or two dimensions and no NULLs",
                )
    return values


def check_array(array: Any) -> Any:
    """A column's name, or a list of several."""
    columns = [array] if isinstance(array, str) else array
    if not isinstance(columns, list) or not columns or not all(isinstance(c, str) for c in columns):
        raise refusal(
            "wrong_type",
            "the columns of an array are a text or a list of texts",
            'write "x" for one dimension, ["x", "y"] for two',
        )
    for column in columns:
        check_column_name(column)
    check_distinct(columns)
    return array


def check_shared_names(tree: Mapping[str, Json], problems: ProblemList) -> None:
    """A function and a shared input are named differently: calls name both."""
    shared, functions = tree.get("shared"), tree.get("functions")
    for name in shared if isinstance(shared, dict) else ():
        if isinstance(functions, dict) and name in functions:
            problems.add(
                "duplicate_name",
                pointer("shared", name),
                f"{name!r} is a function of the job too",
                "name one differently",
            )
