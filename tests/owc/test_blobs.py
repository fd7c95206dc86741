"""Content-addressed files."""

from __future__ import annotations

import hashlib
import io
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from owc.blobs import Blobs
from owc.errors import BadDigest, NotFound, UploadTooLarge


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "blobs")


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_blob_is_named_by_its_content(blobs: Blobs, tmp_path: Path) -> None:
    record = blobs.put(b"hello")
    assert record.sha256 == hashlib.sha256(b"hello").hexdigest()
    assert record.bytes == 5
    assert blobs.read(record.sha256) == b"hello"
    name = record.sha256
    assert blobs.path(name) == tmp_path / "blobs" / name[:2] / name[2:4] / name
    assert blobs.put(b"hello") == record
    assert len(_files(tmp_path)) == 1


@given(st.binary(max_size=2000), st.integers(1, 100))
@hypothesis_settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_stream_gives_the_same_blob_as_its_bytes(blobs: Blobs, content: bytes, at_once) -> None:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(at_once)

    assert blobs.put_stream(Slow(content), max_bytes=2000) == blobs.put(content)


def test_a_stream_that_is_too_large_leaves_nothing(blobs: Blobs, tmp_path: Path) -> None:
    with pytest.raises(UploadTooLarge, match="larger than the 10 bytes"):
        blobs.put_stream(io.BytesIO(b"x" * 11), max_bytes=10)
    assert _files(tmp_path) == []


def test_a_stream_that_breaks_leaves_nothing(blobs: Blobs, tmp_path: Path) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        blobs.put_stream(Broken(), max_bytes=10)
    assert _files(tmp_path) == []


@pytest.mark.parametrize(
    "name",
    ["", "../../etc/passwd", "a" * 63, "A" * 64, "a" * 64 + "/..", "g" * 64, "a" * 64 + "\n"],
)
def test_what_is_not_a_digest_is_refused(blobs: Blobs, name: str) -> None:
    with pytest.raises(BadDigest):
        blobs.read(name)


def test_an_unknown_blob_is_not_found(blobs: Blobs) -> None:
    with pytest.raises(NotFound):
        blobs.path("0" * 64)


def test_a_file_is_stored_whole_and_stays_where_it_was(blobs: Blobs, tmp_path: Path) -> None:
    path = tmp_path / "file"
    content = os.urandom(600_000)
    path.write_bytes(content)
    assert blobs.read(blobs.put_file(path).sha256) == content
    assert path.exists()


# Removing

PUT_BEFORE = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def old(blobs: Blobs) -> str:
    """The name of a blob that was put a day before PUT_BEFORE."""
    sha256 = blobs.put(b"old").sha256
    moment = (PUT_BEFORE - timedelta(days=1)).timestamp()
    os.utime(blobs.path(sha256), (moment, moment))
    return sha256


def test_an_old_blob_goes_and_a_young_one_stays(blobs: Blobs, old: str, tmp_path: Path) -> None:
    young = blobs.put(b"young").sha256
    assert blobs.remove(young, put_before=PUT_BEFORE) is None
    assert blobs.remove(old, put_before=PUT_BEFORE) == 3
    assert blobs.remove(old, put_before=PUT_BEFORE) is None, "it is not there"
    assert _files(tmp_path) == [blobs.path(young)]


@pytest.mark.parametrize("is_aside", [False, True], ids=["before it is aside", "while it is aside"])
def test_what_is_put_again_while_it_is_removed_stays(
    blobs: Blobs, old: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_aside: bool
) -> None:
    rename = Path.rename

    def put_meanwhile(place: Path, aside: Path) -> None:
        if is_aside:
            rename(place, aside)
        blobs.put(b"old")
        if not is_aside:
            rename(place, aside)

    monkeypatch.setattr(Path, "rename", put_meanwhile)
    # what was put while the old file was aside is another file: the old one may go
    assert blobs.remove(old, put_before=PUT_BEFORE) == (3 if is_aside else None)
    assert blobs.read(old) == b"old"
    assert _files(tmp_path) == [blobs.path(old)]


def test_what_a_killed_process_had_moved_aside_is_put_back(
    blobs: Blobs, old: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.rename

    def die(place: Path, aside: Path) -> None:
        rename(place, aside)
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", die)
        with pytest.raises(SystemExit):
            blobs.remove(old, put_before=PUT_BEFORE)
    assert blobs.put_back_left_over() == 0, "somebody may be at it"
    monkeypatch.setattr("owc.blobs.files._ASIDE_SECONDS", -1.0)
    assert blobs.put_back_left_over() == 1
    assert blobs.read(old) == b"old"
    assert _files(tmp_path) == [blobs.path(old)]
