"""Content-addressed, immutable bytes in files."""

from __future__ import annotations

from owc.blobs.files import BlobRecord, Blobs

__all__ = ["BlobRecord", "Blobs"]
