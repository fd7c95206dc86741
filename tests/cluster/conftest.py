"""One cluster and one fleet for all its tests: healed before each, the fleet still there after."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.cluster import Cluster, missing_programs
from tests.cluster.fleet import Fleet
from tests.cluster.researcher import Researcher

IS_FULL = os.environ.get("OWC_FULL_FAULTS") == "1"
"""Whether faults last as long as they must be survived."""

GRACE_SECONDS = 10 if IS_FULL else 4
SETTINGS = {
    "OWC_GRACE_SECONDS": str(GRACE_SECONDS),
    # So that a fault meets work that is leased, work that waits and work that is asked for.
    "OWC_LEASE_TARGET_SECONDS": "1",
}

_SHOWN_CHARS = 3_000
_FAULTS = "test_faults.py"


@pytest.fixture(scope="session")
def whole_cluster() -> Iterator[Cluster]:
    if missing := missing_programs():
        pytest.skip(f"not installed: {', '.join(missing)} (make services)")
    # Not pytest's folder, which only its owner may enter: PostgreSQL and nginx have own users.
    with (
        tempfile.TemporaryDirectory(prefix="owc-cluster-", ignore_cleanup_errors=True) as name,
        Cluster(Path(name), isolated=True, variables=SETTINGS) as cluster,
    ):
        yield cluster
        cluster.stop()
        assert [part.name for part in cluster.parts if part.would_not_end] == []


@pytest.fixture
def cluster(whole_cluster: Cluster, researcher: Researcher) -> Iterator[Cluster]:
    """The cluster, with every part running and no job but the test's own: what a test leaves
    unfinished, volunteers would do in the next one."""
    whole_cluster.heal()
    yield whole_cluster
    whole_cluster.heal()
    researcher.cancel_unfinished()


@pytest.fixture(scope="session")
def researcher(whole_cluster: Cluster) -> Researcher:
    """Who posts jobs through nginx."""
    token = whole_cluster.owc("token", "create", "lab", "--scope", "trusted")
    return Researcher(whole_cluster.url, token)


@pytest.fixture(scope="session")
def whole_fleet(whole_cluster: Cluster) -> Iterator[Fleet]:
    fleet = Fleet(whole_cluster.folder, [whole_cluster.url], size=2)
    yield fleet
    fleet.stop()


@pytest.fixture
def fleet(whole_fleet: Fleet, cluster: Cluster) -> Iterator[Fleet]:
    """Two native volunteers at work through nginx, who must outlive every fault of the hub."""
    whole_fleet.start()
    yield whole_fleet
    whole_fleet.thaw()
    assert whole_fleet.gone() == []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """A test that fails shows the end of every part's log."""
    report = yield
    cluster = getattr(item, "funcargs", {}).get("whole_cluster")
    if report.failed and isinstance(cluster, Cluster):
        for log in sorted(cluster.folder.glob("*.log")):
            report.sections.append((log.name, log.read_text(errors="replace")[-_SHOWN_CHARS:]))
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What the fault tests measured, as a table; those that this machine does not permit, too."""
    reports = terminalreporter.getreports
    rows = []
    for report in [each for word in ("passed", "failed") for each in reports(word)]:
        measured = dict(report.user_properties)
        if report.when == "call" and "fault" in measured:
            seconds = measured.get("seconds", "-")
            rows.append((measured["fault"], seconds, measured.get("result", "not seen")))
    for report in reports("skipped"):
        if _FAULTS in report.nodeid:
            test = report.nodeid.partition("::")[2].removeprefix("test_").replace("_", " ")
            fault = dict(report.user_properties).get("fault", test)
            why = str(report.longrepr[-1]).removeprefix("Skipped: ")
            rows.append((fault, "-", f"skipped: {why}"))
    if rows:
        terminalreporter.section("faults")
        terminalreporter.write_line(f"{'fault':45} {'s until work went on':>20}  result")
        for fault, seconds, result in rows:
            terminalreporter.write_line(f"{fault:45} {seconds:>20}  {result}")
