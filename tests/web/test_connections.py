"""Bookkeeping of open sockets: identities move to the newest, the longest wait goes first."""

from __future__ import annotations

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


def test_those_who_wait_longest_are_taken_first_and_once() -> None:
    connections = Connections()
    for sid in "abc":
        connections.wait(opened(connections, sid))
    assert connections.take_waiting(2) == ["a", "b"]
    connections.remove("c")
    assert connections.take_waiting(5) == []
