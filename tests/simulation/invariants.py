"""What must hold at every step, asked of SQL alone, in plain SQL.

Cheap questions are asked after every commit, dearer ones every so often and at the end. Nothing
here calls a service, but for what anybody may read: a mistake of a service must not be its own
judge.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from owc.blobs.segments import SettledSubJob, read_segment
from owc.domain.states import (
    JOB_MOVES,
    LEASE_MOVES,
    SUB_JOB_MOVES,
    JobState,
    LeaseState,
    SubJobState,
)
from owc.errors import NotFound, ResultNotReady
from owc.services import catalogue
from owc.services.hub import Hub
from tests.simulation.world import World

TILED: Final = ("running", "paused", "merging", "succeeded")
ENDED: Final = ("succeeded", "failed", "cancelled", "removed")


class Violation(BaseException):
    """Something that must hold does not. Not an Exception: nothing of the product may catch it."""


class Invariants:
    """Looks at one hub's database after each commit."""

    def __init__(self, world: World, hub: Hub, path: Path, *, every: int) -> None:
        self._world, self._hub, self._every = world, hub, every
        self._db = sqlite3.connect(path, isolation_level=None)
        self._last_move = 0
        self._settled: Counter[str] = Counter()
        self._commits = 0
        self._segments: dict[str, list[SettledSubJob]] = {}
        self.succeeded: list[str] = []
        """Jobs, in the order in which they did."""

    def close(self) -> None:
        self._db.close()

    def after_commit(self) -> None:
        """Asked after each."""
        self._commits += 1
        touched = self._moves()
        if touched:
            self._counts()
            if self._commits % self._every == 0:
                self._leases()
        if self._commits % (10 * self._every) == 0:
            self.look()

    def look(self) -> None:
        """Everything. What services show is what they show at this very moment."""
        with self._world.at_once():
            self._moves()
            self._counts()
            self._leases()
            self._tiles()
            self._results()
            self._sight()

    def at_the_end(self) -> None:
        """And that nothing is left over."""
        self.look()
        (active,) = self._one("SELECT count(*) FROM lease WHERE state = 'active'")
        self._demand(active == 0, f"{active} leases are active and no job is")
        (open_ones,) = self._one(
            "SELECT count(*) FROM sub_job JOIN job ON job.id = job_id WHERE job.state = 'succeeded'"
            " AND sub_job.state IN ('waiting', 'leased', 'judging')"
        )
        self._demand(open_ones == 0, f"{open_ones} sub-jobs are open in jobs that succeeded")

    # Each of them

    def _moves(self) -> bool:
        """Every move is in its table, whoever wrote it; a sub-job settles once, unless it was
        opened again in between."""
        rows = self._db.execute(
            "SELECT number, kind, id, job_id, before, after FROM sim_move WHERE number > ?"
            " ORDER BY number",
            (self._last_move,),
        ).fetchall()
        for number, kind, entity, job_id, before, after in rows:
            self._last_move = number
            self._world.note(f"{kind} {entity} {before} -> {after}")
            is_legal = (
                self._may_go(job_id, before) if after is None else _is_legal(kind, before, after)
            )
            self._demand(is_legal, f"{kind} {entity}: {before} -> {after}")
            if kind == "sub_job":
                self._settled[entity] += (after == "settled") - (before == "settled")
                self._demand(
                    self._settled[entity] in (0, 1),
                    f"sub-job {entity} is settled {self._settled[entity]} times",
                )
            if kind == "job" and after == "succeeded":
                self.succeeded.append(entity)
        return bool(rows)

    def _may_go(self, job_id: str, before: str) -> bool:
        """Whether the row of a sub-job may be deleted."""
        (state,) = self._one("SELECT state FROM job WHERE id = ?", (job_id,))
        return before in ("settled", "replaced") or state in ENDED

    def _counts(self) -> None:
        """What a job says of itself is what is there."""
        for job_id, end, rows, sub_jobs in self._db.execute(
            "SELECT id, coalesce(rows_total, 1 << 60), rows_settled, sub_jobs_settled FROM job"
            " WHERE state IN ('running', 'paused', 'merging', 'succeeded')"
        ).fetchall():
            there = self._one(
                "SELECT coalesce(sum(rows), 0), count(*) FROM sub_job"
                " WHERE job_id = ? AND state = 'settled' AND first_row < ?",
                (job_id, end),
            )
            kept = self._kept(job_id, end)
            found = (there[0] + sum(each.rows for each in kept), there[1] + len(kept))
            self._demand(
                (rows, sub_jobs) == found,
                f"job {job_id} says {(rows, sub_jobs)} rows and sub-jobs are settled: {found} are",
            )

    def _kept(self, job_id: str, end: int) -> list[SettledSubJob]:
        return [each for each in self._in_segments(job_id) if each.first_row < end]

    def _in_segments(self, job_id: str) -> list[SettledSubJob]:
        found = []
        for first_row, rows, sub_jobs, sha256 in self._db.execute(
            "SELECT first_row, rows, sub_jobs, sha256 FROM segment WHERE job_id = ?"
            " ORDER BY first_row",
            (job_id,),
        ).fetchall():
            if sha256 not in self._segments:
                self._segments[sha256] = read_segment(self._hub.blobs, sha256)
            kept = self._segments[sha256]
            told, there = (rows, sub_jobs), (sum(each.rows for each in kept), len(kept))
            self._demand(told == there, f"segment {first_row} of {job_id}: {told} is {there}")
            found += kept
        return found

    def _leases(self) -> None:
        """Every active lease has something open, that is leased; whatever is leased has a lease."""
        holders: dict[str, list[str]] = defaultdict(list)
        for lease_id, entries, count in self._db.execute(
            "SELECT id, entries, open_count FROM lease WHERE state = 'active'"
        ).fetchall():
            still = [each for each, outcome in json.loads(entries).items() if outcome is None]
            self._demand(
                len(still) == count > 0,
                f"lease {lease_id} is active: {len(still)} entries are open, {count} it says",
            )
            for each in still:
                holders[each].append(lease_id)
        leased = set()
        for sub_job_id, job_state in self._db.execute(
            "SELECT sub_job.id, job.state FROM sub_job JOIN job ON job.id = job_id"
            " WHERE sub_job.state = 'leased'"
        ).fetchall():
            leased.add(sub_job_id)
            self._demand(
                sub_job_id in holders, f"sub-job {sub_job_id} of a {job_state} job: nobody has it"
            )
        for sub_job_id in holders.keys() - leased:
            self._demand(
                False, f"sub-job {sub_job_id} is held by {holders[sub_job_id]}, and is not leased"
            )

    def _tiles(self) -> None:
        """What is settled, open, skipped and not yet cut is each row of the source once."""
        for job_id, next_row, ready, total in self._db.execute(
            f"SELECT id, next_row, rows_ready, rows_total FROM job WHERE state IN {TILED}"
        ).fetchall():
            self._demand(
                next_row <= ready and total in (None, ready), f"job {job_id}: the cursor is behind"
            )
            pieces = self._db.execute(
                "SELECT first_row, rows FROM sub_job"
                " WHERE job_id = ? AND state NOT IN ('replaced') AND first_row < ?",
                (job_id, next_row),
            ).fetchall()
            pieces += [(each.first_row, each.rows) for each in self._kept(job_id, next_row)]
            pieces += [
                (row, 1)
                for (row,) in self._db.execute(
                    "SELECT row FROM skipped_row WHERE job_id = ? AND row < ?", (job_id, next_row)
                ).fetchall()
            ]
            self._demand_tiled(job_id, pieces, next_row)

    def _demand_tiled(self, job_id: str, pieces: Iterable[tuple[int, int]], end: int) -> None:
        at = 0
        for first_row, rows in sorted(pieces):
            what = "lost" if first_row > at else "there twice"
            self._demand(first_row == at, f"job {job_id}: rows from {at} to {first_row} are {what}")
            at = first_row + rows
        self._demand(at == end, f"job {job_id}: the rows end at {at}, not at {end}")

    def _results(self) -> None:
        """One result a volunteer; a settled sub-job has one that counts, and no other has one."""
        twice = self._db.execute(
            "SELECT sub_job_id, volunteer_id FROM result WHERE volunteer_id IS NOT NULL"
            " GROUP BY 1, 2 HAVING count(*) > 1"
        ).fetchall()
        self._demand(not twice, f"results that are there twice: {twice}")
        for sub_job_id, state, sha256, counting, output in self._db.execute(
            "SELECT sub_job.id, sub_job.state, result_sha256,"
            " count(result.id) FILTER (WHERE canonical),"
            " max(output_sha256) FILTER (WHERE canonical)"
            " FROM sub_job LEFT JOIN result ON sub_job_id = sub_job.id GROUP BY sub_job.id"
        ).fetchall():
            right = (1, sha256) if state == "settled" else (0, None)
            self._demand(
                (counting, output) == right or state in ("cancelled", "failed"),
                f"sub-job {sub_job_id} is {state}, and {counting} results of it count",
            )

    def _sight(self) -> None:
        """Nothing of what is not settled can be seen: no answer of a job that goes on, no output
        that volunteers sent."""
        for job_id, state in self._db.execute("SELECT id, state FROM job").fetchall():
            if state != "succeeded":
                try:
                    catalogue.result_file(self._hub, job_id)
                except ResultNotReady:
                    pass
                else:
                    self._demand(False, f"job {job_id} is {state} and shows a result")
            for view in catalogue.sub_jobs(self._hub, job_id, limit=1000):
                if view.state in (SubJobState.WAITING, SubJobState.LEASED, SubJobState.JUDGING):
                    shown = (view.result_sha256, view.volunteer, view.verdict)
                    self._demand(
                        shown == (None, None, None), f"sub-job {view.id} is {view.state}: {shown}"
                    )
        newest = self._one("SELECT max(output_sha256) FROM result WHERE output IS NULL")
        if newest[0] is not None:
            try:
                catalogue.public_blob(self._hub, newest[0])
            except NotFound:
                pass
            else:
                self._demand(False, f"output {newest[0]} can be fetched")

    # For whoever judges the run

    def settled(self, job_id: str) -> list[tuple[int, int, str, str | None, str | None]]:
        """First row, rows, hash, volunteer and verdict of all that the answer is made of."""
        (end,) = self._one("SELECT rows_total FROM job WHERE id = ?", (job_id,))
        found = self._db.execute(
            "SELECT first_row, rows, result_sha256, volunteer_id, verdict FROM sub_job"
            " WHERE job_id = ? AND state = 'settled' AND first_row < ?",
            (job_id, end),
        ).fetchall()
        found += [
            (each.first_row, each.rows, each.result_sha256, each.volunteer, each.verdict)
            for each in self._kept(job_id, end)
        ]
        return sorted(found)

    def job_states(self) -> dict[str, str]:
        return dict(self._db.execute("SELECT id, state FROM job").fetchall())

    def fetch(self, query: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        return self._db.execute(query, values).fetchall()

    def _one(self, query: str, values: tuple[Any, ...] = ()) -> tuple[Any, ...]:
        row: tuple[Any, ...] = self._db.execute(query, values).fetchone()
        return row

    def _demand(self, holds: bool, what: str) -> None:
        if not holds:
            raise Violation(what)


def _is_legal(kind: str, before: str | None, after: str) -> bool:
    if kind == "lease":
        return before is None or LeaseState(after) in LEASE_MOVES[LeaseState(before)]
    if kind == "job":
        return JobState(after) in JOB_MOVES[JobState(before)]
    if before is None:
        # of its segment, to be judged, or cut anew
        return after in ("waiting", "judging")
    return SubJobState(after) in SUB_JOB_MOVES[SubJobState(before)]
