"""The hub's own runs of programs: in processes apart from the one that asks.

A program comes from a stranger. The engine keeps it inside its memory and its fuel; that the engine
has a fault, or that something costs time without costing fuel, must not end or hold up an RQ worker
process. So programs run in a child that may be killed at any moment, and the worker goes on.
"""

from __future__ import annotations

from owc.runs.children import Children
from owc.runs.runs import InProcess, Limits, Outcome, Runs

__all__ = ["Children", "InProcess", "Limits", "Outcome", "Runs"]
