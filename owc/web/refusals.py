"""How a volunteer's connection is refused."""

from __future__ import annotations


class RefusedError(Exception):
    """The connection ends; `code` is one of `messages.REFUSALS`. `reload`: another client of this
    hub might do better."""

    def __init__(self, code: str, detail: str = "", *, reload: bool = False) -> None:
        super().__init__(code)
        self.code, self.detail, self.reload = code, detail, reload
