"""A hub of many processes on one machine: PostgreSQL, Redis, two of the web, two workers, nginx.

Everything lives in one folder and ends with it. The hub is seen from outside only: by its
processes, by HTTP, by its log. nginx runs with `docs/examples/nginx.conf`, so that what is
documented is what is tested. An isolated cluster (Linux, root) has PostgreSQL and Redis in networks
of their own, whose links can be cut, and its data folder and that of PostgreSQL on small disks,
which can be filled.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import psycopg
import redis
import requests

from owc.cli.processes import free_port
from tests.cluster.disk import Disk, make_disk
from tests.cluster.network import Network, make_network
from tests.cluster.parts import Part
from tests.postgres_server import USER as POSTGRES_USER
from tests.postgres_server import postgres_program

ROOT = Path(__file__).parents[2]
NGINX_CONF = ROOT / "docs" / "examples" / "nginx.conf"
WEB_PORTS = (8001, 8002)
WORKERS = 2
DISK_MEGABYTES = 128
DATABASE_MEGABYTES = 256

_LOOPBACK = "127.0.0.1"
_PASSWORD = "of-a-cluster-for-tests"
_ANSWER_SECONDS = 5


def missing_programs() -> list[str]:
    """What a cluster needs and this machine lacks; `make services` installs it."""
    found = {
        "nginx": _program("nginx"),
        "redis-server": _program("redis-server"),
        "initdb": postgres_program("initdb"),
        "setpriv": _program("setpriv"),
    }
    return [name for name, path in found.items() if path is None]


class Cluster:
    """Starts with `start`, ends with `stop`; every part can be taken away and given back."""

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        web_ports: Sequence[int] = (0, 0),
        isolated: bool = False,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self._as_root = os.geteuid() == 0
        self.networks = _networks("postgres", "redis") if isolated else {}
        self.disk: Disk | None = None
        self.database_disk: Disk | None = None
        self._isolated = isolated
        self._ports = _free_ports(port, *web_ports, 0, 0)
        self._variables = {**self._settings(), **(variables or {})}
        self.postgres = self._postgres()
        self.redis = self._redis()
        self.webs = [self._web(number) for number in range(len(web_ports))]
        self.workers = [self._worker(number) for number in range(WORKERS)]
        self.nginx = self._nginx()

    # What others need to know --------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The hub, through nginx."""
        return f"http://{_LOOPBACK}:{self._ports[0]}"

    @property
    def web_urls(self) -> list[str]:
        """The web processes themselves."""
        return [f"http://{_LOOPBACK}:{port}" for port in self._ports[1:3]]

    @property
    def database_url(self) -> str:
        return self._variables["OWC_DATABASE_URL"]

    @property
    def redis_url(self) -> str:
        return self._variables["OWC_REDIS_URL"]

    @property
    def parts(self) -> list[Part]:
        """In the order in which they are started."""
        return [self.postgres, self.redis, *self.webs, *self.workers, self.nginx]

    def owc(self, *arguments: str) -> str:
        """What a command of the hub's operator prints."""
        done = subprocess.run(
            [sys.executable, "-m", "owc", *arguments],
            cwd=ROOT,
            env={**os.environ, **self._variables},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout.strip()

    # Beginning and end ---------------------------------------------------------------------------

    def start(self) -> None:
        """Start everything; both web processes at once, as after a power cut."""
        self.folder.chmod(0o711)  # PostgreSQL and nginx run as users of their own
        if self._isolated:
            self.disk = make_disk(self._data, megabytes=DISK_MEGABYTES)
            self.database_disk = make_disk(self._database, megabytes=DATABASE_MEGABYTES)
        self._make_database()
        self._write_nginx_conf()
        for part in (self.postgres, self.redis):
            part.launch()
        for part in (self.postgres, self.redis):
            part.await_answer()
        with psycopg.connect(self._conninfo("postgres"), autocommit=True) as connection:
            connection.execute("CREATE DATABASE owc")
        for part in (*self.webs, self.nginx):
            part.launch()
        for part in self.webs:
            part.await_answer()
        for part in self.workers:
            part.launch()
        for part in (*self.workers, self.nginx):
            part.await_answer()

    def stop(self) -> None:
        """End everything that runs and tidy up; again is no error."""
        for part in reversed(self.parts):
            part.stop()
        for network in self.networks.values():
            network.remove()
        for disk in self._disks:
            disk.remove()

    def heal(self) -> None:
        """Have every part run and answer, whatever happened before."""
        for network in self.networks.values():
            network.mend()
        for disk in self._disks:
            disk.free()
        for part in self.parts:
            part.thaw()
            if not part.is_running:
                part.launch()
        for part in self.parts:
            part.await_answer()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # The parts -----------------------------------------------------------------------------------

    @property
    def _disks(self) -> list[Disk]:
        return [disk for disk in (self.disk, self.database_disk) if disk is not None]

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _settings(self) -> dict[str, str]:
        database = f"owc:{_PASSWORD}@{self._address('postgres')}:{self._ports[3]}/owc"
        return {
            "OWC_DATA_FOLDER": str(self._data),
            "OWC_DATABASE_URL": f"postgresql+psycopg://{database}",
            "OWC_REDIS_URL": f"redis://{self._address('redis')}:{self._ports[4]}/0",
            "OWC_PUBLIC_URL": self.url,
            "OWC_TRUSTED_PROXIES": _LOOPBACK,
            "OWC_CONNECTIONS_PER_ADDRESS": "10000",  # all volunteers of a test have one
            "OWC_HELLOS_PER_MINUTE": "1000000",
            "OWC_OUTPUTS_PER_MINUTE": "1000000",
            "OWC_RESERVE_BYTES": "0",  # the disk is small
            "OWC_SUBMISSIONS_PER_MINUTE": "1000",
            "OWC_UPLOADS_PER_MINUTE": "1000",
        }

    def _address(self, part: str) -> str:
        return self.networks[part].address if part in self.networks else _LOOPBACK

    def _namespace(self, part: str) -> str | None:
        return self.networks[part].namespace if part in self.networks else None

    def _postgres(self) -> Part:
        def answers() -> bool:
            try:
                with psycopg.connect(self._conninfo("postgres"), connect_timeout=2) as connection:
                    return connection.execute("SELECT 1").fetchone() == (1,)
            except psycopg.OperationalError:
                return False

        command = [
            postgres_program("postgres") or "postgres",
            *("-D", str(self._database)),
            *("-p", str(self._ports[3])),
            *("-c", f"listen_addresses={self._address('postgres')}"),
            *("-c", f"unix_socket_directories={self._database}"),
            *("-c", "max_wal_size=64MB"),  # its disk is small
            *("-c", "autovacuum=off"),  # on a full disk it would live on the room that this found
        ]
        return Part(
            name="postgres",
            command=command,
            log=self.folder / "postgres.log",
            answers=answers,
            user=POSTGRES_USER if self._as_root else None,
            namespace=self._namespace("postgres"),
            stop_signal=signal.SIGINT,  # "fast": it does not wait for those who are connected
        )

    def _redis(self) -> Part:
        def answers() -> bool:
            try:
                with redis.Redis.from_url(self.redis_url, socket_timeout=2) as client:
                    return bool(client.ping())
            except redis.RedisError:
                return False

        command = [
            "redis-server",
            *("--bind", self._address("redis")),
            *("--port", str(self._ports[4])),
            *("--protected-mode", "no"),
            *("--save", ""),  # it keeps nothing: a restart begins empty
            *("--appendonly", "no"),
            *("--dir", str(self.folder)),
        ]
        return Part(
            name="redis",
            command=command,
            log=self.folder / "redis.log",
            answers=answers,
            namespace=self._namespace("redis"),
        )

    def _web(self, number: int) -> Part:
        port = self._ports[1 + number]
        return Part(
            name=f"web-{number + 1}",
            command=[sys.executable, "-m", "owc", "serve", "--port", str(port)],
            log=self.folder / f"web-{number + 1}.log",
            answers=lambda: _status(f"http://{_LOOPBACK}:{port}/readyz") == 200,
            variables={**self._variables, "PYTHONPATH": str(ROOT)},
        )

    def _worker(self, number: int) -> Part:
        def answers() -> bool:
            return worker.process is not None and worker.process.pid in self._worker_pids()

        worker = Part(
            name=f"worker-{number + 1}",
            command=[sys.executable, "-m", "owc", "worker"],
            log=self.folder / f"worker-{number + 1}.log",
            answers=answers,
            variables={**self._variables, "PYTHONPATH": str(ROOT)},
        )
        return worker

    def _worker_pids(self) -> set[int]:
        """The workers that RQ knows."""
        with redis.Redis.from_url(self.redis_url, socket_timeout=2) as client:
            keys = client.smembers("rq:workers")
            return {int(pid) for key in keys if (pid := client.hget(key, "pid"))}

    def _nginx(self) -> Part:
        return Part(
            name="nginx",
            command=["nginx", "-c", str(self._nginx_conf), "-g", "daemon off;"],
            log=self.folder / "nginx.log",
            answers=lambda: _status(f"{self.url}/healthz") == 200,
            stop_signal=signal.SIGTERM,
        )

    # What they find when they start --------------------------------------------------------------

    @property
    def _database(self) -> Path:
        return self.folder / "postgres"

    def _conninfo(self, database: str) -> str:
        return (
            f"host={self._address('postgres')} port={self._ports[3]} dbname={database} "
            f"user=owc password={_PASSWORD}"
        )

    def _make_database(self) -> None:
        password = self.folder / "password"
        password.write_text(_PASSWORD, encoding="ascii")
        self._database.mkdir(mode=0o700, exist_ok=True)  # where its disk is
        become: list[str] = []
        if self._as_root:
            for path in (password, self._database):
                shutil.chown(path, POSTGRES_USER, POSTGRES_USER)
            user = f"--reuid={POSTGRES_USER}", f"--regid={POSTGRES_USER}", "--init-groups"
            become = ["setpriv", *user]
        initdb = [postgres_program("initdb") or "initdb", "--no-sync", "-D", str(self._database)]
        options = ["-U", "owc", "-A", "scram-sha-256", f"--pwfile={password}", "-E", "UTF8"]
        subprocess.run(
            [*become, *initdb, *options], check=True, capture_output=True, cwd=self.folder
        )
        with (self._database / "pg_hba.conf").open("a", encoding="ascii") as file:
            file.write("host all all samenet scram-sha-256\n")

    @property
    def _nginx_conf(self) -> Path:
        return self.folder / "nginx.conf"

    def _write_nginx_conf(self) -> None:
        changes = {
            "/run/nginx.pid": str(self.folder / "nginx.pid"),
            "/var/log/nginx/error.log": str(self.folder / "nginx.log"),
            "/var/lib/nginx/": f"{self.folder}/nginx-",
            "listen 80 ": f"listen {_LOOPBACK}:{self._ports[0]} ",
            f"server {_LOOPBACK}:{WEB_PORTS[0]} ": f"server {_LOOPBACK}:{self._ports[1]} ",
            f"server {_LOOPBACK}:{WEB_PORTS[1]} ": f"server {_LOOPBACK}:{self._ports[2]} ",
        }
        self._nginx_conf.write_text(_replaced(NGINX_CONF.read_text("utf-8"), changes), "utf-8")


def _replaced(text: str, changes: Mapping[str, str]) -> str:
    for old, new in changes.items():
        if old not in text:
            raise ValueError(f"{NGINX_CONF.name} no longer says {old!r}")
        text = text.replace(old, new)
    return text


def _networks(*names: str) -> dict[str, Network]:
    made = [make_network(number) for number in range(len(names))]
    return {name: each for name, each in zip(names, made, strict=True) if each is not None}


def _free_ports(*preferred: int) -> list[int]:
    found: list[int] = []
    for port in preferred:
        free = free_port(port)
        while free in found:
            free = free_port(0)
        found.append(free)
    return found


def _program(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")


def _status(url: str) -> int:
    try:
        return requests.get(url, timeout=_ANSWER_SECONDS).status_code
    except requests.RequestException:
        return 0
