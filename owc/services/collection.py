"""Results come in, are stored, checked and settled."""

from collections.abc import Sequence
from typing import BinaryIO

from owc.services.hub import Hub
from owc.services.values import Receipt, Report


def store_output(hub: Hub, stream: BinaryIO) -> str:
    """Keep a large output; its SHA-256, to be named by a Report. Raises UploadTooLarge."""
    raise NotImplementedError


def take_results(hub: Hub, reports: Sequence[Report]) -> list[Receipt]:
    """One group commit; receipts in the order of the reports."""
    raise NotImplementedError


def check_sub_jobs(hub: Hub, sub_job_ids: Sequence[str]) -> int:
    """The hub's own run of each, the verdict, settled. How many were settled."""
    raise NotImplementedError
