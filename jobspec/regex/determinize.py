"""Programs to deterministic automata, by following all ways of a program at once.

A state is the list of places that the ways have reached, in order of preference, before the
assertions there are asked: those need the next byte too. An edge of the automaton therefore asks,
notes a match that ends before its byte, and reads the byte. Behind the last byte of a text comes
the end, which has an edge of its own. A state also knows what assertions ask about the byte before.

Inside a character only bytes from 0x80 to 0xBF can follow, elsewhere none of these. So the columns
of the former and of the others share their numbers, and a state is of one sort or the other.

A matcher wants to know only whether there is a match: its states are sets, and the first match
leads to `MATCHED` for good. A finder wants the bounds that Perl and RE2 would find: ways behind a
match in the order of preference are given up, and each way carries registers, which edges move.
"""

from __future__ import annotations

from dataclasses import dataclass

from jobspec.regex.characters import WORD
from jobspec.regex.errors import LESS, TOO_LARGE, RegexError
from jobspec.regex.program import Accept, Ask, Instruction, Mark, Program, Split, Step
from jobspec.regex.tree import Where

MAX_STATES = 2000
MAX_ENTRIES = 130_000
MAX_WORK = 200_000
"""Edges of programs that are followed: about a fifth of a second."""
MAX_WAYS = 400

DEAD, MATCHED = 0, 1
HERE = -1
"""As the source of a move: the place that is reached."""

EDGE, NEWLINE, IN_WORD = 1, 2, 4
"""What assertions ask about the byte on a side: none, a newline, a letter of a word."""

Moves = tuple[tuple[int, int], ...]
"""Registers and what is written to them, all at once: another register, or HERE."""


@dataclass(slots=True)
class Automaton:
    """States are numbers; 0 is DEAD, 1 is MATCHED. Column `columns - 1` is an end of the text."""

    column_of: bytes
    """The column of each byte."""
    columns: int
    starts: list[int]
    """The first state, by the column of what stands before it: at the text's begin, an end;
    behind a character that is not ASCII, the byte 0xFF."""
    rows: list[list[tuple[int, Moves]]]
    """For each state and column the next state, and the moves of registers."""


def determinize(program: Program, marks: tuple[int, ...] | None) -> Automaton:
    """The automaton of a program: a matcher, or a finder of these marks if there are any.

    Raises RegexError if it would be too large.
    """
    return _Determinizer(program, marks).run()


@dataclass(slots=True)
class _Reached:
    """The steps that can be taken from a state, and the way that ends in a match, if one does."""

    steps: list[tuple[int, int, tuple[int, ...]]]
    """Instruction, index of its way in the state, marks that are passed."""
    match: tuple[int, tuple[int, ...]] | None


_Targets = tuple[tuple[int, int, tuple[int, ...]], ...]
"""Where ways lead: the place, the index of the way in the state, and the marks that it passed."""
_State = tuple[int, tuple[int, ...]]
"""What is known of the byte before, and the places of the ways."""


class _Determinizer:
    def __init__(self, program: Program, marks: tuple[int, ...] | None) -> None:
        self._program = program
        self._marks = marks
        self._before, self._after = _sides(program.instructions)
        self._column_of, *self._samples = _columns(program, self._before | self._after)
        self._end = max(map(len, self._samples))
        self._edges = self._edges_by_column()
        self._numbers: dict[_State, int] = {(0, ()): DEAD, (-1, ()): MATCHED}
        self._pending: list[_State] = []
        self._work = 0

    def run(self) -> Automaton:
        known = [
            *(_KNOWN[sample] for sample in self._samples[0]),
            *[0] * (self._end - len(self._samples[0])),
            EDGE,
        ]
        starts = [self._number((before & self._before, (self._program.start,))) for before in known]
        columns = self._end + 1
        rows: list[list[tuple[int, Moves]]] = [[(state, ())] * columns for state in (DEAD, MATCHED)]
        rows.extend(map(self._row, self._pending))  # which grows
        return Automaton(self._column_of, columns, starts, rows)

    def _number(self, state: _State) -> int:
        known = self._numbers.get(state)
        if known is not None:
            return known
        number = len(self._numbers)
        entries = number * (self._end + 1)
        if number >= MAX_STATES or entries > MAX_ENTRIES or len(state[1]) > MAX_WAYS:
            raise RegexError(TOO_LARGE, LESS)
        self._numbers[state] = number
        self._pending.append(state)
        return number

    def _row(self, state: _State) -> list[tuple[int, Moves]]:
        before, ways = state
        inside = any(self._is_inside(way) for way in ways)
        row: list[tuple[int, Moves]] = [(DEAD, ())] * (self._end + 1)
        reached: dict[int, _Reached] = {}
        followed: dict[int, dict[int, _Targets]] = {}
        entries: dict[tuple[int, int, _Targets], tuple[int, Moves]] = {}
        for column, sample in (*enumerate(self._samples[inside]), (self._end, None)):
            known = EDGE if sample is None else _KNOWN[sample]
            after = known & self._after
            if after not in reached:
                reached[after] = self._reach(ways, before, after)
                followed[after] = self._follow(reached[after])
            targets = () if sample is None else followed[after].get(column, ())
            alike = (after, known & self._before if targets else 0, targets)
            if alike not in entries:  # most bytes of a row lead to few places
                entries[alike] = self._entry(reached[after], alike[1], targets)
            row[column] = entries[alike]
        return row

    def _is_inside(self, place: int) -> bool:
        """Whether a way stands inside a character: such ways, and only such, come in one state."""
        instruction = self._program.instructions[place]
        return (
            isinstance(instruction, Step)
            and bool(instruction.edges)
            and _is_continuation(instruction.edges[0][0])
        )

    def _reach(self, ways: tuple[int, ...], before: int, after: int) -> _Reached:
        """Follow all that needs no byte, in order of preference."""
        seen: set[int] = set()
        reached = _Reached([], None)
        instructions = self._program.instructions
        for index, way in enumerate(ways):
            open_ways: list[tuple[int, tuple[int, ...]]] = [(way, ())]
            while open_ways:
                place, passed = open_ways.pop()
                if place in seen:
                    continue
                seen.add(place)
                self._count(1)
                match instructions[place]:
                    case Step():
                        reached.steps.append((place, index, passed))
                    case Split(branches):
                        open_ways += [(branch, passed) for branch in reversed(branches)]
                    case Ask(where, then):
                        if holds(where, before, after):
                            open_ways.append((then, passed))
                    case Mark(number, then):
                        open_ways.append((then, (*passed, number)))
                    case Accept():
                        reached.match = (index, passed)
                        return reached
        return reached

    def _follow(self, reached: _Reached) -> dict[int, _Targets]:
        """The places that each column leads to, the first way to each of them only."""
        found: dict[int, dict[int, tuple[int, int, tuple[int, ...]]]] = {}
        for place, index, passed in reached.steps:
            edges = self._edges[place]
            self._count(len(edges))
            for column, target in edges:
                found.setdefault(column, {}).setdefault(target, (target, index, passed))
        return {column: tuple(targets.values()) for column, targets in found.items()}

    def _entry(self, reached: _Reached, before: int, targets: _Targets) -> tuple[int, Moves]:
        if self._marks is None:
            if reached.match is not None:
                return MATCHED, ()
            places = tuple(sorted(target for target, _, _ in targets))
        else:
            places = tuple(target for target, _, _ in targets)
        return self._number((before, places)), self._moves(reached, targets)

    def _moves(self, reached: _Reached, targets: _Targets) -> Moves:
        """Registers: those of the match first (its end, then the marks), then each way's marks."""
        marks = self._marks
        if marks is None:
            return ()
        moves: list[tuple[int, int]] = []
        if reached.match is not None:
            moves.append((0, HERE))
            moves += _transfer(marks, 1, *reached.match)
        for slot, (_, index, passed) in enumerate(targets):
            moves += _transfer(marks, 1 + len(marks) * (slot + 1), index, passed)
        return tuple((target, source) for target, source in moves if target != source)

    def _edges_by_column(self) -> dict[int, list[tuple[int, int]]]:
        found: dict[int, list[tuple[int, int]]] = {}
        for place, instruction in enumerate(self._program.instructions):
            if isinstance(instruction, Step):
                edges: dict[int, int] = {}
                for first, last, target in instruction.edges:
                    for column in range(self._column_of[first], self._column_of[last] + 1):
                        edges[column] = target
                found[place] = list(edges.items())
        return found

    def _count(self, edges: int) -> None:
        self._work += edges
        if self._work > MAX_WORK:
            raise RegexError(TOO_LARGE, LESS)


def _transfer(
    marks: tuple[int, ...], base: int, way: int, passed: tuple[int, ...]
) -> list[tuple[int, int]]:
    """What the registers from `base` on take from a way and from the marks that it passed."""
    source = 1 + len(marks) * (way + 1)
    return [(base + at, HERE if mark in passed else source + at) for at, mark in enumerate(marks)]


def holds(where: Where, before: int, after: int) -> bool:
    """Whether an assertion holds between two bytes of which so much is known."""
    match where:
        case Where.TEXT_BEGIN:
            return bool(before & EDGE)
        case Where.TEXT_END:
            return bool(after & EDGE)
        case Where.LINE_BEGIN:
            return bool(before & (EDGE | NEWLINE))
        case Where.LINE_END:
            return bool(after & (EDGE | NEWLINE))
        case Where.WORD_BOUNDARY:
            return bool(before & IN_WORD) != bool(after & IN_WORD)
        case Where.NO_WORD_BOUNDARY:
            return bool(before & IN_WORD) == bool(after & IN_WORD)


_ASKED = {
    Where.TEXT_BEGIN: (EDGE, 0),
    Where.TEXT_END: (0, EDGE),
    Where.LINE_BEGIN: (EDGE | NEWLINE, 0),
    Where.LINE_END: (0, EDGE | NEWLINE),
    Where.WORD_BOUNDARY: (IN_WORD, IN_WORD),
    Where.NO_WORD_BOUNDARY: (IN_WORD, IN_WORD),
}


def _sides(instructions: tuple[Instruction, ...]) -> tuple[int, int]:
    """What the assertions of a program ask about the byte before, and about the one after."""
    before = after = 0
    for instruction in instructions:
        if isinstance(instruction, Ask):
            left, right = _ASKED[instruction.where]
            before, after = before | left, after | right
    return before, after


def _known(byte: int) -> int:
    if byte == ord("\n"):
        return NEWLINE
    return IN_WORD if any(low <= byte <= high for low, high in WORD) else 0


_KNOWN = tuple(map(_known, range(256)))
"""All that assertions ask about each byte."""


def _is_continuation(byte: int) -> bool:
    return 0x80 <= byte <= 0xBF


def _columns(program: Program, asked: int) -> tuple[bytes, list[int], list[int]]:
    """Classes of bytes that no edge and no assertion tells apart, and one byte of each.

    First those that begin a character, then those inside; both are numbered from 0.
    """
    cuts = {0, 0x80, 0xC0, 0xF8}
    for instruction in program.instructions:
        if isinstance(instruction, Step):
            for first, last, _ in instruction.edges:
                cuts |= {first, last + 1}
    if asked & NEWLINE:
        cuts |= {10, 11}
    if asked & IN_WORD:
        cuts |= {cut for low, high in WORD for cut in (low, high + 1)}
    column_of = bytearray(256)
    samples: tuple[list[int], list[int]] = ([], [])
    for byte in range(256):
        own = samples[_is_continuation(byte)]
        if byte in cuts:
            own.append(byte)
        column_of[byte] = len(own) - 1
    return bytes(column_of), *samples
