"""Settings: what the environment says, and what it must not say."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import ValidationError

from owc.blobs import Blobs
from owc.embedded import sweep
from owc.errors import SettingsError
from owc.settings import Settings, load_secret_key
from owc.store import Database
from owc.store.migrate import migrate


def test_settings_come_from_the_environment_and_overrides_win(tmp_path: Path) -> None:
    environ = {"OWC_PORT": "9000", "OWC_SITES": "https://a.org, https://b.org", "OWC_HOST": ""}
    settings = Settings.from_env(environ, port=9001, data_folder=tmp_path, host=None)
    assert settings.port == 9001
    assert settings.sites == ("https://a.org", "https://b.org")
    assert settings.host == "127.0.0.1"
    assert settings.effective_database_url == f"sqlite:///{tmp_path}/owc.sqlite3"


def test_a_bad_setting_is_named_by_its_variable() -> None:
    with pytest.raises(SettingsError, match=r"OWC_PORT: .*integer"):
        Settings.from_env({"OWC_PORT": "eighty"})


def test_settings_are_frozen_and_change_makes_a_copy() -> None:
    settings = Settings()
    with pytest.raises(ValidationError):
        settings.port = 1  # type: ignore[misc]  # that is the test
    assert settings.with_changes(port=1).port == 1


def test_every_setting_is_documented() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_the_secret_key_is_made_once_and_is_private(tmp_path: Path) -> None:
    settings = Settings(data_folder=tmp_path)
    key = load_secret_key(settings)
    assert load_secret_key(settings) == key
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600
    assert load_secret_key(settings.with_changes(secret_key="given")) == b"given"
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


def test_the_default_folder_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Settings.from_env({}).data_folder == tmp_path / "owc-data"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("OWC_TRUSTED_PROXIES", "proxy.example"),
        ("OWC_SITES", "https://a.org; script-src *"),
        ("OWC_REDIS_URL", "http://127.0.0.1"),
    ],
)
def test_what_would_fail_later_is_refused_at_once(variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        Settings.from_env({variable: value})


@pytest.mark.parametrize("url", ["jobs.sqlite3", "nothing://127.0.0.1/owc"])
def test_a_database_that_cannot_be_is_a_bad_setting(url: str) -> None:
    with pytest.raises(SettingsError, match="OWC_DATABASE_URL"):
        Database(url)


def test_an_empty_key_file_is_refused_and_not_signed_with(tmp_path: Path) -> None:
    (tmp_path / "secret_key").touch()
    with pytest.raises(SettingsError, match="holds no key"):
        load_secret_key(Settings(data_folder=tmp_path))


def test_processes_that_start_together_agree_on_the_key(tmp_path: Path) -> None:
    settings = Settings(data_folder=tmp_path / "new")
    with ThreadPoolExecutor(16) as pool:
        keys = list(pool.map(lambda _: load_secret_key(settings), range(64)))
    assert len(set(keys)) == 1


def test_the_data_folder_is_its_owners_only(tmp_path: Path) -> None:
    settings = Settings(data_folder=tmp_path / "data")
    migrate(settings)
    assert stat.S_IMODE(settings.data_folder.stat().st_mode) == 0o700


def test_what_a_killed_hub_had_begun_to_write_is_swept(tmp_path: Path) -> None:
    settings = Settings(data_folder=tmp_path)
    kept = Blobs(settings.blobs_folder).put(b"whole")
    (settings.blobs_folder / "incoming" / "half").write_bytes(b"ha")
    (tmp_path / "merge-x").mkdir()
    (tmp_path / "merge-x" / "result.parquet").touch()
    sweep(settings)
    assert Blobs(settings.blobs_folder).read(kept.sha256) == b"whole"
    assert Blobs(settings.blobs_folder).unfinished() == []
    assert not (tmp_path / "merge-x").exists()
