"""What volunteers and a hub say to each other here: the wire's messages without their bytes."""

from __future__ import annotations

from dataclasses import dataclass

from owc.domain.matching import Capabilities
from owc.queue import Checkpoint
from owc.services.values import LeaseOffer, Receipt, Report


@dataclass(frozen=True, kw_only=True, slots=True)
class Hello:
    volunteer_id: str | None
    capabilities: Capabilities
    network: str
    keep: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    sub_jobs: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Reports:
    """Results of one lease, and how many sub-jobs to lease now."""

    lease_id: str
    reports: tuple[Report, ...]
    wants: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Renew:
    lease_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    lease_id: str
    sub_job_ids: tuple[str, ...] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Checkpoints:
    checkpoints: tuple[Checkpoint, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Welcome:
    volunteer_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """None: there is nothing now."""

    offer: LeaseOffer | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Ack:
    receipts: tuple[Receipt, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Revoke:
    lease_id: str
    sub_job_ids: tuple[str, ...] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How the hub sees the volunteer now."""

    status: str


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkAvailable:
    pass


ToHub = Hello | Request | Reports | Renew | Release | Checkpoints
ToVolunteer = Welcome | Offer | Ack | Revoke | Standing | WorkAvailable
