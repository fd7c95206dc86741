"""Transactions on the truth: short ones, each either reading or writing.

SQLite: write-ahead log, foreign keys on, a busy wait instead of an error, and write transactions
that take the lock when they begin (BEGIN IMMEDIATE), so that none fails half-way because another
process wrote first. Any other SQLAlchemy URL works by the database's own rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, make_url, select
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import Session

from owc.errors import DatabaseUnavailable, SettingsError

BUSY_SECONDS: Final = 30
_WRITES: Final = "owc_writes"


class Database:
    """The hub's database. Opens connections lazily; safe to share between threads."""

    def __init__(self, url: str) -> None:
        """Raises SettingsError for a URL that names no database, or one without a driver."""
        try:
            parsed = make_url(url)
            self.is_sqlite = parsed.get_backend_name() == "sqlite"
            self.engine: Engine = create_engine(parsed, pool_pre_ping=not self.is_sqlite)
        except (ArgumentError, ImportError) as error:
            raise SettingsError(f"OWC_DATABASE_URL: it reaches no database: {error}") from None
        if self.is_sqlite and parsed.database and parsed.database != ":memory:":
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        if self.is_sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        self._writing: Engine = self.engine.execution_options(**{_WRITES: True})

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One write transaction: committed at the end, rolled back on an exception."""
        with Session(self._writing, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One snapshot to read from; nothing is written."""
        with Session(self.engine, autoflush=False) as session:
            yield session

    def ping(self) -> None:
        """Raises DatabaseUnavailable if it does not answer."""
        try:
            with self.read() as session:
                session.execute(select(1))
        except SQLAlchemyError as error:
            raise DatabaseUnavailable from error

    def close(self) -> None:
        self.engine.dispose()


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # None: the driver begins nothing by itself, `_begin_sqlite` does
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
