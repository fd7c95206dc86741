"""Regular expressions in RE2's syntax, compiled to tables that kernels read in linear time.

pattern (`parse`) -> tree -> program over UTF-8 bytes (`program`) -> deterministic automaton
(`determinize`) -> fewest states (`minimise`) -> bytes of a data segment (`tables`). Whatever would
grow beyond its bound is refused while it is built. Not here: the kernels that run the tables
(`jobspec.kernels.patterns`), SQL's functions (`jobspec.sql.functions.patterns`).
"""

from __future__ import annotations

from jobspec.regex.errors import RegexError
from jobspec.regex.machines import Finder, Matcher, find, group_count, matches
from jobspec.regex.parse import Flags

__all__ = ["Finder", "Flags", "Matcher", "RegexError", "find", "group_count", "matches"]
