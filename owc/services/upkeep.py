"""Repeated duties, one pass each: feed the queues, end old leases, mend what was lost."""

from owc.services.hub import Hub
from owc.services.values import Expired, Fed, Reconciled


def feed(hub: Hub) -> Fed:
    raise NotImplementedError


def expire(hub: Hub) -> Expired:
    raise NotImplementedError


def reconcile(hub: Hub) -> Reconciled:
    raise NotImplementedError
