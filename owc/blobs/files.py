"""Blobs as files: `<folder>/ab/cd/<sha256>`, written once and never changed.

A blob's only name is the SHA-256 of its bytes, so no path of anyone else's making is ever used.
What is put is durable when `put` returns: file and folder are synced before and after the rename.
Who may read a blob is not decided here.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, BinaryIO, Final

from owc.errors import BadDigest, NotFound, UploadTooLarge

BLOCK_BYTES: Final = 256 * 1024
_INCOMING: Final = "incoming"
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_ASIDE: Final = re.compile(r"([0-9a-f]{64})\.[0-9a-f]{32}")
_ASIDE_SECONDS: Final = timedelta(minutes=1).total_seconds()
"""Whoever moved a blob aside and has neither removed it nor put it back by then was killed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BlobRecord:
    sha256: str
    bytes: int


class Blobs:
    """The blobs in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, content: bytes) -> BlobRecord:
        """Store bytes; storing them again makes them young, which keeps them from being swept."""
        sha256 = hashlib.sha256(content).hexdigest()
        if not self._touch(sha256):
            with self._temporary() as (file, name):
                file.write(content)
                self._keep(file, name, sha256)
        return BlobRecord(sha256=sha256, bytes=len(content))

    def put_stream(self, stream: BinaryIO, *, max_bytes: int) -> BlobRecord:
        """Store what `stream` gives, block by block. Raises UploadTooLarge, keeping nothing."""
        digest = hashlib.sha256()
        size = 0
        with self._temporary() as (file, name):
            while block := stream.read(BLOCK_BYTES):
                size += len(block)
                if size > max_bytes:
                    raise UploadTooLarge(max_bytes)
                digest.update(block)
                file.write(block)
            sha256 = digest.hexdigest()
            self._keep(file, name, sha256)
        return BlobRecord(sha256=sha256, bytes=size)

    def put_file(self, path: Path) -> BlobRecord:
        """Store a copy of the file at `path`."""
        with path.open("rb") as stream:
            return self.put_stream(stream, max_bytes=path.stat().st_size)

    def path(self, sha256: str) -> Path:
        """Where the blob is. Raises BadDigest, NotFound."""
        place = self._place(sha256)
        if not place.is_file():
            raise NotFound(f"There is no blob {sha256}.")
        return place

    def read(self, sha256: str) -> bytes:
        """The bytes. Raises BadDigest, NotFound."""
        return self.path(sha256).read_bytes()

    def stored_before(self, moment: datetime) -> Iterator[str]:
        """The names of blobs whose files were last put before that time."""
        for path in self._folder.glob("??/??/*"):
            with contextlib.suppress(FileNotFoundError):
                if _DIGEST.fullmatch(path.name) and path.stat().st_mtime < moment.timestamp():
                    yield path.name

    def remove(self, sha256: str, *, put_before: datetime) -> int | None:
        """Forget a blob that was last put before that time; how many bytes it had. None if it has
        been put again since, or is not there.

        It is moved aside before it is judged: who puts it again at that moment either made it
        young, which is seen, or finds it gone and writes it anew.
        """
        place = self._place(sha256)
        aside = place.with_name(f"{sha256}.{uuid.uuid4().hex}")
        moment = put_before.timestamp()
        try:
            if place.stat().st_mtime >= moment:
                return None  # before it is moved: readers need not miss it for a moment
            place.rename(aside)
            found = aside.stat()
            if found.st_mtime < moment:
                aside.unlink()
                return found.st_size
        except FileNotFoundError:
            return None
        _put_back(aside, place)
        return None

    def put_back_left_over(self) -> int:
        """Put back what a process moved aside that was killed before it had judged it. How many."""
        left_over = 0
        for aside in self._folder.glob("??/??/*.*"):
            with contextlib.suppress(FileNotFoundError):
                named = _ASIDE.fullmatch(aside.name)
                # the rename changed its ctime
                if named and aside.stat().st_ctime < time.time() - _ASIDE_SECONDS:
                    _put_back(aside, aside.with_name(named[1]))
                    left_over += 1
        return left_over

    def unfinished(self) -> list[Path]:
        """Files that were being stored: by someone now, or by a process that was killed."""
        incoming = self._folder / _INCOMING
        return list(incoming.iterdir()) if incoming.is_dir() else []

    def _touch(self, sha256: str) -> bool:
        try:
            os.utime(self._place(sha256))
        except FileNotFoundError:
            return False
        return True

    def _place(self, sha256: str) -> Path:
        if not isinstance(sha256, str) or not _DIGEST.fullmatch(sha256):
            raise BadDigest
        return self._folder / sha256[:2] / sha256[2:4] / sha256

    @contextmanager
    def _temporary(self) -> Iterator[tuple[IO[bytes], Path]]:
        incoming = self._folder / _INCOMING
        incoming.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=incoming)
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield file, Path(name)
        finally:
            Path(name).unlink(missing_ok=True)

    def _keep(self, file: IO[bytes], name: Path, sha256: str) -> None:
        if self._touch(sha256):
            return
        place = self._place(sha256)
        file.flush()
        os.fsync(file.fileno())
        place.parent.mkdir(parents=True, exist_ok=True)
        name.replace(place)
        _sync_folder(place.parent)


def _put_back(aside: Path, place: Path) -> None:
    """As one that has just been put; if it was written anew meanwhile, that was the same."""
    os.utime(aside)
    aside.replace(place)
    _sync_folder(place.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
