"""The lies of the simulator's cast, told by the real volunteer over the real wire.

None is random in time: who lies, does so from the first result on, or once it has earned trust, so
that what a test finds does not depend on how busy the machine is.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final

from owc.volunteer.desk import Assignment, Desk
from owc.volunteer.packing import checkpoint_reports, result_reports
from tests.cast.member import Member, Result, connect_from
from tests.cast.part import Part
from tests.simulation.characters import changed, moved

COLLUDING_MASK: Final = 0xC011
MOST_FORGERIES: Final = 3
MOST_LIVES: Final = 3


class Liar(Member):
    """Says a wrong value, another one each time."""

    def __init__(self, part: Part) -> None:
        super().__init__(part)
        self.rng = random.Random(part.seed)

    def says(self, assignment: Assignment, result: Result) -> Result:
        return {**result, "output": changed(result["output"], self.mask())}

    def mask(self) -> int:
        return self.rng.randrange(1, 1 << 40)


class Colluder(Liar):
    """Says the same wrong value as all others that collude."""

    def mask(self) -> int:
        return COLLUDING_MASK


class Lazy(Member):
    """Computes one sub-job of each program, and says the same of all others."""

    def __init__(self, part: Part) -> None:
        super().__init__(part)
        self._known: dict[str, bytes] = {}

    def says(self, assignment: Assignment, result: Result) -> Result:
        self._known[assignment.program_sha256] = result["output"]
        return result

    def invents(self, assignment: Assignment) -> bytes | None:
        known = self._known.get(assignment.program_sha256)
        return known and placed(known, self.first_row(assignment))


class Copier(Member):
    """Sends what others sent of other rows; it computes only where there is nothing to copy."""

    def invents(self, assignment: Assignment) -> bytes | None:
        first_row = self.first_row(assignment)
        seen = [each for each in self.others("said") if each["first_row"] != first_row]
        return placed(bytes.fromhex(seen[-1]["output"]), first_row) if seen else None


class Traitor(Liar):
    """Honest until it has earned trust, and for a while after; then it lies always."""

    def __init__(self, part: Part) -> None:
        super().__init__(part)
        self._truths = part.truths

    def says(self, assignment: Assignment, result: Result) -> Result:
        if self.is_earning:
            return result
        if self._truths > 0:
            self._truths -= 1
            return result
        return super().says(assignment, result)


class ColludingTraitor(Traitor):
    """Traitors that say the same."""

    def mask(self) -> int:
        return COLLUDING_MASK


class Boaster(Member):
    """Computes well, and claims to be of a speed that nothing has."""

    def _hello(self) -> dict[str, Any]:
        hello = super()._hello()
        return {**hello, "capabilities": {**hello["capabilities"], "score": 1e12, "cores": 4096}}

    def says(self, assignment: Assignment, result: Result) -> Result:
        return {**result, "elapsed_ms": 1e-6}


class Replayer(Member):
    """Sends what it has sent before again: as it was, and under its newest lease."""

    def __init__(self, part: Part) -> None:
        super().__init__(part)
        self._old: list[tuple[str, Result]] = []

    def says(self, assignment: Assignment, result: Result) -> Result:
        self._old.append((assignment.lease_id, result))
        return result

    def goes_on(self) -> None:
        lease_id, result = self._old[0]
        newest, _ = self._old[-1]
        for again in (lease_id, newest):
            for report in result_reports([result]):
                self._emit("result_report", {"lease_id": again, **report, "wants": 0})
                self.diary.note("replayed", sub_job_id=result["sub_job_id"])


class Impostor(Member):
    """Answers for others with lies, gives back and renews what is theirs; in the end it tries to
    speak with another's token."""

    def __init__(self, part: Part) -> None:
        super().__init__(part)
        self._own: tuple[str, Result] | None = None
        self._forgeries = self._refused_ones = 0

    def says(self, assignment: Assignment, result: Result) -> Result:
        self._own = assignment.lease_id, result
        return result

    def goes_on(self) -> None:
        victim = self._victim()
        if self._own is None or victim is None or self._forgeries >= MOST_FORGERIES:
            return
        self._forgeries += 1
        lease_id, sub_job_id = victim
        own_lease, own = self._own
        forged = {**own, "output": changed(own["output"]), "sub_job_id": sub_job_id}
        for where, result in (
            (lease_id, forged),
            (own_lease, forged),
            (lease_id, {**forged, "sub_job_id": own["sub_job_id"]}),
        ):
            for report in result_reports([result]):
                self.diary.note("forged", lease_id=where, sub_job_id=result["sub_job_id"])
                self._emit("result_report", {"lease_id": where, **report, "wants": 0})
        half = {"sub_job_id": sub_job_id, "rows_done": 1, "elapsed_ms": 1e5}
        for report in checkpoint_reports([{**half, "output": forged["output"]}]):
            self._emit("checkpoint_report", {"lease_id": lease_id, **report})
        self._emit("lease_renew", {"lease_ids": [lease_id]})
        self._emit("lease_release", _release(lease_id))

    def hears(self, name: str, payload: Any) -> None:
        if name != "result_ack":
            return
        before = self._refused_ones
        self._refused_ones += [each["status"] for each in payload["results"]].count("refused")
        if before < 3 * MOST_FORGERIES <= self._refused_ones:
            victim = self.others("welcome")[-1]
            message = {**_release(self.others("lease")[-1]["lease_id"]), "token": victim["token"]}
            self._emit("lease_release", message)

    def _victim(self) -> tuple[str, str] | None:
        """A lease of another, and a sub-job of it that is not answered yet."""
        answered = {each["sub_job_id"] for each in self.others("said")}
        held = [
            (lease["lease_id"], sub_job_id)
            for lease in self.others("lease")
            for sub_job_id in lease["sub_job_ids"]
            if sub_job_id not in answered
        ]
        return held[-1] if held else None


class Sybil(Liar):
    """Lies, and once it is caught it is somebody else, from another network."""

    def __init__(self, part: Part) -> None:
        super().__init__(part)
        self._lives = 1

    def hears(self, name: str, payload: Any) -> None:
        is_caught = name == "volunteer_standing" and payload["status"] in ("limited", "barred")
        if not is_caught or self._lives == MOST_LIVES:
            return
        self._lives += 1
        self._token, self._volunteer_token = "", None
        self._desk = Desk(workers=1)
        self.begin_anew()
        network, _, host = self.part.address.rpartition(".")
        connect_from(f"{network.rpartition('.')[0]}.{100 + self._lives}.{host}")
        self._client.disconnect()


class Vandal(Liar):
    """Sends what is no output, traps that never were, and errors, each in its turn."""

    def says(self, assignment: Assignment, result: Result) -> Result:
        output, rows = result["output"], assignment.rows
        match self.said % 7:
            case 0:
                return {**result, "output": self.rng.randbytes(300)}
            case 1:
                return {**result, "output": output[: len(output) // 2]}
            case 2:
                return {
                    **result,
                    "output": output[:16] + (rows - 1).to_bytes(4, "little") + output[20:],
                }
            case 3:
                return {**result, "output": None, "trap_site": 0, "rows_done": rows - 1}
            case 4:
                return {**result, "output": None, "error": "step_too_long: or so it says"}
            case 5:
                return {**result, "output": None, "output_sha256": "0" * 64}
        return {**result, "output": placed(output, self.first_row(assignment) + rows)}


class Staller(Member):
    """Takes leases, renews them, and never answers."""

    def _work(self, assignment: Assignment) -> None:
        self.diary.note("stalls", sub_job_id=assignment.sub_job_id)


KINDS: Final[dict[str, Callable[[Part], Member]]] = {
    "honest": Member,
    "random": Liar,
    "lazy": Lazy,
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
"""By the simulator's words for them; who dies in the middle may be of any kind."""


def placed(output: bytes, first_row: int) -> bytes:
    """An output that says to be of the rows from that one on."""
    return moved(output, bytes(24) + first_row.to_bytes(8, "little"))


def _release(lease_id: str) -> dict[str, Any]:
    return {"lease_id": lease_id, "sub_job_ids": None, "reason": "not mine"}
