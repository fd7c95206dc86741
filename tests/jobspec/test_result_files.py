"""Pictures and arrays of results: every value where it belongs, and words where that cannot be."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jobspec import ResultFile, make_result_files, merge, result_schema, write_parquet
from jobspec.palettes import colours
from tests.jobspec.jobs import compiled, inputs, output, problems
from tests.jobspec.pictures import read_png

GRID = {"range": {"y": [0, 3], "x": [0, 4]}}
CLEAR = (0, 0, 0, 0)


def files_of(
    folder: Path, source: object, *steps: dict[str, Any], **asked: Any
) -> dict[str, ResultFile]:
    job = compiled(source, *steps, output={"formats": ["csv"], **asked})
    batches = merge(job.plan, [output(job, chunk) for chunk in inputs(job, 5)])
    path = folder / "result.parquet"
    write_parquet(path, result_schema(job.plan), batches)
    return {file.form: file for file in make_result_files(job.document, path, folder)}


def picture(folder: Path, source: object, *steps: dict[str, Any], **image: Any) -> Any:
    made = files_of(folder, source, *steps, image={"x": "x", "y": "y", **image})["png"]
    assert made.problem is None
    assert made.path is not None
    return read_png(made.path.read_bytes())


def array(folder: Path, source: object, *steps: dict[str, Any], **npy: Any) -> Any:
    made = files_of(folder, source, *steps, npy=npy)["npy"]
    assert made.path is not None
    return np.load(made.path, allow_pickle=False)


def test_values_get_the_colours_of_the_palette(tmp_path: Path) -> None:
    lines = picture(tmp_path, GRID, {"derive": {"v": "y * 4 + x"}}, value="v", palette="magma")
    wanted = colours("magma", 255)
    for y in range(3):
        for x in range(4):
            place = min(int((y * 4 + x) / 11 * 255), 254)
            assert lines[y][x] == (*wanted[place], 255)


def test_a_palette_goes_from_its_first_colour_to_its_last() -> None:
    assert colours(["#000000", "#ff8000"], 3).tolist() == [[0, 0, 0], [128, 64, 0], [255, 128, 0]]
    assert colours("gray", 255)[[0, 254]].tolist() == [[0, 0, 0], [255, 255, 255]]


def test_null_and_nan_and_missing_rows_are_transparent(tmp_path: Path) -> None:
    value = "CASE WHEN x = 0 THEN NULL ELSE y / (x - 1) * (x - 1) END"
    steps = ({"filter": "NOT (x = 3 AND y = 2)"}, {"derive": {"v": value}})
    lines = picture(tmp_path, GRID, *steps, value="v", palette="gray")
    assert [line[0] for line in lines] == [CLEAR] * 3
    assert [line[1] for line in lines] == [CLEAR] * 3  # 0 / 0, and infinity times 0
    assert lines[2][3] == CLEAR
    assert [line[2] for line in lines] == [(0, 0, 0, 255), (128, 128, 128, 255), (255,) * 4]


def test_values_outside_the_stated_range_take_its_ends(tmp_path: Path) -> None:
    steps = {"derive": {"v": "x * 10"}}
    lines = picture(
        tmp_path, GRID, steps, value="v", range=[10, 20], palette=["#000000", "#ffffff"]
    )
    assert lines[0] == [(0, 0, 0, 255), (0, 0, 0, 255), (255,) * 4, (255,) * 4]


def test_a_picture_reaches_from_the_least_to_the_greatest_float(tmp_path: Path) -> None:
    value = "CASE WHEN x = 0 THEN -1.7e308 WHEN x = 3 THEN 1.7e308 ELSE CAST(0 AS f64) END"
    steps = {"derive": {"v": value}}
    lines = picture(tmp_path, GRID, steps, value="v", palette=["#000000", "#ffffff"])
    assert [cell[0] for cell in lines[0]] == [0, 128, 128, 255]


def test_channels_are_floats_to_1_or_integers_to_255(tmp_path: Path) -> None:
    steps = {"derive": {"r": "x * 100", "g": "y / 2", "b": "-1"}}
    lines = picture(tmp_path, GRID, steps, r="r", g="g", b="b")
    assert lines[1] == [
        (0, 128, 0, 255),
        (100, 128, 0, 255),
        (200, 128, 0, 255),
        (255, 128, 0, 255),
    ]


def test_axes_may_begin_anywhere_go_in_steps_and_come_in_any_order(tmp_path: Path) -> None:
    rows = [{"x": x, "y": y, "v": x + y} for x in (-20, -10, 20) for y in (7, 8)]
    random.Random(1).shuffle(rows)
    lines = picture(tmp_path, {"rows": rows}, value="v", palette="gray")
    assert (len(lines), len(lines[0])) == (2, 5)
    assert lines[0][0] == (0, 0, 0, 255)
    assert lines[1][4] == (255,) * 4
    assert lines[0][2] == CLEAR


def test_a_picture_of_one_value_is_of_one_colour(tmp_path: Path) -> None:
    assert picture(tmp_path, {"rows": [{"x": 1, "y": 1, "v": 3}]}, value="v", palette="gray") == [
        [(0, 0, 0, 255)]
    ]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([{"x": None, "y": 1, "v": 3}, {"x": 2, "y": None, "v": 3}], "no row to place"),
        ([{"x": 0, "y": 0, "v": 1}, {"x": 5000, "y": 4999, "v": 1}] * 2, ""),
        ([{"x": 0, "y": 0, "v": 1}, {"x": 2**62, "y": 1, "v": 1}], "the values of 'x' reach"),
        ([{"x": n, "y": 0, "v": 1} for n in (0, 1, 40000)], "has a side above 32,768"),
        ([{"x": n, "y": n, "v": 1} for n in (0, 1, 5000)], "5,001 by 5,001 cells, more than"),
    ],
)
def test_a_picture_that_cannot_be_made_says_why(
    tmp_path: Path, rows: list[dict[str, Any]], words: str
) -> None:
    image = {"x": "x", "y": "y", "value": "v"}
    made = files_of(tmp_path, {"rows": rows}, image=image)["png"]
    assert words in (made.problem or "")
    assert (made.path is None) == bool(words)


def test_an_array_without_axes_has_the_rows_in_their_order(tmp_path: Path) -> None:
    values = array(tmp_path, GRID, {"derive": {"v": "y * 10 + x"}}, value="v")
    assert (values.dtype, values.tolist()) == (
        np.int64,
        [10 * y + x for y in range(3) for x in range(4)],
    )


def test_an_array_with_axes_is_a_grid_with_gaps(tmp_path: Path) -> None:
    steps = ({"filter": "x <> 2"}, {"derive": {"v": "CAST(y * 10 + x AS f32)"}})
    values = array(tmp_path, GRID, *steps, value="v", axes=["x", "y"])
    assert (values.dtype, values.shape) == (np.float32, (4, 3))
    assert np.isnan(values[2]).all()
    assert values[3].tolist() == [3, 13, 23]


def test_nulls_of_an_array_are_nan_or_zero(tmp_path: Path) -> None:
    rows = {"rows": [{"a": 1, "f": None}, {"a": None, "f": 2.5}]}
    assert array(tmp_path, rows, value="a").tolist() == [1, 0]
    floats = array(tmp_path, rows, value="f")
    assert np.isnan(floats[0])
    assert floats[1] == 2.5


@pytest.mark.parametrize(
    ("asked", "code", "place"),
    [
        ({"image": {"x": "x", "y": "q", "value": "v"}}, "unknown_column", "/output/image/y"),
        ({"image": {"x": "v", "y": "y", "value": "v"}}, "type_mismatch", "/output/image/x"),
        ({"image": {"x": "x", "y": "y", "value": "s"}}, "type_mismatch", "/output/image/value"),
        ({"image": {"x": "x", "y": "y"}}, "choose_one", "/output/image"),
        ({"image": {"x": "x", "y": "y", "r": "v", "g": "v"}}, "choose_one", "/output/image"),
        (
            {"image": {"x": "x", "y": "y", "value": "v", "palette": "viridris"}},
            "bad_value",
            "/output/image/palette",
        ),
        (
            {"image": {"x": "x", "y": "y", "value": "v", "palette": ["#000", "#ffffff"]}},
            "bad_value",
            "/output/image/palette",
        ),
        (
            {"image": {"x": "x", "y": "y", "value": "v", "range": [1, 1]}},
            "bad_value",
            "/output/image/range",
        ),
        ({"npy": {"value": "s"}}, "type_mismatch", "/output/npy/value"),
        ({"npy": {"value": "v", "axes": ["v"]}}, "type_mismatch", "/output/npy/axes/0"),
        ({"formats": ["png"]}, "bad_value", "/output/formats"),
        ({"image": {"x": "x", "y": "y", "value": "v", "z": 1}}, "unknown_key", "/output/image/z"),
    ],
)
def test_what_cannot_be_a_picture_or_an_array_is_a_problem(
    asked: dict[str, Any], code: str, place: str
) -> None:
    step = {"derive": {"v": "x / 2", "s": "'text'"}}
    assert [(each.code, each.pointer) for each in problems(GRID, step, output=asked)] == [
        (code, place)
    ]


def test_columns_of_pictures_are_those_after_finish() -> None:
    asked = {"image": {"x": "x", "y": "y", "value": "late"}}
    assert not problems(GRID, finish=[{"derive": {"late": "x + y"}}], output=asked)
    dropped = problems(GRID, finish=[{"drop": ["x"]}, {"derive": {"late": "y"}}], output=asked)
    assert [each.pointer for each in dropped] == ["/output/image/x"]
