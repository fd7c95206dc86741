"""Everything an operator can set, with its default, its unit and its environment variable.

The variable of `data_folder` is `OWC_DATA_FOLDER`, and so on; lists are separated by commas.
Settings are frozen: change makes a copy. This module reads the environment only when asked.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from owc.errors import SettingsError

PREFIX = "OWC_"
LEAST_KEY_BYTES = 16
MEGABYTE = 1024 * 1024
_LISTS = ("sites", "allowed_hosts", "trusted_proxies", "fetch_networks", "pool_networks")
_ORIGIN = re.compile(r"(https?://)?[^\s;,'\"/]+")


class Settings(BaseModel):
    """The settings of one hub."""

    # Defaults are validated too: the data folder must be absolute, whoever chose it.
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    # Where things are
    data_folder: Path = Field(Path("owc-data"), description="Folder of database, blobs and keys.")
    database_url: str | None = Field(
        None, description="SQLAlchemy URL. Default: SQLite in the data folder."
    )
    redis_url: str | None = Field(
        None, description="Redis-protocol server. Default: one of our own in the data folder."
    )

    # The web
    hub_name: str = Field("Open Web Compute", max_length=80, description="Shown on every page.")
    purpose_text: str = Field(
        "",
        max_length=200,
        description="What the computing is for, in the question that visitors read."
        " Default: a sentence in their language.",
    )
    data_mb_per_hour: int = Field(
        50,
        ge=1,
        description="Data that a visitor's browser takes in an hour, unless changed there.",
    )
    confirm_yes: bool = Field(
        False,
        description="A visitor's yes counts once it is confirmed in a window of the hub's own.",
    )
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on; 0 picks a free one.")
    public_url: str | None = Field(
        None, description="Address that browsers use, if it is not http://host:port."
    )
    allowed_hosts: tuple[str, ...] = Field(
        (), description="Host headers accepted beside host and public_url."
    )
    sites: tuple[str, ...] = Field(
        (), description="Origins that may embed the frame without a key. Empty: see embedding."
    )
    embedding: Literal["any", "registered"] | None = Field(
        None,
        description="Who may embed the frame where `sites` names nobody: any site, or only"
        " registered ones. Default: any, but registered where redis_url is set.",
    )
    trusted_proxies: tuple[str, ...] = Field(
        (), description="Addresses or networks whose forwarded headers count."
    )
    secret_key: str | None = Field(
        None, repr=False, description="Signs tokens. Default: made once, kept in the data folder."
    )
    frame_token_seconds: int = Field(3600, ge=60, description="Life of a volunteer's token.")

    # Limits of what arrives
    document_bytes: int = Field(1_000_000, ge=1, description="Largest job document.")
    upload_bytes: int = Field(1024 * MEGABYTE, ge=1, description="Largest upload.")
    fetch_bytes: int = Field(
        256 * MEGABYTE, ge=0, description="Largest file fetched from a job's URL; 0: none is."
    )
    fetch_seconds: int = Field(120, ge=1, description="Longest time that fetching a file takes.")
    fetch_networks: tuple[str, ...] = Field(
        (), description="Private networks that may be fetched from; public ones always may."
    )
    result_bytes: int = Field(8 * MEGABYTE, ge=1024, description="Largest output of a sub-job.")
    inline_result_bytes: int = Field(65_536, ge=0, description="Outputs up to this use the socket.")
    checkpoint_bytes: int = Field(
        16_384, ge=0, description="Largest output taken of an unfinished sub-job; 0: none is."
    )
    inline_chunk_bytes: int = Field(32_768, ge=0, description="Chunks up to this use the socket.")
    memory_bytes: int = Field(64 * MEGABYTE, ge=MEGABYTE, description="Memory of a program.")
    submissions_per_minute: int = Field(30, ge=1, description="Jobs a token may post.")
    uploads_per_minute: int = Field(30, ge=1, description="Uploads a token may post.")
    connections_per_address: int = Field(
        64, ge=1, description="Sockets from one address, at each web process."
    )
    requests_per_address: int = Field(
        256, ge=1, description="Requests from one address at a time, at each web process."
    )
    hellos_per_minute: int = Field(
        600, ge=1, description="Volunteers of one address that may say hello."
    )
    outputs_per_minute: int = Field(
        600, ge=1, description="Large outputs that a volunteer sends; an address: tenfold."
    )
    reserve_bytes: int = Field(
        256 * MEGABYTE, ge=0, description="Disk that uploads and large outputs leave free."
    )
    message_bytes: int = Field(
        MEGABYTE, ge=65_536, description="Largest message of a volunteer's socket."
    )

    # Splitting
    sub_job_seconds: float = Field(
        1.5, gt=0, le=60, description="Time of a sub-job on the hub's machine."
    )
    chunk_bytes: int = Field(MEGABYTE, ge=1024, description="Largest chunk of a sub-job.")
    max_sub_jobs: int = Field(
        1_000_000_000, ge=1, description="Most sub-jobs that a range is cut into."
    )
    max_chunks: int = Field(200_000, ge=1, description="Most sub-jobs that a table is cut into.")
    source_bytes: int = Field(
        16 * 1024 * MEGABYTE,
        ge=1,
        description="Largest table of a job, as it lies in chunks: a small file may hold much.",
    )
    max_skipped_rows: int = Field(
        10_000, ge=0, description="Rows that may fail before a job that skips them fails."
    )
    hub_run_seconds: int = Field(
        60, ge=1, description="Longest run of one sub-job on the hub (enforced as fuel)."
    )

    # Leases
    lease_target_seconds: float = Field(10, gt=0, description="Work in one lease; half on phones.")
    lease_sub_jobs: int = Field(32, ge=1, description="Most sub-jobs in one lease.")
    leases_per_volunteer: int = Field(64, ge=1, description="Active leases of one volunteer.")
    grace_seconds: int = Field(10, ge=0, description="A lost socket may resume within this.")
    queue_window: int = Field(10_000, ge=1, description="Most sub-jobs held in each queue.")
    strategy: Literal["fastest", "least_loaded", "round_robin", "random", "nearest"] = Field(
        "fastest",
        description="Which waiting volunteer is told of work first: fastest, least_loaded,"
        " round_robin, random or nearest.",
    )
    finished_seconds: int = Field(
        60,
        ge=0,
        description="How long RQ shows finished sub-jobs: the latest 5,000 of each queue.",
    )
    max_failures: int = Field(5, ge=1, description="Errors before the hub runs a sub-job itself.")
    max_leases: int = Field(20, ge=1, description="Leases before the hub runs a sub-job itself.")

    # Trust
    trust_after: int = Field(10, ge=0, description="Agreements before results are only sampled.")
    spot_check: float = Field(
        0.05, ge=0, le=1, description="Least fraction of a trusted volunteer's results checked."
    )
    max_disagreements: int = Field(
        1, ge=0, description="Volunteers asked beyond a quorum before the hub decides."
    )
    hub_backlog_seconds: float = Field(
        30, gt=0, description="Work that waits for the hub's own runs before others check."
    )
    receive_seconds: float = Field(
        0.0003,
        ge=0,
        description="What receiving a result costs; sub-jobs that cost less are run by the hub"
        " too. 0: none is for that.",
    )
    unproven_sub_jobs: int = Field(
        32, ge=1, description="Most sub-jobs of a newcomer that are at work or not judged yet."
    )
    audit: float = Field(
        0.02, ge=0, le=1, description="Fraction of sub-jobs on one word run again at a job's end."
    )
    audit_seconds: float = Field(60, gt=0, description="Longest that such an audit takes, about.")
    pool_networks: tuple[str, ...] = Field(
        (), description="Networks whose volunteers may confirm each other: a classroom, a lab."
    )

    # Upkeep and tasks
    upkeep_seconds: float = Field(1, gt=0, description="Pause between passes of feed and expire.")
    prune_seconds: float = Field(5, gt=0, description="Pause between passes of prune.")
    reconcile_seconds: float = Field(5, gt=0, description="Pause between passes of reconcile.")
    retain_seconds: float = Field(3600, gt=0, description="Pause between passes of retention.")
    keep_results_days: int = Field(
        365, ge=1, description="How long results of a finished job are kept."
    )
    keep_blobs_hours: int = Field(
        24, ge=1, description="How long a blob that belongs to nothing is kept."
    )
    task_seconds: int = Field(3600, ge=10, description="Longest run of a server-side task.")
    task_attempts: int = Field(5, ge=1, description="Starts of a task before its job fails.")

    @field_validator(
        "sites",
        "allowed_hosts",
        "trusted_proxies",
        "fetch_networks",
        "pool_networks",
        mode="before",
    )
    @classmethod
    def _split_list(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("data_folder")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("sites")
    @classmethod
    def _check_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin!r} is not an origin such as https://example.org")
        return value

    @field_validator("trusted_proxies", "fetch_networks", "pool_networks")
    @classmethod
    def _check_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ipaddress.ip_network(network, strict=False)  # raises what pydantic reports
        return value

    @field_validator("redis_url")
    @classmethod
    def _check_redis_url(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("a Redis URL begins with redis://, rediss:// or unix://")
        return value

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, **overrides: Any) -> Self:
        """Read `OWC_*`; `overrides` win, those that are None do not count.

        Raises SettingsError naming the variable.
        """
        environ = os.environ if environ is None else environ
        values: dict[str, Any] = {
            name: environ[PREFIX + name.upper()]
            for name in cls.model_fields
            if environ.get(PREFIX + name.upper(), "") != ""
        }
        values |= {name: value for name, value in overrides.items() if value is not None}
        try:
            return cls(**values)
        except ValidationError as error:
            lines = [
                f"{PREFIX}{str(problem['loc'][0]).upper()}: {_sentence(problem['msg'])}"
                for problem in error.errors()
            ]
            raise SettingsError("; ".join(lines)) from None

    def with_changes(self, **changes: Any) -> Self:
        """A validated copy."""
        return type(self)(**{**self.model_dump(), **changes})

    def make_data_folder(self) -> None:
        """Make the data folder, readable by its owner only; one that is there stays as it is."""
        self.data_folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    @property
    def effective_database_url(self) -> str:
        return self.database_url or f"sqlite:///{self.data_folder / 'owc.sqlite3'}"

    @property
    def is_open_to_any_site(self) -> bool:
        """Whether a site needs no key; what `sites` names, may embed the frame in any case."""
        return self.embedding == "any" or (self.embedding is None and self.redis_url is None)

    @property
    def blobs_folder(self) -> Path:
        return self.data_folder / "blobs"

    @property
    def redis_folder(self) -> Path:
        return self.data_folder / "redis"


def _sentence(message: str) -> str:
    return message.removeprefix("Value error, ")  # pydantic's mark of our own checks


def load_secret_key(settings: Settings) -> bytes:
    """The key that signs tokens; made on first use and kept in the data folder, mode 0600."""
    if settings.secret_key:
        return settings.secret_key.encode()
    path = settings.data_folder / "secret_key"
    if not path.exists():
        settings.make_data_folder()
        with tempfile.NamedTemporaryFile(dir=path.parent) as file:  # of mode 0600
            file.write(secrets.token_hex(32).encode())
            file.flush()
            os.fsync(file.fileno())
            # Whole or not at all, and only one of several processes that start together wins.
            with contextlib.suppress(FileExistsError):
                os.link(file.name, path)
    key = path.read_bytes()
    if len(key) < LEAST_KEY_BYTES:
        raise SettingsError(f"{path} holds no key: remove it, and a new one is made")
    return key
