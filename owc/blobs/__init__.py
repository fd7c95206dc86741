"""Content-addressed, immutable bytes in files."""

from owc.blobs.files import BlobRecord, Blobs

__all__ = ["BlobRecord", "Blobs"]
