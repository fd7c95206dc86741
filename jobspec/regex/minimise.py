"""The automaton with the fewest states and columns that does the same (Hopcroft 1971)."""

from __future__ import annotations

from dataclasses import replace

from jobspec.regex.determinize import DEAD, MATCHED, Automaton, Moves


def minimise(automaton: Automaton) -> Automaton:
    """States that no text tells apart become one, and so do bytes that no state tells apart."""
    return _fewer_columns(_fewer_states(automaton))


def _fewer_states(automaton: Automaton) -> Automaton:
    rows = automaton.rows
    block_of = _blocks(rows)
    # MATCHED and DEAD keep their numbers; the others follow in order of their first state.
    renumbered = {block_of[DEAD]: DEAD, block_of[MATCHED]: MATCHED}
    kept = [DEAD, MATCHED]
    for state, block in enumerate(block_of):
        if block not in renumbered:
            renumbered[block] = len(kept)
            kept.append(state)
    number = [renumbered[block] for block in block_of]
    return replace(
        automaton,
        rows=[[(number[next_], moves) for next_, moves in rows[state]] for state in kept],
        starts=[number[state] for state in automaton.starts],
    )


def _blocks(rows: list[list[tuple[int, Moves]]]) -> list[int]:
    """The block of each state in the coarsest partition that edges respect."""
    first: dict[object, list[int]] = {}
    for state, row in enumerate(rows):
        key = (state == MATCHED, tuple(moves for _, moves in row))
        first.setdefault(key, []).append(state)
    blocks: list[set[int]] = [set(states) for states in first.values()]
    block_of = [0] * len(rows)
    for block, states in enumerate(blocks):
        for state in states:
            block_of[state] = block
    into: list[dict[int, list[int]]] = [{} for _ in rows]
    for state, row in enumerate(rows):
        for column, (next_, _) in enumerate(row):
            into[next_].setdefault(column, []).append(state)
    pending = set(range(len(blocks)))
    while pending:
        splitter = tuple(blocks[pending.pop()])
        columns: dict[int, set[int]] = {}
        for state in splitter:
            for column, sources in into[state].items():
                columns.setdefault(column, set()).update(sources)
        for column in sorted(columns):
            _split(columns[column], blocks, block_of, pending)
    return block_of


def _split(
    sources: set[int], blocks: list[set[int]], block_of: list[int], pending: set[int]
) -> None:
    """Part every block into the states that are among the sources, and the others."""
    touched: dict[int, set[int]] = {}
    for state in sources:
        touched.setdefault(block_of[state], set()).add(state)
    for block, inside in touched.items():
        outside = len(blocks[block]) - len(inside)
        if outside == 0:
            continue
        blocks[block] -= inside
        smaller, larger = inside, blocks[block]
        if block not in pending and len(inside) > outside:
            smaller, larger = larger, smaller
        # The block keeps the larger part, unless it is still to be looked at as a whole.
        blocks[block] = larger
        blocks.append(smaller)
        for state in smaller:
            block_of[state] = len(blocks) - 1
        pending.add(len(blocks) - 1)


def _fewer_columns(automaton: Automaton) -> Automaton:
    """The end of the text keeps a column of its own, the last."""
    kept: dict[object, int] = {}
    new = []
    for column in range(automaton.columns - 1):
        content = (automaton.starts[column], tuple(row[column] for row in automaton.rows))
        new.append(kept.setdefault(content, len(kept)))
    samples = [new.index(column) for column in range(len(kept))] + [automaton.columns - 1]
    return replace(
        automaton,
        column_of=bytes(new[column] for column in automaton.column_of),
        columns=len(samples),
        starts=[automaton.starts[column] for column in samples],
        rows=[[row[column] for column in samples] for row in automaton.rows],
    )
