"""The database: migrations, transactions, constraints."""

from __future__ import annotations

import multiprocessing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError, StatementError

from owc.errors import DatabaseUnavailable
from owc.settings import Settings
from owc.store import Base, Database, TokenRow, UploadRow, migrate


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_folder=tmp_path)


@pytest.fixture
def database(settings: Settings):
    migrate(settings)
    database = Database(settings.effective_database_url)
    yield database
    database.close()


def _token(name: str, at: datetime) -> TokenRow:
    return TokenRow(id=f"token_{name}", name=name, digest=name, scopes=["submit"], created_at=at)


def test_migrations_make_the_schema_of_the_models(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_migrating_again_changes_nothing(settings: Settings, database: Database) -> None:
    migrate(settings)


def test_migrations_can_be_undone(settings: Settings, database: Database) -> None:
    from alembic import command

    from owc.store.migrate import alembic_config

    with database.write() as session:
        config = alembic_config()
        config.attributes["connection"] = session.connection()
        command.downgrade(config, "base")
    migrate(settings)


def test_sqlite_is_set_up_for_several_processes(database: Database) -> None:
    with database.read() as session:
        connection = session.connection()
        pragma = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "busy_timeout")
        }
    assert pragma == {"journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 30_000}


def test_times_come_back_aware_and_naive_ones_are_refused(database: Database) -> None:
    at = datetime(2026, 11, 21, 12, 30, 0, 250_000, tzinfo=timezone(timedelta(hours=2)))
    with database.write() as session:
        session.add(_token("a", at))
    with database.read() as session:
        stored = session.scalar(select(TokenRow.created_at))
    assert stored == at
    assert stored is not None
    assert stored.utcoffset() == timedelta(0)
    with pytest.raises(StatementError, match="naive"), database.write() as session:
        session.add(_token("b", datetime(2026, 11, 21)))  # noqa: DTZ001 - that is the point


def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    row = {"sha256": "a", "bytes": 1, "created_at": datetime(2026, 11, 21, tzinfo=UTC)}

    def store_twice() -> None:
        with database.write() as session:
            session.execute(insert(UploadRow).values(row))
            session.execute(insert(UploadRow).values(row))

    with pytest.raises(IntegrityError):
        store_twice()
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(UploadRow)) == 0


def _count_up(url: str, times: int) -> None:
    database = Database(url)
    for _ in range(times):
        with database.write() as session:
            row = session.get_one(UploadRow, "counter")
            row.bytes += 1
    database.close()


def test_two_processes_write_without_losing_an_update(
    settings: Settings, database: Database
) -> None:
    with database.write() as session:
        session.add(
            UploadRow(sha256="counter", bytes=0, created_at=datetime(2026, 11, 21, tzinfo=UTC))
        )
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(target=_count_up, args=(settings.effective_database_url, 100))
        for _ in range(2)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    with database.read() as session:
        assert session.get_one(UploadRow, "counter").bytes == 200


def test_a_database_that_cannot_be_opened_says_so(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}")  # a folder is no database
    with pytest.raises(DatabaseUnavailable, match="does not answer"):
        database.ping()
    database.close()
