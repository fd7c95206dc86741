"""The demo: right answers, the same way a person runs it; and a comparison that can fail."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from owc.cli import demo_jobs
from tests.web.served import ROOT, wait_until


def flight(number: int) -> int:
    steps = 0
    while number != 1:
        number = number // 2 if number % 2 == 0 else 3 * number + 1
        steps += 1
    return steps


def test_the_other_way_to_the_collatz_answer_is_right() -> None:
    steps = [0, *(flight(number) for number in range(1, 20_000))]
    assert demo_jobs.collatz_answer(stop=20_000) == [
        {"longest": max(steps), "start": steps.index(max(steps)), "all_steps": sum(steps)}
    ]


def test_the_other_way_to_the_unicode_answer_counts_every_letter_and_number_once() -> None:
    groups = demo_jobs.unicode_answer()
    wanted = [each for each in demo_jobs.characters() if each.category[0] in "LN"]
    assert sum(group["characters"] for group in groups) == len(wanted) > 100_000
    assert len({(group["script"], group["kind"]) for group in groups}) == len(groups)


def test_a_wrong_answer_is_noticed() -> None:
    expected = [{"longest": 3, "start": 7}]
    assert demo_jobs.differences(expected, expected) == []
    assert demo_jobs.differences([{"longest": 3, "start": 8}], expected)
    assert demo_jobs.differences([], expected) == ["0 rows instead of 1"]


def demo_command(data: Path, *more: str) -> list[str]:
    """`owc demo` on free ports."""
    ports = ("--port", "0", "--site-port", "0")
    return [sys.executable, "-m", "owc", "demo", *ports, "--data", str(data), *more]


def command_lines(words: str) -> list[str]:
    """Of every process that has `words` in its command line."""
    listed = subprocess.run(
        ["ps", "-ww", "-A", "-o", "args"], capture_output=True, text=True, check=True
    )
    return [line for line in listed.stdout.splitlines() if words in line]


@pytest.mark.redis
def test_the_demo_gives_the_right_answers_and_ends(tmp_path: Path) -> None:
    done = subprocess.run(
        demo_command(tmp_path, "--once"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("agrees with the independent computation") == 2
    assert "/list" in done.stdout
    assert command_lines(str(tmp_path)) == []


@pytest.mark.redis
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_nothing_outlives_a_killed_demo(tmp_path: Path) -> None:
    demo = subprocess.Popen(
        demo_command(tmp_path, "--workers", "1"), cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    with demo:
        try:
            assert demo.stdout is not None
            said = iter(demo.stdout)
            next(line for line in said if "table of Unicode" in line)  # hub, site, volunteer run
            mine = f"--parent-pid {demo.pid}"
            assert len(command_lines(mine)) == 3
        finally:
            demo.kill()
    wait_until(lambda: not command_lines(mine), what="the end of the demo's children")
    wait_until(lambda: not command_lines(str(tmp_path)), what="the end of the hub's own")
