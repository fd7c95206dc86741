"""Where service calls run, so that neither the event loop nor the database is ever fought over.

One writer lane: every call that writes SQL or talks to Redis, one after the other, in one native
thread. One reader lane of a few native threads for calls that only read SQL and blobs. One for long
computation such as compiling, which must hold up neither. Under gevent the caller's greenlet sleeps
meanwhile and the event loop turns; in threading mode (tests, small hubs) the caller's thread waits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_END = object()


class Lane(Protocol):
    """Runs calls elsewhere and waits for them; what they raise is raised."""

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T: ...

    def close(self) -> None: ...


class ThreadLane:
    """Native threads of the standard library."""

    def __init__(self, threads: int, name: str) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return self._pool.submit(function, *args, **kwargs).result()

    def close(self) -> None:
        self._pool.shutdown(wait=True)


class GeventLane:
    """Native threads of gevent: those of the standard library are greenlets once it is patched."""

    def __init__(self, threads: int) -> None:
        from gevent.threadpool import ThreadPool

        self._pool: Any = ThreadPool(threads)

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        outcome: tuple[T, None] | tuple[None, BaseException]
        outcome = self._pool.apply(_caught, (function, args, kwargs))
        if outcome[1] is not None:
            raise outcome[1]
        return outcome[0]

    def close(self) -> None:
        self._pool.join()
        self._pool.kill()


def _caught(
    function: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[T, None] | tuple[None, BaseException]:
    # gevent prints every exception that leaves a thread of its pool, expected or not.
    try:
        return function(*args, **kwargs), None
    except BaseException as error:  # noqa: BLE001 - raised again by whoever waits
        return None, error


def open_lane(*, gevent: bool, threads: int, name: str) -> Lane:
    """A lane for this process's kind of concurrency."""
    return GeventLane(threads) if gevent else ThreadLane(threads, name)


def each(lane: Lane, items: Iterator[T]) -> Iterator[T]:
    """The items, each produced in the lane: for streaming what is expensive to make."""
    while True:
        item = lane.run(next, items, _END)
        if item is _END:
            return
        yield item  # type: ignore[misc]  # it is not the sentinel
