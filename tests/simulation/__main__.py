"""Simulate many runs: `python -m tests.simulation --seeds 0:1000 --liars 0.3`.

One run again, with the end of its log: `--seed 17` (and the same `--liars`). Runs are shared out
among processes; each has a Redis-protocol server and a database of its own. The table goes to the
terminal, everything to `bench/results/simulation.json`.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from tests.simulation.overhead import overhead
from tests.simulation.parts import Stage
from tests.simulation.report import Report, as_text, report_of
from tests.simulation.run import play
from tests.simulation.scenario import draw

RESULTS: Final = Path(__file__).parents[2] / "bench" / "results" / "simulation.json"
LINES_SHOWN: Final = 120
TOLD_EVERY: Final = 50
FLEETS: Final = 3
LIARS: Final = 0.3


def main() -> int:
    options = _options()
    if options.child is not None:
        _be_child(options)
        return 0
    if options.seed is not None:
        return _replay(options.seed, options.liars)
    began = time.perf_counter()
    lines = list(_shared_out(options))
    report = report_of(line["run"] for line in lines if "run" in line)
    fleets = [line["fleet"] for line in lines if "fleet" in line]
    seconds = time.perf_counter() - began
    print(as_text(report))
    for fleet in fleets:
        print(
            f"overhead after warm-up, {fleet['liars']:.0%} liars: {fleet['measured']:.3f}"
            f" (before: {fleet['warming']:.3f}) {fleet['violation'] or ''}"
        )
    print(f"{seconds:,.0f} s in {options.processes} processes")
    _write(options, report, fleets, lines, seconds)
    return int(bool(report.violations) or any(fleet["violation"] for fleet in fleets))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", default="0:1000", help="first and last, which is left out")
    parser.add_argument("--seed", type=int, help="play this one again and show its log")
    parser.add_argument("--liars", type=float, help="their share; left out: drawn by each seed")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--fleets", type=int, default=FLEETS, help="runs that measure overhead")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    return parser.parse_args()


def _write(
    options: argparse.Namespace,
    report: Report,
    fleets: list[dict[str, Any]],
    lines: list[dict[str, Any]],
    seconds: float,
) -> None:
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    whole = {
        "seeds": options.seeds,
        "liars": options.liars,
        "seconds": seconds,
        "report": report.as_dict(),
        "fleets": fleets,
        "runs": sorted((line["run"] for line in lines if "run" in line), key=lambda r: r["seed"]),
    }
    RESULTS.write_text(json.dumps(whole, indent=1))


# Shares of the runs


def _shared_out(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """What all children say, as they are done."""
    with ThreadPoolExecutor(options.processes) as pool:
        for said in pool.map(lambda place: _child(options, place), range(options.processes)):
            yield from said


def _child(options: argparse.Namespace, place: int) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "tests.simulation", "--seeds", options.seeds]
    command += ["--child", f"{place}/{options.processes}", "--fleets", str(options.fleets)]
    if options.liars is not None:
        command += ["--liars", str(options.liars)]
    lines = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for text in process.stdout:
            line = json.loads(text)
            lines.append(line)
            if len(lines) % TOLD_EVERY == 0:
                print(f"process {place}: {len(lines)} done", file=sys.stderr, flush=True)
            run = line.get("run")
            if run is not None and run["violation"] is not None:
                reason = run["violation"].splitlines()[-1]
                print(f"seed {run['seed']} failed: {reason}", file=sys.stderr, flush=True)
    if process.returncode:
        raise RuntimeError(f"child {place} ended with {process.returncode}")
    return lines


def _be_child(options: argparse.Namespace) -> None:
    """Play every n-th seed, and measure every n-th fleet; a line of JSON for each."""
    place, children = map(int, options.child.split("/"))
    first, end = map(int, options.seeds.split(":"))
    stage = _stage()
    try:
        for seed in range(first + place, end, children):
            outcome = play(stage, draw(seed, liars=options.liars))
            print(json.dumps({"run": outcome.as_dict()}), flush=True)
        plans = [(seed, liars) for seed in range(options.fleets) for liars in (0.0, LIARS)]
        for seed, liars in plans[place::children]:
            fleet = overhead(stage, seed, liars=liars)
            print(json.dumps({"fleet": asdict(fleet)}), flush=True)
    finally:
        stage.close()


def _replay(seed: int, liars: float | None) -> int:
    stage = _stage()
    try:
        outcome = play(stage, draw(seed, liars=liars))
    finally:
        stage.close()
    print("\n".join(outcome.log[-LINES_SHOWN:]))
    shown = {**outcome.as_dict(), "log": None}
    print(json.dumps(shown, indent=1))
    print(outcome.violation or "everything held")
    return int(outcome.violation is not None)


def _stage() -> Stage:
    stage = Stage()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    return stage


if __name__ == "__main__":
    sys.exit(main())
