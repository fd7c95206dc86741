"""What the reference says of the built-in functions is so."""

from __future__ import annotations

import ast
import math

import pytest

from jobspec.functions import builtins
from jobspec.functions.calls import FORM_NAMES
from jobspec.functions.reference import BUILT_INS, BuiltIn
from tests.jobspec.functions_running import Functions


def test_every_built_in_function_has_a_row() -> None:
    names = [row.name for row in BUILT_INS]
    assert sorted(names) == sorted({*builtins.TABLE, *FORM_NAMES})


@pytest.mark.parametrize("row", BUILT_INS, ids=lambda row: row.name)
def test_examples_have_the_value_that_is_shown(row: BuiltIn) -> None:
    value = ast.literal_eval(row.value)
    kinds = {bool: "bool", int: "u64" if row.name == "u64" else "i64", float: "f64"}
    if isinstance(value, tuple):
        text = f"def f() -> i64:\n    a, b = {row.example}\n    return a * 1000 + b"
        assert Functions(text)("f") == value[0] * 1000 + value[1]
    else:
        text = f"def f() -> {kinds[type(value)]}:\n    return {row.example}"
        found = Functions(text)("f")
        assert (found % 2**64 if row.name == "u64" else found) == value
    if not row.name[-1].isdigit() or row.name.startswith("math."):
        known = {"math": math, "sqrt": math.sqrt, "floor": math.floor, "ceil": math.ceil}
        assert repr(eval(row.example, known)) == row.value
