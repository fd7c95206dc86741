"""What goes wrong with the hub while volunteers work, at moments drawn from the seed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from owc.services import upkeep
from tests.simulation.hub_side import EXPECTED
from tests.simulation.world import Process

if TYPE_CHECKING:
    from tests.simulation.cast import Cast

PASSES: Final = (
    upkeep.expire,
    upkeep.relieve,
    upkeep.arbitrate,
    upkeep.feed,
    upkeep.reconcile,
    upkeep.prune,
)


class Faults:
    """Breaks something every so often, until `stop`."""

    def __init__(self, cast: Cast, *, pause: float) -> None:
        self._cast, self._world, self._side = cast, cast.world, cast.side
        self._pause, self._is_over = pause, False
        self._next()

    def stop(self) -> None:
        self._is_over = True
        self._side.losing_news = 0.0

    def _next(self) -> None:
        self._world.at(self._world.rng.expovariate(1 / self._pause), self._strike)

    def _strike(self) -> None:
        if self._is_over:
            return
        name = self._world.rng.choice(sorted(FAULTS))
        self._world.note(f"fault: {name}")
        FAULTS[name](self)
        self._next()

    # What can go wrong

    def flush_redis(self) -> None:
        self._side.redis.flushall()

    def lose_redis(self) -> None:
        self._side.queue.be_away(self._world.rng.uniform(1.0, 20.0))

    def kill_web(self) -> None:
        webs = self._side.webs
        if webs:
            self._world.rng.choice(webs).crash()

    def kill_at_once(self) -> None:
        """Where it stands now: before one of its transactions, or during a run of the hub."""
        self._some_process(lambda process: process.kill())

    def kill_before_a_commit(self) -> None:
        self._some_process(lambda process: setattr(process, "doom", "in"))

    def kill_after_a_commit(self) -> None:
        """What should have followed the commit does not."""
        self._some_process(lambda process: setattr(process, "doom", "after"))

    def runs_die(self) -> None:
        """For a while, some of the hub's runs end the process that runs them."""
        self._side.runs.dying = 0.05
        self._world.at(10.0, setattr, self._side.runs, "dying", 0.0)

    def upkeep_twice(self) -> None:
        """Two passes of everything at once, beside those of the web processes."""
        for number in range(2):
            self._world.spawn(f"pass {number}", self._pass).on_end.append(self._ended)

    def volunteer_crashes(self) -> None:
        there = [each for each in self._cast.volunteers if each.is_present]
        if there:
            volunteer = self._world.rng.choice(there)
            volunteer.crash()
            self._world.at(self._world.rng.uniform(0.5, 90.0), volunteer.come)

    def volunteer_leaves(self) -> None:
        there = [each for each in self._cast.volunteers if each.is_present]
        if there:
            volunteer = self._world.rng.choice(there)
            volunteer.leave()
            self._world.at(self._world.rng.uniform(5.0, 90.0), volunteer.come)

    def way_is_cut(self) -> None:
        there = [each for each in self._cast.volunteers if each.is_present]
        for volunteer in there:
            if self._world.rng.random() < 0.3:
                volunteer.lose_way()

    def _pass(self) -> None:
        for duty in PASSES:
            try:
                duty(self._side.hub)
            except EXPECTED as error:
                self._world.note(f"a pass was refused: {error.code}")

    def _ended(self, reason: BaseException | None) -> None:
        if isinstance(reason, Exception):
            self._side.troubles.append(reason)

    def _some_process(self, act: Callable[[Process], object]) -> None:
        processes = self._world.processes()
        if processes:
            act(self._world.rng.choice(processes))


FAULTS: Final[dict[str, Callable[[Faults], None]]] = {
    name: function
    for name, function in vars(Faults).items()
    if callable(function) and not name.startswith("_") and name != "stop"
}
"""By name."""
