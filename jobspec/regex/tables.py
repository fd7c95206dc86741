"""Automata as bytes: what the kernels of `jobspec.kernels.patterns` read.

All numbers are little endian. A state is written as the index of its first entry, so that an entry
is found by one addition.

Matcher: the column of each byte (256), the end's column, the first state, the state MATCHED (u16
each, and two bytes of nothing), then for each state and column the next state (u16).

Finder: the column of each byte (256), the end's column (u16), the count of registers (u16), the
offsets of entries and of moves from the start (u32 each), the first state by the column before it
(u16 each), entries, moves. An entry (u32) is the next state and, in its upper half, where its moves
are, counted in u16; there is nothing to move at 0. Moves are their count, then target and source of
each (u16), to be done in order; the source 0xFFFF is the place that is reached.
"""

from __future__ import annotations

import struct

from jobspec.regex.determinize import HERE, MATCHED, Automaton, Moves
from jobspec.regex.errors import LESS, TOO_LARGE, RegexError

_HERE = 0xFFFF
_MAX = 0xFFFF
"""Entries and words of moves, since 16 bits say where they are."""


def matcher_table(automaton: Automaton) -> bytes:
    columns = _columns(automaton)
    entries = [next_ * columns for row in automaton.rows for next_, _ in row]
    first = automaton.starts[-1] * columns
    head = struct.pack("<HHHH", columns - 1, first, MATCHED * columns, 0)
    return automaton.column_of + head + struct.pack(f"<{len(entries)}H", *entries)


def finder_table(automaton: Automaton) -> bytes:
    columns = _columns(automaton)
    moves = _Moves(automaton)
    entries = [
        next_ * columns | moves.place(given) << 16 for row in automaton.rows for next_, given in row
    ]
    starts = struct.pack(f"<{columns}H", *(state * columns for state in automaton.starts))
    starts += bytes(-len(starts) % 4)
    entries_at = 256 + 12 + len(starts)
    moves_at = entries_at + 4 * len(entries)
    head = struct.pack("<HHII", columns - 1, moves.spare + 1, entries_at, moves_at)
    body = struct.pack(f"<{len(entries)}I", *entries)
    return automaton.column_of + head + starts + body + moves.written()


def _columns(automaton: Automaton) -> int:
    if len(automaton.rows) * automaton.columns > _MAX:
        raise RegexError(TOO_LARGE, LESS)
    return automaton.columns


class _Moves:
    """Lists of moves, each written once."""

    def __init__(self, automaton: Automaton) -> None:
        lists = {given for row in automaton.rows for _, given in row}
        registers = [register for given in lists for move in given for register in move]
        self.spare = max(registers, default=0) + 1
        """A register for values that two others exchange, behind all of them."""
        self._words = [0]
        self._places: dict[Moves, int] = {(): 0}

    def place(self, given: Moves) -> int:
        known = self._places.get(given)
        if known is not None:
            return known
        place = self._places[given] = len(self._words)
        ordered = in_order(given, self.spare)
        self._words.append(len(ordered))
        for target, source in ordered:
            self._words += (target, _HERE if source == HERE else source)
        if len(self._words) > _MAX:
            raise RegexError(TOO_LARGE, "ask for one group, or repeat less")
        return place

    def written(self) -> bytes:
        return struct.pack(f"<{len(self._words)}H", *self._words)


def in_order(moves: Moves, spare: int) -> list[tuple[int, int]]:
    """Moves that happen at once as moves one after the other."""
    waiting = dict(moves)
    ordered: list[tuple[int, int]] = []
    while waiting:
        read = set(waiting.values())
        free = [target for target in waiting if target not in read]
        if free:
            ordered += [(target, waiting.pop(target)) for target in free]
            continue
        target = next(iter(waiting))  # all that is left are circles
        ordered.append((spare, target))
        ordered.append((target, waiting.pop(target)))
        waiting = {other: spare if of == target else of for other, of in waiting.items()}
    return ordered
