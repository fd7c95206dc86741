"""Numbers that many transactions add to, each in one statement."""

from __future__ import annotations

import functools

from sqlalchemy import Insert, inspect
from sqlalchemy.dialects import postgresql, sqlite

from owc.store.models import Base


@functools.cache
def added(table: type[Base], name: str, *, is_sqlite: bool) -> Insert:
    """Insert a row, or, where one of its primary key is there, add to its column `name`."""
    key = [column.name for column in inspect(table).primary_key]
    insert = sqlite.insert(table) if is_sqlite else postgresql.insert(table)
    total = getattr(table, name) + insert.excluded[name]
    return insert.on_conflict_do_update(index_elements=key, set_={name: total})
