"""What volunteers say of what they computed: the truth, or one of many lies.

A lie here is what the wire lets through, told with some cleverness: well-formed outputs, shared
between liars, after a time of good behaviour, under new names. Nothing of it exists in the product.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from owc.queue import Checkpoint
from owc.services.values import LeaseOffer, Report
from tests.simulation import messages

if TYPE_CHECKING:
    from tests.simulation.volunteers import Assignment, Volunteer

VALUES_AT: Final = slice(68, 72)
"""Where an output says where the values of its first column are: see jobspec.table_bytes."""
FIRST_ROW: Final = slice(24, 32)
MOST_LIVES: Final = 30


def changed(output: bytes, mask: int = 1) -> bytes:
    """A well-formed output with one value changed, if it has one. Two masks, two answers."""
    rows = int.from_bytes(output[12:16], "little")
    at = int.from_bytes(output[VALUES_AT], "little")
    if rows == 0 or not 0 < at < len(output):
        return output
    value = int.from_bytes(output[at : at + 8], "little") ^ mask
    return output[:at] + value.to_bytes(8, "little") + output[at + 8 :]


def moved(output: bytes, like: bytes) -> bytes:
    """An output that says to be of the rows of another."""
    return output[:24] + like[FIRST_ROW] + output[32:]


class Character:
    """An honest one; liars do otherwise in some of this. `effort`: the share of the work that it
    really does."""

    is_liar = False
    effort = 1.0

    def reports(self, volunteer: Volunteer, assignment: Assignment) -> Sequence[Report]:
        """What it says of a sub-job that it is done with."""
        report = volunteer.honest_report(assignment)
        volunteer.cast.saw(assignment, report)
        return [report]

    def checkpoint(self, volunteer: Volunteer, output: bytes) -> bytes:
        return output

    def score(self, speed: float) -> float:
        return speed

    def takes(self, volunteer: Volunteer, offer: LeaseOffer) -> None:
        """It has a lease."""

    def ticks(self, volunteer: Volunteer) -> None:
        """Time passes."""

    def hears_receipt(self, volunteer: Volunteer, status: str) -> None:
        """A report of it was answered."""

    def hears_standing(self, volunteer: Volunteer, status: str) -> None:
        """The hub tells what it thinks of it."""


class Liar(Character):
    """Tells one kind of lie in a share of its reports; what it says is its own."""

    is_liar = True

    def __init__(self, rng: random.Random) -> None:
        self.mask = rng.randrange(1, 1 << 40)
        self.rate = rng.choice((0.1, 0.3, 1.0))

    def reports(self, volunteer: Volunteer, assignment: Assignment) -> Sequence[Report]:
        report = volunteer.honest_report(assignment)
        if report.trap_site is None and volunteer.world.rng.random() < self.rate:
            report = self.lie(volunteer, assignment, report)
        return [report]

    def lie(self, volunteer: Volunteer, assignment: Assignment, report: Report) -> Report:
        """What it says instead."""
        return replace(report, output=changed(report.output or b"", self.mask))


class RandomLiar(Liar):
    """Another wrong value each time, also in what it leaves unfinished."""

    def lie(self, volunteer: Volunteer, assignment: Assignment, report: Report) -> Report:
        self.mask = volunteer.world.rng.randrange(1, 1 << 40)
        return super().lie(volunteer, assignment, report)

    def checkpoint(self, volunteer: Volunteer, output: bytes) -> bytes:
        return changed(output)


class LazyLiar(Liar):
    """Computes one sub-job of a program, and says the same of all others."""

    effort = 0.05

    def __init__(self, rng: random.Random) -> None:
        super().__init__(rng)
        self.rate = 1.0
        self._said: dict[str, bytes] = {}

    def lie(self, volunteer: Volunteer, assignment: Assignment, report: Report) -> Report:
        honest = report.output or b""
        said = self._said.setdefault(assignment.offer.program_sha256, honest)
        return replace(report, output=moved(said, honest))


class Colluder(Liar):
    """Says what all colluders say of that sub-job, and the truth of those that it may not lie
    about: they lie about the same ones."""

    def __init__(self, rng: random.Random) -> None:
        super().__init__(rng)
        self.rate, self.mask = 0.3, 1

    def reports(self, volunteer: Volunteer, assignment: Assignment) -> Sequence[Report]:
        report = volunteer.honest_report(assignment)
        is_one = (assignment.sub_job.first_row // assignment.sub_job.rows) % 10 < 10 * self.rate
        if is_one and report.trap_site is None:
            report = self.lie(volunteer, assignment, report)
        return [report]


class Copier(Liar):
    """Sends what others sent for other sub-jobs, or for the same one if it saw that."""

    effort = 0.05

    def lie(self, volunteer: Volunteer, assignment: Assignment, report: Report) -> Report:
        honest = report.output or b""
        seen = volunteer.cast.seen(assignment)
        return replace(report, output=honest if seen is None else moved(seen, honest))


class Boaster(Character):
    """Computes well, and claims to be thousands of times as fast as it is, or as slow."""

    is_liar = True

    def __init__(self, rng: random.Random) -> None:
        self._claim = rng.choice((1e-9, 0.0, 1e7))

    def reports(self, volunteer: Volunteer, assignment: Assignment) -> Sequence[Report]:
        return [replace(volunteer.honest_report(assignment), elapsed_seconds=self._claim)]

    def score(self, speed: float) -> float:
        return 1e9


class Replayer(Character):
    """Sends old reports again, as they were or under its newest lease."""

    is_liar = True

    def __init__(self, rng: random.Random) -> None:
        self._old: list[Report] = []

    def reports(self, volunteer: Volunteer, assignment: Assignment) -> Sequence[Report]:
        report = volunteer.honest_report(assignment)
        self._old.append(report)
        return [report]

    def ticks(self, volunteer: Volunteer) -> None:
        rng = volunteer.world.rng
        if self._old:
            old = rng.choice(self._old)
            newest = self._old[-1]
            for former in (old, replace(old, lease_id=newest.lease_id)):
                again = replace(former, volunteer_id=volunteer.identity or "")
                message = messages.Reports(lease_id=again.lease_id, reports=(again,), wants=0)
                volunteer.send(message)


class Impostor(Character):
    """Answers for others, and gives back and renews what is theirs."""

    is_liar = True

    def __init__(self, rng: random.Random) -> None:
        self._own: Report | None = None

    def reports(self, volunteer: Volunteer, assignment: Assignment) -> Sequence[Report]:
        self._own = volunteer.honest_report(assignment)
        return [self._own]

    def ticks(self, volunteer: Volunteer) -> None:
        victim = volunteer.cast.some_lease(volunteer)
        if victim is None or self._own is None:
            return
        lease_id, sub_job_id = victim
        output = changed(self._own.output or b"")
        forged = [
            replace(self._own, lease_id=lease_id, sub_job_id=sub_job_id, output=output),
            replace(self._own, sub_job_id=sub_job_id, output=output),
            replace(self._own, lease_id=lease_id, output=output),
        ]
        for each in forged:
            volunteer.send(messages.Reports(lease_id=each.lease_id, reports=(each,), wants=0))
        checkpoint = Checkpoint(
            sub_job_id=sub_job_id,
            lease_id=lease_id,
            rows_done=1,
            elapsed_seconds=100.0,
            output=changed(self._own.output or b""),
        )
        volunteer.send(messages.Checkpoints(checkpoints=(checkpoint,)))
        volunteer.send(messages.Release(lease_id=lease_id, sub_job_ids=None))
        volunteer.send(messages.Renew(lease_ids=(lease_id,)))


class Traitor(Liar):
    """Honest until it has earned trust; then it lies, now and then or always."""

    def __init__(self, rng: random.Random) -> None:
        super().__init__(rng)
        self.rate = rng.choice((0.02, 0.1, 0.5, 1.0))
        self._honest_for = rng.choice((3, 10, 15, 30, 60))

    def reports(self, volunteer: Volunteer, assignment: Assignment) -> Sequence[Report]:
        if volunteer.acknowledged < self._honest_for:
            return [volunteer.honest_report(assignment)]
        return super().reports(volunteer, assignment)


class ColludingTraitor(Traitor):
    """Traitors that say the same."""

    def lie(self, volunteer: Volunteer, assignment: Assignment, report: Report) -> Report:
        self.mask = 2
        return super().lie(volunteer, assignment, report)


class Sybil(Liar):
    """Lies a few times, then is somebody else from another network."""

    def __init__(self, rng: random.Random) -> None:
        super().__init__(rng)
        self.rate = rng.choice((0.5, 1.0))
        self._told = 0
        self._patience = rng.randrange(2, 12)
        self._lives = 0

    def lie(self, volunteer: Volunteer, assignment: Assignment, report: Report) -> Report:
        self._told += 1
        return super().lie(volunteer, assignment, report)

    def hears_receipt(self, volunteer: Volunteer, status: str) -> None:
        if self._told >= self._patience or status == "refused":
            self._begin_anew(volunteer)

    def hears_standing(self, volunteer: Volunteer, status: str) -> None:
        if status in ("limited", "barred", "banned"):
            self._begin_anew(volunteer)

    def _begin_anew(self, volunteer: Volunteer) -> None:
        self._told, self._lives = 0, self._lives + 1
        if self._lives < MOST_LIVES:
            volunteer.become_new(f"{volunteer.traits.network}-{self._lives}")


class Vandal(Character):
    """Sends what is no output, traps that never were, errors."""

    is_liar = True

    def __init__(self, rng: random.Random) -> None:
        pass

    def reports(self, volunteer: Volunteer, assignment: Assignment) -> Sequence[Report]:
        rng, report = volunteer.world.rng, volunteer.honest_report(assignment)
        output = report.output or b""
        rows = assignment.sub_job.rows
        match rng.randrange(8):
            case 0:
                return [replace(report, output=rng.randbytes(rng.randrange(300)))]
            case 1:
                return [replace(report, output=output[: rng.randrange(len(output) + 1)])]
            case 2:
                fewer = output[:16] + (rows - 1).to_bytes(4, "little") + output[20:]
                return [replace(report, output=fewer)]
            case 3:
                site = rng.randrange(3)
                return [replace(report, trap_site=site, rows_done=rng.randrange(rows))]
            case 4:
                code = rng.choice(("out_of_memory", "step_too_long", "whatever"))
                return [replace(report, output=None, error=code)]
            case 5:
                return [replace(report, output=None, output_sha256=rng.choice(("00", "0" * 64)))]
            case 6:
                at = rng.randrange(max(len(output), 1))
                noisy = output[:at] + bytes([rng.randrange(256)]) + output[at + 1 :]
                return [replace(report, output=noisy)]
        return [report]


class Staller(Character):
    """Takes leases, renews them, and never answers. It goes when the faults end."""

    is_liar = True
    effort = 1e6

    def __init__(self, rng: random.Random) -> None:
        pass


LIARS: Final[dict[str, Callable[[random.Random], Character]]] = {
    "random": RandomLiar,
    "lazy": LazyLiar,
    "colluding": Colluder,
    "copying": Copier,
    "boasting": Boaster,
    "replaying": Replayer,
    "answering for others": Impostor,
    "turning bad": Traitor,
    "turning bad together": ColludingTraitor,
    "many identities": Sybil,
    "malformed": Vandal,
    "stalling": Staller,
}
COLLUDING: Final = frozenset({"colluding", "turning bad together", "lazy", "copying"})
"""Kinds of which two may say the same wrong thing of one sub-job."""
