"""Settings of the generated tests: a busy machine is not a failure, a hang is (pytest-timeout)."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("jobspec", deadline=None)
settings.load_profile("jobspec")
