"""A job's document in words: steps, shared inputs, and JSON in few lines."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from owc.web import wording
from tests.docs.pages import ROOT

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=40),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=10), inner),
)


def test_steps_are_shown_as_they_are_spoken() -> None:
    shown = wording.steps(
        [
            {"join": {"table": "t", "on": {"a": "b"}, "columns": ["c"]}},
            {"join": {"table": "u", "on": ["a", "b"], "how": "left"}},
            {"filter": "c > 1"},
            {"derive": {"q, r": "divide(a, b)", "s": "q + r"}},
            {"rename": {"s": "total"}},
            {"sample": {"fraction": 0.5, "seed": 7}},
            {"aggregate": {"n": "count(*)"}, "by": ["a", "b"]},
            {"sort": ["n desc"], "limit": 3},
        ]
    )
    assert shown == [
        [("join", ["t on a = b, columns c, inner"])],
        [("join", ["u on a = a and b = b, left"])],
        [("filter", ["c > 1"])],
        [("derive", ["q, r = divide(a, b)", "s = q + r"])],
        [("rename", ["s → total"])],
        [("sample", ['{"fraction": 0.5, "seed": 7}'])],
        [("aggregate", ["n = count(*)"]), ("by", ["a, b"])],
        [("sort", ["n desc"]), ("limit", ["3"])],
    ]


def test_shared_inputs_are_told_with_the_hash_of_their_file() -> None:
    shown = wording.shared(
        {
            "shared": {
                "grid": {"values": [[1, 2, 3], [4, 5, 6]]},
                "list": {"values": [1] * 1500},
                "table": {"rows": [{"a": 1}, {"b": 2, "a": 3}]},
                "small": {"rows": [{"a": 1}]},
                "file": {"upload": "ab", "format": "npy"},
                "column": {"upload": "cd", "format": "csv", "array": "x"},
                "columns": {"upload": "ef", "format": "csv", "array": ["x", "y"]},
            }
        }
    )
    assert shown == {
        "grid": ("array of 2 × 3", None),
        "list": ("array of 1,500", None),
        "table": ("table of 2 rows: a, b", None),
        "small": ("table of 1 row: a", None),
        "file": ("npy file", "ab"),
        "column": ("csv file, array of x", "cd"),
        "columns": ("csv file, array of x, y", "ef"),
    }


@given(JSON)
@settings(max_examples=50)
def test_the_text_of_a_document_reads_back_as_the_document(value: object) -> None:
    assert json.loads(wording.text(value)) == value


def test_the_text_of_a_document_has_short_lines() -> None:
    document = json.loads((ROOT / "docs/cookbook/word-counts.json").read_text())
    lines = wording.text(document).splitlines()
    assert '    "range": {"line": [0, 4], "position": [1, 13]}' in lines
    assert '    {"filter": "word <> \'\'"},' in lines


def test_every_job_of_the_cookbook_has_words() -> None:
    for path in (ROOT / "docs/cookbook").glob("*.json"):
        document = json.loads(path.read_text())
        assert wording.steps(document["steps"])
        assert json.loads(wording.text(document)) == document
    assert wording.verify({"trust": {"verify": "n > 1"}}) == "n > 1"
    assert wording.verify({"trust": "adaptive"}) is None
