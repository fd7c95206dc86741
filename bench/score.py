"""How well the score of a core foretells how long its sub-jobs take, engine by engine.

    python -m bench.score            # Chromium, Firefox and WebKit beside the hub's own runs
    python -m bench.score --write    # static/benchmark.wasm and .chunk from static/benchmark.json

For each workload: CPU seconds a row in the hub's wasmtime and in each browser, one right after the
other, the best of several rounds: a row can take half as long again for a minute where others use
the machine. The benchmark is one of them: a browser's speed is the hub's time of it over the
browser's. The hub's time of a workload over that speed is what is foretold; the table shows by how
much the browser's real time differs. CPU time is that of the thread that computes (Linux), so that
a busy machine changes little.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import sync_playwright

import jobspec
from bench.score_work import Workload, compiled, workloads
from owc.assets import asset
from tests.browser.pages import PageServer
from tests.engines.chromium import Chromium
from tests.engines.driver import Engine, Tab, command_line, descendants
from tests.engines.firefox import Firefox
from tests.engines.webkit import WebKit

BENCHMARK = "the benchmark"
_CHUNK_ROWS = 1 << 22  # more than any core does while it is measured
_WARM_UPS = 3
_REPEATS = 8
_ROUNDS = 3
_SECONDS = 0.2
_RUN = """(async () => {
    const {name, rows, ms} = %s;
    const kept = (window.kept ??= {});
    if (!kept[name]) {
        const url = `/${encodeURIComponent(name)}`;
        const read = async (end) => (await fetch(`${url}.${end}`)).arrayBuffer();
        const module = await WebAssembly.compile(await read("wasm"));
        const {exports} = new WebAssembly.Instance(module);
        kept[name] = {exports, chunk: new Uint8Array(await read("chunk")), left: 0, slice: 64};
    }
    const it = kept[name], {memory, input, step} = it.exports;
    const breath = new MessageChannel();
    let done = 0;
    for (const begun = performance.now(); performance.now() - begun < ms; ) {
        if (it.left <= 0) {
            const address = input(it.chunk.length);
            new Uint8Array(memory.buffer, address, it.chunk.length).set(it.chunk);
            it.left = rows;
        }
        const startedAt = performance.now();
        const left = step(it.slice);
        const tookMs = performance.now() - startedAt;
        if (left < 0) throw new Error(`${name} traps: ${left}`);
        done += it.left - left;
        it.left = left;
        if (tookMs < 10) it.slice = Math.min(2 * it.slice, rows);
        if (tookMs > 30) it.slice = Math.max(it.slice >> 1, 1);
        await new Promise((resume) => {
            breath.port1.onmessage = resume;
            breath.port2.postMessage(null);
        });
    }
    return done;
})()"""


class Browser:
    """One engine with a page that runs workloads."""

    def __init__(self, engine: Engine, url: str) -> None:
        self.name, self._engine = engine.name, engine
        self._tab: Tab = engine.profile().open(url)

    def row_seconds(self, workload: Workload) -> float:
        """CPU seconds a row, of the best of some runs of a program that has warmed up."""
        rows = jobspec.chunk_rows(workload.chunk)[1]
        order = {"name": workload.name, "rows": rows, "ms": 1000 * _SECONDS}
        script = _RUN % json.dumps(order)
        for _ in range(_WARM_UPS):
            self._tab.evaluate(script)
        found = []
        for _ in range(_REPEATS):
            before = self._cpu_seconds()
            done = self._tab.evaluate(script)
            found.append((self._cpu_seconds() - before) / done)
        return min(found)

    def _cpu_seconds(self) -> float:
        """Of the main threads of all pages: only one has anything to do."""
        total = 0
        for root in self._engine.processes():
            for pid in descendants(root):
                if self._engine.content_process in command_line(pid):
                    total += int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[0])
        return total / 1e9


def hub_row_seconds(workload: Workload) -> float:
    """CPU seconds a row in wasmtime, unmetered, as `owc.services.probing` counts them."""
    rows = jobspec.chunk_rows(workload.chunk)[1]
    found = []
    for _ in range(_REPEATS):
        seconds, done = 0.0, 0
        while seconds < _SECONDS:
            seconds += jobspec.run_program(
                workload.wasm,
                workload.chunk,
                fuel=None,
                memory_bytes=workload.memory_bytes,
                twice=True,
            ).cpu_seconds
            done += rows
        found.append(seconds / done)
    return min(found)


def measure() -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        pages = PageServer()
        stack.callback(pages.close)
        url = pages.add("/", "")
        every = [benchmark(), *workloads(folder)]
        for each in every:
            for end, body in (("wasm", each.wasm), ("chunk", each.chunk)):
                pages.add_file(f"/{quote(each.name)}.{end}", body, "application/octet-stream")
        playwright = stack.enter_context(sync_playwright())
        engines: list[Engine] = []
        for make in (lambda place: Chromium(playwright, place), Firefox, WebKit):
            engines.append(make(folder))
            stack.callback(engines[-1].stop)
        browsers = [Browser(engine, url) for engine in engines]
        _report(every, browsers)


def _report(every: list[Workload], browsers: list[Browser]) -> None:
    hub_times: dict[str, float] = {}
    times: dict[tuple[str, str], float] = {}
    for _ in range(_ROUNDS):
        for workload in every:
            name = workload.name
            hub_times[name] = min(hub_times.get(name, math.inf), hub_row_seconds(workload))
            for browser in browsers:
                place = (browser.name, name)
                times[place] = min(times.get(place, math.inf), browser.row_seconds(workload))
    print(f"{'':16}{'hub ns/row':>11}" + "".join(f"{each.name:>18}" for each in browsers))
    speeds: dict[str, float] = {}
    errors: dict[str, list[float]] = {each.name: [] for each in browsers}
    for workload in every:
        hub = hub_times[workload.name]
        line = f"{workload.name:16}{hub * 1e9:11.1f}"
        for browser in browsers:
            took = times[browser.name, workload.name]
            if workload.name == BENCHMARK:
                speeds[browser.name] = hub / took
                line += f"   {took * 1e9:7.1f} x{speeds[browser.name]:5.2f}"
            else:
                error = took / (hub / speeds[browser.name]) - 1
                errors[browser.name].append(error)
                line += f"   {took * 1e9:8.1f} {error:+5.0%}"
        print(line, flush=True)
    for name, found in errors.items():
        near = sum(abs(error) <= 0.25 for error in found)
        spread = math.exp(sum(abs(math.log1p(error)) for error in found) / len(found)) - 1
        print(f"{name}: {near} of {len(found)} within 25 %; typically {spread:.0%} off")


def benchmark() -> Workload:
    """The program by which scores are measured, as it is stored."""
    document = json.loads((asset("static") / "benchmark.json").read_text())
    plan = compiled(document).plan
    return Workload(
        name=BENCHMARK,
        wasm=(asset("static") / "benchmark.wasm").read_bytes(),
        chunk=jobspec.range_chunk(plan, 0, 200_000),
        memory_bytes=plan.requirement.memory_bytes,
    )


def write() -> None:
    """Program and input; scores before and after are not comparable."""
    document = json.loads((asset("static") / "benchmark.json").read_text())
    job = compiled(document)
    (asset("static") / "benchmark.wasm").write_bytes(job.wasm)
    (asset("static") / "benchmark.chunk").write_bytes(jobspec.range_chunk(job.plan, 0, _CHUNK_ROWS))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.score", description=__doc__)
    parser.add_argument("--write", action="store_true", help="make static/benchmark.* anew")
    if parser.parse_args().write:
        write()
    else:
        measure()


if __name__ == "__main__":
    main()
