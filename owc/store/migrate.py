"""Bring the database to the newest schema, from a checkout as from an installed wheel."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from owc.assets import asset
from owc.settings import Settings
from owc.store.database import Database
from owc.store.models import Base

_LOCK = 0x6F7763  # "owc": one number for the whole database, held until the transaction ends


def alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(asset("migrations")).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["target_metadata"] = Base.metadata
    return config


def migrate(settings: Settings, revision: str = "head") -> None:
    """Run what is missing, in one transaction. Safe to call at every start and by several
    processes: whoever comes second finds nothing to do."""
    settings.make_data_folder()
    database = Database(settings.effective_database_url)
    try:
        with database.write() as session:
            _wait_for_others(database, session)
            config = alembic_config()
            config.attributes["connection"] = session.connection()
            command.upgrade(config, revision)
    finally:
        database.close()


def _wait_for_others(database: Database, session: Session) -> None:
    """SQLite's write transactions come one after the other anyway; PostgreSQL's are told to:
    it finds out only half-way that another process makes the same tables."""
    if not database.is_sqlite:
        session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
