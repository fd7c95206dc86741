"""Bring the database to the newest schema, from a checkout as from an installed wheel."""

from __future__ import annotations

from alembic import command
from alembic.config import Config

from owc.assets import asset
from owc.settings import Settings
from owc.store.database import Database
from owc.store.models import Base


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
            config = alembic_config()
            config.attributes["connection"] = session.connection()
            command.upgrade(config, revision)
    finally:
        database.close()
