"""Transactions on the truth: short ones, each either reading or writing.

SQLite: write-ahead log, foreign keys on, a busy wait instead of an error, and write transactions
that take the lock when they begin (BEGIN IMMEDIATE), so that none fails half-way because another
process wrote first. Any other SQLAlchemy URL works by the database's own rules; there two processes
may wait for each other's rows, which the database ends with DatabaseConflict: try the whole again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, make_url, select
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.orm import Session

from owc.errors import DatabaseConflict, DatabaseUnavailable, SettingsError

BUSY_SECONDS: Final = 30
CONNECT_SECONDS: Final = 5
_WRITES: Final = "owc_writes"
_POSTGRES: Final = {
    "connect_timeout": CONNECT_SECONDS,
    # a server that is gone without a word is noticed in some seconds, not in a quarter of an hour
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
LOCK: Final[dict[str, Any]] = {"key_share": True}
"""How rows are locked (`with_for_update`): nobody changes keys, so that whoever inserts what refers
to a row, such as a lease of a locked job, need not wait for it."""
_CONFLICTS: Final = frozenset({"40001", "40P01"})  # serialization failure, deadlock


class Database:
    """The hub's database. Opens connections lazily; safe to share between threads."""

    def __init__(self, url: str) -> None:
        """Raises SettingsError for a URL that names no database, or one without a driver."""
        try:
            parsed = make_url(url)
            self.is_sqlite = parsed.get_backend_name() == "sqlite"
            self.engine: Engine = create_engine(
                parsed,
                pool_pre_ping=not self.is_sqlite,
                connect_args={} if self.is_sqlite else _POSTGRES,
            )
        except (ArgumentError, ImportError) as error:
            raise SettingsError(f"OWC_DATABASE_URL: it reaches no database: {error}") from None
        if self.is_sqlite and parsed.database and parsed.database != ":memory:":
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        if self.is_sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        self._writing: Engine = self.engine.execution_options(**{_WRITES: True})
        # SQLite's transactions are snapshots by themselves
        self._reading: Engine = (
            self.engine
            if self.is_sqlite
            else self.engine.execution_options(isolation_level="REPEATABLE READ")
        )

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One write transaction: committed at the end, rolled back on an exception.

        Raises DatabaseUnavailable, DatabaseConflict.
        """
        with (
            _translated(),
            Session(self._writing, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One snapshot to read from; nothing is written. Raises DatabaseUnavailable."""
        with _translated(), Session(self._reading, autoflush=False) as session:
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


@contextmanager
def _translated() -> Iterator[None]:
    """What SQLAlchemy raises when the database is at fault, not the statement, as ours."""
    try:
        yield
    except IntegrityError:
        raise
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) in _CONFLICTS:
            raise DatabaseConflict from error
        if isinstance(error, OperationalError | InterfaceError | InternalError):
            raise DatabaseUnavailable(f"The database does not answer: {error.orig}") from error
        raise


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
