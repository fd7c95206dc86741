"""The hub's runs in children: limits, deaths, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import jobspec
from jobspec import ir
from jobspec.ir import GetGlobal, If, Op, Return
from owc.errors import RunsUnavailable
from owc.runs import Children, InProcess, Runs, child, children
from tests.jobspec.test_run import I32, INPUT_AT, header, i32, program

MEMORY = 4 << 20
FUEL = 10**9
ENDLESS = program(before_row=(ir.While(i32(1), ()),))
NO_END = 10**15  # of fuel: days


@pytest.fixture(scope="module")
def runs() -> Iterator[Children]:
    """Children that live as long as the tests: what one of them breaks the next must not feel."""
    runs = Children(memory_bytes=MEMORY)
    yield runs
    runs.close()


def run(
    runs: Runs,
    wasm: bytes,
    rows: int = 1,
    *,
    fuel: int = FUEL,
    memory_bytes: int = MEMORY,
    wall_seconds: float = 60,
) -> jobspec.Run:
    return runs.run(
        wasm, header(rows), fuel=fuel, memory_bytes=memory_bytes, wall_seconds=wall_seconds
    )


def failure(runs: Runs, wasm: bytes, **limits: int) -> jobspec.RunError:
    with pytest.raises(jobspec.RunError) as raised:
        run(runs, wasm, **limits)
    return raised.value


def the_pid(runs: Children) -> int:
    (pid,) = runs.pids()
    return pid


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def eventually(condition: Callable[[], bool], seconds: float = 120) -> bool:
    """Poll for what no event tells of: another process's state."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def works_in(pid: int) -> Callable[[], bool]:
    """Whether that process has worked a twentieth of a second more than when this was called."""

    def ticks() -> int:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    before = ticks()
    return lambda: ticks() > before + os.sysconf("SC_CLK_TCK") // 20


@pytest.mark.parametrize("rows", [0, 7, 20_000])
def test_a_run_in_a_child_is_a_run(runs: Children, rows: int) -> None:
    there, here = run(runs, program(), rows), run(InProcess(), program(), rows)
    assert there == here
    assert there.fuel_used is not None
    assert there.cpu_seconds > 0


def test_a_trap_is_a_result_there_too(runs: Children) -> None:
    at_row_seven = Op("i32.eq", (GetGlobal("done", I32), i32(7)))
    traps = If(at_row_seven, (ir.SetGlobal("trap", i32(4)), Return(i32(-4))))
    there = run(runs, program(before_row=(traps,)), 25)
    assert (there.rows_done, there.trap_site) == (7, 3)


def test_fuel_ends_a_run(runs: Children) -> None:
    pid = the_pid(runs)
    assert failure(runs, ENDLESS, fuel=10**6).code == "fuel_exhausted"
    assert the_pid(runs) == pid, "and nothing else"


@pytest.mark.parametrize("wasm", [b"", b"\0asm\1\0\0\0", program()[:-300], os.urandom(5000)])
def test_bytes_that_are_no_program_are_refused(runs: Children, wasm: bytes) -> None:
    assert failure(runs, wasm).code == "invalid"
    assert run(runs, program(), 3).rows_done == 3


GROWS = program(
    input_body=(
        If(Op("i32.eq", (Op("memory.grow", (i32(40),)), i32(-1))), (Return(i32(0)),)),
        Return(i32(INPUT_AT)),
    )
)


def test_memory_has_the_limit_of_the_run(runs: Children) -> None:
    assert run(runs, GROWS).rows_done == 1
    assert failure(runs, GROWS, memory_bytes=40 * 65536).code == "memory"


def test_memory_has_the_limit_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the engine allows: the kernel gives no more."""
    monkeypatch.setattr(children, "SPARE_BYTES", 64 << 20)
    pages = 4096
    wasm = program(
        input_body=(
            If(Op("i32.eq", (Op("memory.grow", (i32(pages),)), i32(-1))), (Return(i32(0)),)),
            Return(i32(INPUT_AT)),
        ),
        memory=2 * pages * 65536,
    )
    runs = Children(memory_bytes=1 << 20)
    try:
        assert failure(runs, wasm, memory_bytes=2 * pages * 65536).code == "memory"
        assert run(runs, program(), 3).rows_done == 3
    finally:
        runs.close()


def test_a_run_that_outlasts_the_wall_limit_is_ended_with_its_process(runs: Children) -> None:
    run(runs, program())
    pid = the_pid(runs)
    with pytest.raises(jobspec.RunError) as raised:
        run(runs, ENDLESS, fuel=NO_END, wall_seconds=0.5)
    assert raised.value.code == "wall_time"
    assert raised.value.message == "the run took longer than 0.5 seconds"
    assert not is_running(pid)
    assert run(runs, program(), 3).rows_done == 3
    assert the_pid(runs) != pid


def test_what_kills_its_process_is_named_and_the_others_are_run(runs: Children) -> None:
    """Killed in the midst of the second of three."""
    slow = program(
        before_row=(If(Op("i32.eq", (GetGlobal("done", I32), i32(4))), (ir.While(i32(1), ()),)),)
    )
    run(runs, program())
    found = runs.run_many(
        slow,
        [header(2), header(9), header(3)],
        fuel=NO_END,
        memory_bytes=MEMORY,
        wall_seconds=60,
    )
    first = next(found)
    assert isinstance(first, jobspec.Run)
    pid = the_pid(runs)
    killer = threading.Thread(
        target=lambda: eventually(works_in(pid)) and os.kill(pid, signal.SIGKILL)
    )
    killer.start()
    second, third = found
    killer.join()
    assert isinstance(second, jobspec.RunError)
    assert second.code == "process_died"
    assert second.message == "the run ended its process: Killed (signal 9)"
    assert isinstance(third, jobspec.Run)
    assert third.rows_done == 3
    assert not is_running(pid)


def test_a_single_run_whose_process_died_is_tried_once_more(runs: Children) -> None:
    run(runs, program())
    seen: list[int] = []

    def kill_both() -> None:
        for _ in range(2):
            assert eventually(lambda: bool(runs.pids() - set(seen)))
            (pid,) = runs.pids() - set(seen)
            seen.append(pid)
            assert eventually(works_in(pid))
            os.kill(pid, signal.SIGKILL)

    with ThreadPoolExecutor(1) as pool:
        killed = pool.submit(kill_both)
        assert failure(runs, ENDLESS, fuel=NO_END).code == "process_died"
        killed.result()


def test_a_child_that_died_while_idle_is_replaced_unnoticed(runs: Children) -> None:
    run(runs, program())
    pid = the_pid(runs)
    os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: not is_running(pid))
    assert run(runs, program(), 3).rows_done == 3


def test_no_run_begins_after_its_time(runs: Children) -> None:
    rows = 40
    spin = program(before_row=(ir.Set("n", i32(0)), ir.While(*_counting(10**7))))
    asked = 0

    def chunks() -> Iterator[bytes]:
        nonlocal asked
        for _ in range(1000):
            asked += 1
            yield header(rows)

    one = run(runs, spin, rows, fuel=NO_END).cpu_seconds
    found = list(
        runs.run_many(
            spin,
            chunks(),
            fuel=NO_END,
            memory_bytes=MEMORY,
            wall_seconds=60,
            begin_seconds=2.5 * one,
        )
    )
    assert 1 <= len(found) <= 4
    assert asked <= children.BATCH_CHUNKS
    assert run(runs, program(), 3).rows_done == 3, "and nothing is left of the batch"


def _counting(to: int) -> tuple[ir.Expr, tuple[ir.Stmt, ...]]:
    n = ir.Get("n", I32)
    return Op("i32.lt_s", (n, i32(to))), (ir.Set("n", Op("i32.add", (n, i32(1)))),)


def test_many_chunks_go_in_few_batches_and_come_back_in_order(runs: Children) -> None:
    chunks = [header(number) for number in range(500)]
    found = list(runs.run_many(program(), chunks, fuel=FUEL, memory_bytes=MEMORY, wall_seconds=60))
    assert [each.rows_done for each in found if isinstance(each, jobspec.Run)] == list(range(500))


def test_a_batch_that_nobody_waits_for_disturbs_nobody(runs: Children) -> None:
    chunks = [header(1)] * 50
    found = runs.run_many(program(), chunks, fuel=FUEL, memory_bytes=MEMORY, wall_seconds=60)
    next(found)
    found.close()  # type: ignore[attr-defined]  # it is a generator
    assert run(runs, program(), 3).rows_done == 3


def test_each_thread_has_a_child_of_its_own(runs: Children) -> None:
    barrier = threading.Barrier(2)

    def both() -> list[int]:
        found = runs.run_many(
            program(), [header(2), header(3)], fuel=FUEL, memory_bytes=MEMORY, wall_seconds=60
        )
        first = next(found)
        barrier.wait(30)
        return [each.rows_done for each in (first, *found) if isinstance(each, jobspec.Run)]

    with ThreadPoolExecutor(2) as pool:
        assert [each.result() for each in [pool.submit(both) for _ in range(2)]] == [[2, 3]] * 2
    assert len(runs.pids()) == 2


def test_a_thousand_runs_leave_no_memory_and_no_descriptors(runs: Children) -> None:
    run(runs, program(), 2)
    pid = runs._idle[-1].pid  # the one that is taken first

    def memory_bytes() -> int:
        pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def descriptors() -> list[int]:
        return [len(os.listdir(f"/proc/{each}/fd")) for each in (pid, os.getpid())]

    def thousand() -> None:
        chunks = [header(number) for number in range(500)]
        for _ in runs.run_many(GROWS, chunks, fuel=FUEL, memory_bytes=MEMORY, wall_seconds=60):
            pass
        for number in range(500):
            run(runs, program(), number)

    thousand()
    before, open_before = memory_bytes(), descriptors()
    thousand()
    assert descriptors() == open_before
    assert memory_bytes() < before + (4 << 20)
    assert is_running(pid)


def test_a_child_holds_nothing_of_the_hub(
    runs: Children, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OWC_SECRET_KEY", "a secret of the hub")
    with (tmp_path / "a file of the hub").open("w"):
        fresh = Children(memory_bytes=MEMORY)
        run(fresh, program())
        pid = the_pid(fresh)
        environment = Path(f"/proc/{pid}/environ").read_bytes()
        held = [os.readlink(each) for each in Path(f"/proc/{pid}/fd").iterdir()]
        nice = os.getpriority(os.PRIO_PROCESS, pid)
        fresh.close()
    assert b"OWC_" not in environment
    assert b"secret" not in environment
    sockets = [each for each in held if each.startswith("socket:")]
    assert len(sockets) == 1
    assert not [each for each in held if "a file of the hub" in each]
    assert nice == min(19, os.getpriority(os.PRIO_PROCESS, 0) + child.NICENESS)
    assert not is_running(pid)


def test_there_are_no_runs_after_the_end(runs: Children) -> None:
    fresh = Children(memory_bytes=MEMORY)
    fresh.close()
    fresh.close()
    with pytest.raises(RunsUnavailable):
        run(fresh, program())


def test_a_child_that_cannot_start_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    fresh = Children(memory_bytes=MEMORY)
    with pytest.raises(RunsUnavailable, match="did not start: it ended with status 1"):
        run(fresh, program())
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(RunsUnavailable, match="No process could be started"):
        run(fresh, program())
    fresh.close()


PARENT = """
import sys, threading
from owc.runs import Children
from tests.jobspec.test_run import header
from tests.owc.test_runs import ENDLESS, MEMORY, NO_END, program, run, the_pid
runs = Children(memory_bytes=MEMORY)
run(runs, program())
print(the_pid(runs), flush=True)
if sys.argv[1] == "busy":
    run(runs, ENDLESS, fuel=NO_END)
sys.stdin.read()
"""


@pytest.mark.parametrize("how", ["busy", "idle"])
def test_a_child_ends_with_its_parent_that_is_killed(how: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, how],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        if how == "busy":
            assert eventually(works_in(pid))
        assert is_running(pid)
        parent.kill()
    assert eventually(lambda: not is_running(pid))
