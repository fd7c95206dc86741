"""Jobs and uploads come in: check, hold or start, approve, cancel."""

from typing import BinaryIO

import jobspec
from owc.services.hub import Hub
from owc.services.values import JobState, Submitter, Upload


def submit(hub: Hub, raw: bytes, submitter: Submitter) -> str:
    """Job id. Raises jobspec.DocumentError with every problem."""
    raise NotImplementedError


def check(hub: Hub, raw: bytes) -> "jobspec.CompiledJob":
    """Compile without making a job. Raises jobspec.DocumentError."""
    raise NotImplementedError


def approve(hub: Hub, job_id: str) -> None:
    raise NotImplementedError


def cancel(hub: Hub, job_id: str, reason: str) -> JobState:
    """Works at any state; a finished job stays as it is. Returns the state after."""
    raise NotImplementedError


def store_upload(hub: Hub, stream: BinaryIO, max_bytes: int | None = None) -> Upload:
    """Raises UploadTooLarge."""
    raise NotImplementedError
