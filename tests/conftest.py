"""What tests of several folders share: one Redis-protocol server and one migrated database a run,
one Playwright."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Playwright, sync_playwright

from owc.queue import RedisServer, start_server
from owc.settings import Settings
from owc.store import migrate


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = start_server(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def make_database(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Settings], None]:
    """Gives a hub with these settings an empty database. On SQLite all the migrations are run once,
    and every hub gets a copy of the file that they made."""
    first = Settings(data_folder=tmp_path_factory.mktemp("migrated"))
    migrate(first)
    (made,) = first.data_folder.glob("owc.sqlite3*")

    def make(settings: Settings) -> None:
        if settings.database_url is not None:
            migrate(settings)
            return
        settings.make_data_folder()
        shutil.copyfile(made, settings.data_folder / made.name)

    return make


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running
