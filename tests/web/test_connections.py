"""Bookkeeping of open sockets: identities move to the newest, the longest wait goes first."""

from __future__ import annotations

from typing import Any

from owc.domain.matching import BASE_MEMORY_BYTES, Capabilities, Requirement
from owc.domain.nudging import Strategy
from owc.web.connections import Connection, Connections


def opened(connections: Connections, sid: str) -> Connection:
    connections.add(Connection(sid=sid, address=""))
    found = connections.get(sid)
    assert found is not None
    return found


def test_the_newest_socket_of_a_volunteer_is_its_socket() -> None:
    connections = Connections()
    first, second = opened(connections, "a"), opened(connections, "b")
    assert connections.bind(first, "vol_1", "") is None
    assert connections.bind(second, "vol_1", "") is first
    assert connections.of_volunteer("vol_1") is second
    assert connections.remove("a") is None, "a replaced socket does not take its volunteer along"
    assert connections.remove("b") is second
    assert connections.of_volunteer("vol_1") is None


def test_a_socket_without_a_hello_leaves_nobody_behind() -> None:
    connections = Connections()
    opened(connections, "a")
    assert connections.remove("a") is None
    assert connections.remove("a") is None
    assert len(connections) == 0


def test_adding_a_socket_again_does_not_reset_it() -> None:
    connections = Connections()
    connection = opened(connections, "a")
    connections.bind(connection, "vol_1", "")
    connections.add(Connection(sid="a", address="elsewhere"))
    assert connections.get("a") is connection


def take(connections: Connections, most: int, **more: Any) -> list[str]:
    return connections.take_waiting(most, Strategy.ROUND_ROBIN, lambda: 0.5, **more)


def test_those_who_wait_longest_are_taken_first_and_once() -> None:
    connections = Connections()
    for sid in "abc":
        connections.wait(opened(connections, sid))
    assert take(connections, 2) == ["a", "b"]
    connections.remove("c")
    assert take(connections, 5) == []


def test_who_was_told_longest_ago_is_next_in_turn() -> None:
    connections = Connections()
    sockets = {sid: opened(connections, sid) for sid in "abc"}
    for connection in sockets.values():
        connections.wait(connection)
    assert take(connections, 2) == ["a", "b"]
    for sid in "ba":
        connections.wait(sockets[sid])
    assert take(connections, 3) == ["c", "a", "b"]


def test_only_those_are_told_who_can_run_it() -> None:
    connections = Connections()
    for sid, memory in (("small", 1), ("large", 9)):
        connection = opened(connections, sid)
        connection.capabilities = Capabilities(memory_bytes=memory * BASE_MEMORY_BYTES)
        connections.wait(connection)
    needed = Requirement(memory_bytes=4 * BASE_MEMORY_BYTES)
    assert take(connections, 2, needed=needed) == ["large"]
    assert take(connections, 2) == ["small"]


def test_load_and_speed_are_those_of_all_cores() -> None:
    connections = Connections()
    for sid, cores, at_work in (("many", 8, 8), ("one", 1, 2), ("idle", 1, 0)):
        connection = opened(connections, sid)
        connection.capabilities = Capabilities(cores=cores)
        connection.at_work = at_work
        connections.wait(connection)
    assert connections.take_waiting(1, Strategy.FASTEST, lambda: 0.5) == ["many"]
    assert connections.take_waiting(2, Strategy.LEAST_LOADED, lambda: 0.5) == ["idle", "one"]


def test_in_a_crowd_turns_are_kept_and_who_alone_can_run_it_is_found() -> None:
    connections = Connections()
    for number in range(3_000):
        connection = opened(connections, f"s{number}")
        if number == 2_900:
            connection.capabilities = Capabilities(memory_bytes=9 * BASE_MEMORY_BYTES)
        connections.wait(connection)
    assert take(connections, 2) == ["s0", "s1"]
    needed = Requirement(memory_bytes=4 * BASE_MEMORY_BYTES)
    for strategy in (Strategy.FASTEST, Strategy.NEAREST):
        assert connections.take_waiting(9, strategy, lambda: 0.999, needed) == ["s2900"]
        connections.wait(connections.get("s2900") or connection)
    taken = connections.take_waiting(2_000, Strategy.FASTEST, lambda: 0.4)
    assert len(set(taken)) == 2_000
    assert len(take(connections, 2_000)) == 998, "nobody is forgotten, nobody told twice"


def test_a_socket_that_has_closed_does_not_wait() -> None:
    connections = Connections()
    connection = opened(connections, "a")
    connections.remove("a")
    connections.wait(connection)
    assert connections.waiting == 0
