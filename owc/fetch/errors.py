"""Why a file was not fetched; whoever asked for it makes a problem of its document of it."""

from __future__ import annotations


class FetchError(Exception):
    """The file was not fetched; `message` is a sentence for people."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
