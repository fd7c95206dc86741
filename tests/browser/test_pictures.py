"""A picture from the job that asks for it to the page that shows it, computed in a browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from jobspec.palettes import colours
from tests.browser.asking import Asker
from tests.browser.visit import Visitor
from tests.jobspec.pictures import read_png

pytestmark = pytest.mark.browser

WIDTH, HEIGHT, DEPTH = 90, 60, 60
DEPTH_AT = f"""def depth(x: i64, y: i64) -> i32:
    a = x / 30.0 - 2.0
    b = y / 30.0 - 1.0
    u = 0.0
    v = 0.0
    for n in range({DEPTH}):
        if u * u + v * v > 4.0:
            return n
        u, v = u * u - v * v + a, 2.0 * u * v + b
    return {DEPTH}
"""
MANDELBROT = {
    "name": "Mandelbrot",
    "source": {"range": {"y": [0, HEIGHT], "x": [0, WIDTH]}},
    "functions": {"depth": DEPTH_AT},
    "steps": [{"derive": {"n": "depth(x, y)"}}],
    "finish": [{"filter": f"n < {DEPTH}"}],
    "output": {
        "formats": ["parquet"],
        "image": {"x": "x", "y": "y", "value": "n", "range": [0, DEPTH], "palette": "magma"},
        "npy": {"value": "n", "axes": ["y", "x"]},
    },
    "split": {"rows": 900},
}


def depth(x: int, y: int) -> int:
    point, place = complex(x / 30.0 - 2.0, y / 30.0 - 1.0), 0j
    for n in range(DEPTH):
        if place.real * place.real + place.imag * place.imag > 4.0:
            return n
        place = complex(
            place.real * place.real - place.imag * place.imag + point.real,
            2.0 * place.real * place.imag + point.imag,
        )
    return DEPTH


def test_a_mandelbrot_set_becomes_a_picture(
    asker: Asker, site_url: str, visitor: Visitor, hub_url: str
) -> None:
    job_id = asker.submit(MANDELBROT)
    visitor.say_yes(visitor.meet_question(site_url))
    page = visitor.await_succeeded(job_id)
    image = page.locator("[data-live=result] img")
    expect(image).to_be_visible()
    page.wait_for_function("() => document.querySelector('.picture img').naturalWidth > 0")
    size = image.evaluate("(image) => [image.naturalWidth, image.naturalHeight]")
    assert size == [WIDTH, HEIGHT]
    palette = colours("magma", 255)
    lines = read_png(asker.result_file(job_id, "png"))
    for y, line in enumerate(lines):
        for x, pixel in enumerate(line):
            n = depth(x, y)
            inside = (0, 0, 0, 0)
            place = int(n / DEPTH * 255)
            assert pixel == (inside if n == DEPTH else (*palette[place], 255))
    assert asker.result_file(job_id, "npy")[:6] == b"\x93NUMPY"
    expect(page.get_by_role("heading", name="Finish")).to_be_visible()
    assert visitor.complaints == []
