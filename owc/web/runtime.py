"""What the handlers of one web process share: the hub, the lanes, the signer, the limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

from flask import current_app

from owc.domain.ids import new_id
from owc.services.conflicts import until_no_conflict
from owc.services.hub import Hub
from owc.settings import Settings
from owc.web.lanes import Lane
from owc.web.rates import RateLimits
from owc.web.tokens import TokenSigner

P = ParamSpec("P")
T = TypeVar("T")

EXTENSION = "owc"


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """One web process. `write`, `read` and `compute` run a service function in its lane;
    `process_id`: what this process is called in SQL."""

    settings: Settings
    hub: Hub
    writer: Lane
    reader: Lane
    computer: Lane
    tokens: TokenSigner
    rates: RateLimits
    open_to_loopback: bool
    process_id: str = field(default_factory=lambda: new_id("web"))

    def write(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return self.writer.run(lambda: until_no_conflict(function, *args, **kwargs))

    def read(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return self.reader.run(function, *args, **kwargs)

    def compute(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return self.computer.run(function, *args, **kwargs)

    def close(self) -> None:
        """Finish what the lanes hold and close the hub."""
        self.computer.close()
        self.reader.close()
        self.writer.run(self.hub.close)  # its connections belong to the writer's thread
        self.writer.close()


def runtime() -> Runtime:
    """The runtime of the app that handles the current request."""
    found: Runtime = current_app.extensions[EXTENSION]
    return found
