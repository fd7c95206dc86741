"""Volunteers come, lease sub-jobs, renew, release, leave."""

from collections.abc import Sequence

from owc.services.hub import Hub
from owc.services.values import Capabilities, LeaseOffer, Outcome, Renewal, VolunteerRecord


def enrol(
    hub: Hub, volunteer_id: str | None, kind: str, capabilities: Capabilities, network: str
) -> VolunteerRecord:
    """A known id resumes; None or an unknown one is a newcomer with a new id."""
    raise NotImplementedError


def lease(hub: Hub, volunteer_id: str, sub_jobs: int) -> LeaseOffer | None:
    """None: nothing to do now. Raises UnknownVolunteer."""
    raise NotImplementedError


def renew(hub: Hub, volunteer_id: str, lease_ids: Sequence[str]) -> Renewal:
    raise NotImplementedError


def release(
    hub: Hub,
    volunteer_id: str,
    lease_id: str,
    sub_job_ids: Sequence[str] | None = None,
    outcome: Outcome = Outcome.RELEASED,
) -> int:
    """Sub-jobs back to waiting (None: all of the lease). Unknown leases are ignored. How many."""
    raise NotImplementedError


def leave(hub: Hub, volunteer_id: str) -> int:
    """All of its leases back to waiting now. How many sub-jobs."""
    raise NotImplementedError
