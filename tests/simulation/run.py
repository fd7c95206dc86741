"""One run: a scenario, played to its end under the eyes of the invariants, and what came of it."""

from __future__ import annotations

import json
import traceback
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any, Final
from unittest import mock

import jobspec
from owc.domain.ids import noise_from
from owc.domain.trust import wrong_row_bound
from owc.services import catalogue, submission
from owc.services.hub import Hub
from owc.services.values import Submitter
from owc.web import exchange
from tests.simulation.cast import Cast
from tests.simulation.characters import Staller
from tests.simulation.faults import Faults
from tests.simulation.hub_side import HubSide
from tests.simulation.invariants import ENDED, Invariants, Violation
from tests.simulation.jobs import SimulatedJob, true_sha256
from tests.simulation.network import Network
from tests.simulation.parts import Stage, WatchedDatabase
from tests.simulation.scenario import Scenario, character
from tests.simulation.volunteers import Volunteer
from tests.simulation.world import World

TRUSTED: Final = Submitter(name="Ada", trusted=True)
AGING_SECONDS: Final = 5
DRAIN_SECONDS: Final = 15.0
"""Until everything that was said has been heard."""


@dataclass(frozen=True, kw_only=True, slots=True)
class JobOutcome:
    """What became of a job. `wrong`: merged sub-jobs whose output is not the program's;
    `wrong_by`: whose word these rest on; `on_one_word`: how many rest on one; `audited`: how many
    were run again at the end; `liars`: the share of its work that liars were given; `bound`: the
    published one on wrong rows; `needed`, `spent` (by volunteers) and
    `hub_seconds` (for its program): seconds of the hub's machine."""

    kind: str
    replicas: int
    state: str
    sub_jobs: int
    rows: int
    wrong: int
    wrong_rows: int
    wrong_by: dict[str, int]
    on_one_word: int
    audited: int
    liars: float
    bound: float
    needed: float
    spent: float
    hub_seconds: float


@dataclass(kw_only=True)
class RunOutcome:
    """What became of a run. `violation`: what did not hold, None: all did."""

    seed: int
    digest: str = ""
    violation: str | None = None
    log: list[str] = field(default_factory=list)
    liars: dict[str, int] = field(default_factory=dict)
    volunteers: int = 0
    events: int = 0
    virtual_seconds: float = 0.0
    hub_seconds: float = 0.0
    jobs: list[JobOutcome] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def play(stage: Stage, scenario: Scenario) -> RunOutcome:
    """Play it. Never raises for what the product does wrong: that is in the outcome."""
    world = World(scenario.seed)
    outcome = RunOutcome(seed=scenario.seed, volunteers=len(scenario.parts))
    for part in scenario.parts:
        if part.kind != "honest":
            outcome.liars[part.kind] = outcome.liars.get(part.kind, 0) + 1
    with noise_from(world.rng.randbytes), stage.hub(world, **scenario.settings) as hub:
        side = HubSide(world=world, hub=hub, redis=stage.redis)
        cast = Cast(world=world, side=side, network=Network(world))
        assert isinstance(hub.database, WatchedDatabase)
        invariants = Invariants(world, hub, hub.database.path, every=scenario.every)
        hub.database.committed = invariants.after_commit
        try:
            window = mock.patch.object(exchange, "WINDOW_SECONDS", scenario.window_seconds)
            with window, side.running():
                _play(stage, scenario, cast, invariants)
                outcome.jobs = _judge(hub, cast, invariants)
                _demand_justice(cast, invariants)
        except Violation as violation:
            outcome.violation = str(violation)
            outcome.log = list(world.lines)
        finally:
            invariants.close()
        outcome.events, outcome.virtual_seconds = world.events, world.now
        outcome.hub_seconds = sum(side.runs.spent.values())
        outcome.digest = world.digest(json.dumps([asdict(each) for each in outcome.jobs]).encode())
    return outcome


def _play(stage: Stage, scenario: Scenario, cast: Cast, invariants: Invariants) -> None:
    world, side = cast.world, cast.side
    side.losing_news = scenario.losing_news
    for _ in range(scenario.webs):
        side.start_web()
    for _ in range(scenario.workers):
        side.start_worker()
    for part in scenario.parts:
        volunteer = Volunteer(cast, part.traits, character(part.kind, world.rng))
        cast.volunteers.append(volunteer)
        world.at(part.comes_at, volunteer.come)
    if not scenario.one_by_one:
        for at, job in scenario.jobs:
            world.at(at, _submit, cast, job)

    def age() -> None:
        stage.age(world.now)
        world.at(AGING_SECONDS, age)

    def look() -> None:
        if side.troubles:
            raise Violation(_story(side.troubles[0]))

    world.at(AGING_SECONDS, age)
    world.after_event = look
    if scenario.fault_pause is not None:
        faults = Faults(cast, pause=scenario.fault_pause)
        world.run(lambda: False, until=scenario.faults_end)
        faults.stop()
    _calm(cast)

    def is_over() -> bool:
        if not all(state in ENDED for state in invariants.job_states().values()):
            return False
        if scenario.one_by_one and len(cast.jobs) < len(scenario.jobs):
            _submit(cast, scenario.jobs[len(cast.jobs)][1])
            return False
        return len(cast.jobs) == len(scenario.jobs)

    until = max(scenario.faults_end, *(at for at, _ in scenario.jobs)) + scenario.patience
    if not _run_until(world, is_over, until):
        invariants.look()
        raise Violation(f"a job is stuck: {_stuck(invariants)}")
    world.run(lambda: False, until=world.now + DRAIN_SECONDS)
    invariants.at_the_end()


def _run_until(world: World, is_over: Any, until: float) -> bool:
    """Asks once a virtual second, since it asks SQL."""
    while world.now < until:
        if is_over():
            return True
        if not world.run(lambda: False, until=world.now + 1.0):
            world.clock.advance(0.0)
            if not world.has_events:
                return bool(is_over())
            world.skip(1.0)
    return bool(is_over())


def _calm(cast: Cast) -> None:
    """From now on nothing fails any more; who only stalls is gone."""
    cast.network.is_kind = True
    cast.side.queue.be_away(0.0)
    cast.side.losing_news = cast.side.runs.dying = 0.0
    for process in cast.world.processes():
        process.doom = None
    for volunteer in cast.volunteers:
        if isinstance(volunteer.character, Staller):
            volunteer.leave()
        else:
            volunteer.come()


def _submit(cast: Cast, job: SimulatedJob) -> None:
    hub = cast.side.hub
    job_id = submission.submit(hub, job.raw, TRUSTED, job.compiled)
    cast.jobs[job_id] = job
    cast.world.note(f"{job_id} is {job.kind} in {job.sub_jobs}")


def _judge(hub: Hub, cast: Cast, invariants: Invariants) -> list[JobOutcome]:
    states = invariants.job_states()
    return [
        _judge_one(hub, cast, invariants, job_id, job, states[job_id])
        for job_id, job in cast.jobs.items()
    ]


def _judge_one(  # noqa: PLR0917 - all of a run's end, asked for in one place
    hub: Hub, cast: Cast, invariants: Invariants, job_id: str, job: SimulatedJob, state: str
) -> JobOutcome:
    wrong: Counter[str] = Counter()
    rows = wrong_rows = sub_jobs = on_one_word = 0
    if state == "succeeded":
        for first_row, count, sha256, volunteer, verdict in invariants.settled(job_id):
            sub_jobs, rows = sub_jobs + 1, rows + count
            on_one_word += verdict is None
            if sha256 != true_sha256(job, first_row, count):
                wrong[cast.kinds.get(volunteer or "", "nobody")] += 1
                wrong_rows += count
    if not wrong:
        _demand_right(hub, job_id, job, state)
    elif job.replicas > 1 and not cast.may_collude:
        raise Violation(f"job {job_id} asks for a quorum, and {dict(wrong)} were believed")
    ((audited,),) = invariants.fetch("SELECT coalesce(audited, 0) FROM job WHERE id = ?", (job_id,))
    liars = cast.share_of_liars(job_id)
    settings = hub.settings
    bound = wrong_row_bound(
        liars=liars,
        sub_jobs=on_one_word,
        audited=audited,
        trust_after=settings.trust_after,
        spot_check=settings.spot_check,
    )
    return JobOutcome(
        kind=job.kind,
        replicas=job.replicas,
        state=state,
        sub_jobs=sub_jobs,
        rows=rows,
        wrong=wrong.total(),
        wrong_rows=wrong_rows,
        wrong_by=dict(wrong),
        on_one_word=on_one_word,
        audited=audited,
        liars=liars,
        bound=bound if on_one_word else 0.0,
        needed=rows * job.row_seconds,
        spent=sum(cast.spent[job_id].values()),
        hub_seconds=cast.side.runs.spent.get(job.compiled.program_sha256, 0.0),
    )


def _demand_right(hub: Hub, job_id: str, job: SimulatedJob, state: str) -> None:
    """Where nothing wrong was accepted, the answer is right."""
    if job.answer is None:
        if state != "failed":
            raise Violation(f"job {job_id} should have failed, and is {state}")
        return
    if state != "succeeded":
        failure = catalogue.job_view(hub, job_id).failure
        raise Violation(f"job {job_id} ({job.kind}) is {state}: {failure}")
    text = b"".join(jobspec.result_ndjson(catalogue.result_file(hub, job_id))).decode()
    answer = [json.loads(line) for line in text.splitlines()]
    if answer != job.answer:
        raise Violation(f"job {job_id} ({job.kind}) answers {answer[:3]}, not {job.answer[:3]}")


def _demand_justice(cast: Cast, invariants: Invariants) -> None:
    """Who is honest is never found to be wrong, unless liars agree to say so."""
    if cast.may_collude:
        return
    for volunteer_id, disagreed in invariants.fetch(
        "SELECT id, disagreed FROM volunteer WHERE disagreed > 0"
    ):
        if cast.kinds.get(volunteer_id) == "honest":
            raise Violation(f"{volunteer_id} is honest, and disagreed {disagreed} times")


def _stuck(invariants: Invariants) -> str:
    jobs = invariants.fetch("SELECT id, state, next_row, rows_ready, rows_total FROM job")
    sub_jobs = invariants.fetch("SELECT job_id, state, count(*) FROM sub_job GROUP BY 1, 2")
    return f"{jobs} {sub_jobs}"


def _story(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))
