"""Unicode as DuckDB knows it: categories, scripts and simple case mappings of code points.

The tables are facts in a compact text form and are read at their first use. Not here: UTF-8,
and what texts are matched or changed by (`jobspec.regex`, `jobspec.kernels`).
"""

from __future__ import annotations
