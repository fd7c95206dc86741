"""Settings of the generated tests (a busy machine is not a failure, a hang is: pytest-timeout), and
the uploads of the tests of sources."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from .uploads import Uploads

settings.register_profile("jobspec", deadline=None)
settings.load_profile("jobspec")


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    return Uploads(tmp_path)
