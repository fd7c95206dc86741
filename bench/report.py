"""Figures and how they are shown: a table for people, JSON for everything else."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure should be."""

    bound: Literal["at most", "at least"]
    value: float

    def is_met(self, found: float) -> bool:
        return found <= self.value if self.bound == "at most" else found >= self.value

    def __str__(self) -> str:
        return f"{self.bound} {_short(self.value)}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One line: what was measured once for each repetition, and what belongs to it. A goal is for
    the median, and for the sizes of a whole run: a quick one says less."""

    group: str
    name: str
    unit: str
    values: tuple[float, ...]
    note: str = ""
    goal: Goal | None = None
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def is_met(self) -> bool | None:
        """Whether the goal is; None where there is none."""
        return None if self.goal is None else self.goal.is_met(self.median)

    def as_dict(self) -> dict[str, Any]:
        spread = {"median": self.median, "min": min(self.values), "max": max(self.values)}
        return {**asdict(self), **spread, "is_met": self.is_met}


def print_table(figures: Sequence[Figure], machine: dict[str, Any]) -> None:
    """All figures, in groups."""
    console = Console(width=170, soft_wrap=True)
    console.print(", ".join(f"{name} {value}" for name, value in machine.items()))
    table = Table(show_header=True, header_style="bold", box=None, pad_edge=False)
    for column, justify in (
        ("what", "left"),
        ("median", "right"),
        ("min - max", "right"),
        ("unit", "left"),
        ("goal", "left"),
        ("note", "left"),
    ):
        table.add_column(column, justify=justify, overflow="fold")  # type: ignore[arg-type]
    group = ""
    for figure in figures:
        if figure.group != group:
            group = figure.group
            table.add_section()
            table.add_row(f"[bold]{group}[/bold]")
        several = len(figure.values) > 1
        spread = f"{_short(min(figure.values))} - {_short(max(figure.values))}" if several else ""
        table.add_row(
            f"  {figure.name}",
            _short(figure.median),
            spread,
            figure.unit,
            _verdict(figure),
            figure.note,
        )
    console.print(table)


def write_json(
    path: Path, figures: Sequence[Figure], machine: dict[str, Any], wrong: Sequence[str]
) -> None:
    """Everything, for comparison with other runs. `wrong`: what was not as it must be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    described = [figure.as_dict() for figure in figures]
    document = {"machine": machine, "figures": described, "wrong": list(wrong)}
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def _verdict(figure: Figure) -> str:
    if figure.goal is None:
        return ""
    return f"{figure.goal}: {'met' if figure.is_met else 'MISSED'}"


def _short(value: float) -> str:
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) >= 1 else f"{value:.3f}"
