"""News from any process to the web processes."""

from __future__ import annotations

from owc.push.channel import CHANNEL, Push, Subscription

__all__ = ["CHANNEL", "Push", "Subscription"]
