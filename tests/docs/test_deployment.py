"""The files of docs/examples: readable by whom they are for, with settings that exist.

That nginx takes its file, and that a hub works behind it, is what tests/cluster shows.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from owc.settings import PREFIX, Settings
from tests.docs.pages import ROOT

EXAMPLES = ROOT / "docs" / "examples"
COMPOSE: dict[str, Any] = yaml.safe_load((EXAMPLES / "compose.yaml").read_text(encoding="utf-8"))
UNITS = sorted(EXAMPLES.glob("*.service"))


def env_file() -> dict[str, str]:
    lines = (EXAMPLES / "hub.env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_every_variable_is_a_setting() -> None:
    names = {PREFIX + name.upper() for name in Settings.model_fields}
    for path in EXAMPLES.iterdir():
        text = path.read_text(encoding="utf-8")
        assert set(re.findall(rf"\b{PREFIX}[A-Z_]+\b", text)) <= names, path.name


def test_the_settings_of_the_examples_are_accepted() -> None:
    for variables in (env_file(), COMPOSE["services"]["web1"]["environment"]):
        settings = Settings.from_env(variables)
        assert settings.redis_url
        assert settings.trusted_proxies
        assert settings.effective_database_url.startswith("postgresql+psycopg://")


def test_compose_starts_the_processes_of_a_cluster_and_keeps_the_truth() -> None:
    services = COMPOSE["services"]
    assert set(services) == {"web1", "web2", "worker", "postgres", "redis", "nginx"}
    for name in ("web1", "web2", "worker"):
        assert services[name]["volumes"] == ["data:/data"], "they share the blobs"
        assert services[name]["command"].startswith("owc ")
    for service in services.values():
        assert set(service.get("depends_on", ())) <= set(services)
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            assert source in COMPOSE["volumes"] or (EXAMPLES / source).exists()


def test_compose_copies_what_the_package_is_made_of() -> None:
    build = COMPOSE["services"]["web1"]["build"]
    context = (EXAMPLES / build["context"]).resolve()
    copied = re.findall(r"^COPY (.+) \S+$", build["dockerfile_inline"], re.MULTILINE)
    for name in " ".join(copied).split():
        assert (context / name).exists(), name
    included = re.findall(r'^"(\w+)" = "owc/_assets', text_of_project(), re.MULTILINE)
    assert set(included) <= set(copied)


def text_of_project() -> str:
    return (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_compose_puts_its_web_processes_into_the_file_of_nginx() -> None:
    _, _, script = COMPOSE["services"]["nginx"]["command"]
    nginx = (EXAMPLES / "nginx.conf").read_text(encoding="utf-8")
    for pattern, name in re.findall(r"s/([^/]+)/([^/]+)/", script):
        nginx, count = re.subn(pattern, name, nginx)
        assert count == 1
    assert re.findall(r"^ +server (web\d:\d+) ", nginx, re.MULTILINE) == ["web1:8001", "web2:8002"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_systemd_takes_the_units(unit: Path, tmp_path: Path) -> None:
    instance = tmp_path / unit.name.replace("@", "@8001")
    text = unit.read_text(encoding="utf-8")
    instance.write_text(text.replace("/opt/owc/bin/owc", "/bin/true"), encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(instance)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
