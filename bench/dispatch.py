"""`make bench-dispatch`: a hub's dispatch measured beside its peers, one run, one machine."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import click

from bench import machine, report
from bench.hub import BenchError
from bench.report import Figure
from bench.rows import capacity, crowd, gaps, peers, reaction, tail, throughput, truth
from bench.stage import stage

_RESULTS = Path(__file__).parent / "results" / "dispatch.json"
_SHARED: dict[str, Callable[..., Iterator[Figure]]] = {
    "throughput": throughput.run,
    "gaps": gaps.run,
    "reaction": reaction.run,
}
"""Rows that change no setting of the hub share one."""

_OWN: dict[str, Callable[..., Iterator[Figure]]] = {
    "crowd": crowd.run,
    "tail": tail.run,
    "capacity": capacity.run,
    "truth": truth.run,
    "peers": peers.run,
}


@click.command()
@click.option("--quick", is_flag=True, help="Small sizes, one repetition: two minutes.")
@click.option(
    "--only", multiple=True, type=click.Choice([*_SHARED, *_OWN]), help="Only these rows."
)
@click.option("--json", "path", type=click.Path(path_type=Path), default=_RESULTS)
def main(*, quick: bool, only: tuple[str, ...], path: Path) -> None:
    """Measure, print a table, write JSON. Where something was not as it must be, the rest is
    measured all the same, and the command fails."""
    described = machine.describe()
    figures: list[Figure] = []
    wrong: list[str] = []
    for name, found in _rows(only, quick=quick):
        try:
            _measure(name, found, figures)
        except BenchError as error:
            wrong.append(f"{name}: {error}")
            click.echo(f"  WRONG: {error}", err=True)
        report.write_json(path, figures, described, wrong)
    figures += peers.over_dask(figures)
    report.write_json(path, figures, described, wrong)
    report.print_table(figures, described)
    click.echo(f"\nwritten to {path}")
    for each in wrong:
        click.echo(f"WRONG: {each}", err=True)
    if wrong:
        sys.exit(1)


def _rows(only: tuple[str, ...], *, quick: bool) -> Iterator[tuple[str, Iterator[Figure]]]:
    """Those wanted, each begun when its figures are asked for."""
    shared = [name for name in _SHARED if not only or name in only]
    if shared:
        yield "on one hub", _on_one_hub(shared, quick=quick)
    for name, run in _OWN.items():
        if not only or name in only:
            yield name, run(quick=quick)


def _on_one_hub(names: Sequence[str], *, quick: bool) -> Iterator[Figure]:
    """The hub of a row that went wrong is not believed any more: those after it are left out."""
    with stage() as there:
        for name in names:
            click.echo(f"{name} ...", err=True)
            yield from _SHARED[name](there, quick=quick)


def _measure(name: str, found: Iterator[Figure], figures: list[Figure]) -> None:
    begun = time.monotonic()
    click.echo(f"{name} ...", err=True)
    for figure in found:
        said = f"{figure.name}: {figure.median:,.2f} {figure.unit} {figure.note}"
        click.echo(f"  {said}", err=True)
        figures.append(figure)
    click.echo(f"  took {time.monotonic() - begun:.0f} s", err=True)


if __name__ == "__main__":
    main()
