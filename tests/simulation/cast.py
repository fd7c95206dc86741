"""Everybody who takes part in a run, and what they know of each other."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import jobspec
from owc.services.values import Report
from tests.simulation.characters import COLLUDING
from tests.simulation.computing import COMPUTER
from tests.simulation.hub_side import HubSide
from tests.simulation.jobs import SimulatedJob
from tests.simulation.network import Network
from tests.simulation.world import World

if TYPE_CHECKING:
    from tests.simulation.volunteers import Assignment, Volunteer

REMEMBERED = 50


@dataclass
class Cast:
    """The volunteers, the jobs that were submitted (by id), what volunteers of each kind spent
    on each in seconds of the hub's machine, who is of what kind, by the hub's name for it, and what
    liars pass on."""

    world: World
    side: HubSide
    network: Network
    spent: dict[str, dict[str, float]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(float))
    )
    kinds: dict[str, str] = field(default_factory=dict)
    volunteers: list[Volunteer] = field(default_factory=list)
    jobs: dict[str, SimulatedJob] = field(default_factory=dict)
    _seen: dict[str, dict[str, bytes]] = field(default_factory=dict)

    def truth(self, assignment: Assignment) -> jobspec.Run:
        """What the program gives for that chunk."""
        offer = assignment.offer
        wasm = self.jobs[offer.job_id].compiled.wasm
        return COMPUTER.run(wasm, assignment.chunk, offer.memory_bytes, whole=False)

    def output_so_far(self, assignment: Assignment, rows: int) -> bytes | None:
        """Of the first rows of a sub-job; None if one of them traps."""
        plan = self.jobs[assignment.offer.job_id].compiled.plan
        if plan.axes:
            part = jobspec.range_chunk(plan, assignment.sub_job.first_row, rows)
        else:
            part = jobspec.slice_chunk(plan, assignment.chunk, 0, rows)
        wasm = self.jobs[assignment.offer.job_id].compiled.wasm
        run = COMPUTER.run(wasm, part, assignment.offer.memory_bytes, whole=False)
        return run.output if run.trap_site is None else None

    def spend(self, kind: str, assignment: Assignment) -> None:
        """A volunteer has been through a sub-job."""
        seconds = COMPUTER.seconds(assignment.offer.program_sha256, assignment.sub_job.rows)
        self.spent[assignment.offer.job_id][kind] += seconds

    def share_of_liars(self, job_id: str) -> float:
        """Of the work of a job."""
        spent = self.spent[job_id]
        whole = sum(spent.values())
        return (whole - spent["honest"]) / whole if whole else 0.0

    @property
    def may_collude(self) -> bool:
        """Whether two of them may say the same wrong thing of one sub-job."""
        return any(each.kind in COLLUDING for each in self.volunteers)

    def saw(self, assignment: Assignment, report: Report) -> None:
        """An honest report passes; those who copy, and those who answer for others, look on."""
        if report.output is None or report.trap_site is not None:
            return
        of_program = self._seen.setdefault(assignment.offer.program_sha256, {})
        of_program[report.sub_job_id] = report.output
        if len(of_program) > REMEMBERED:
            del of_program[next(iter(of_program))]

    def seen(self, assignment: Assignment) -> bytes | None:
        """What somebody sent for this sub-job, or else for some other of its program."""
        of_program = self._seen.get(assignment.offer.program_sha256, {})
        if assignment.id in of_program:
            return of_program[assignment.id]
        return next(reversed(of_program.values()), None) if of_program else None

    def some_lease(self, but: Volunteer) -> tuple[str, str] | None:
        """A lease of somebody else, with a sub-job of it."""
        held = [
            (assignment.offer.lease_id, assignment.id)
            for each in self.volunteers
            if each is not but
            for assignment in each.at_work()
        ]
        return self.world.rng.choice(held) if held else None
