"""Fetches a public file from elsewhere, once: bounded in size and time, never from within.

Not here: which files are fetched for whom (`owc.web.fetched`), what becomes of them.
"""

from __future__ import annotations

from owc.fetch.errors import FetchError
from owc.fetch.fetching import Bounds, fetch

__all__ = ["Bounds", "FetchError", "fetch"]
