"""Every message of the wire between the hub, its volunteers and its pages, defined once.

Values only, no logic. `static/protocol.js` is generated from this file (`owc.web.protocol_js`), and
the native volunteer speaks the same words. Keys are snake_case; sizes and durations carry their
unit. Binary stays binary: all that a message carries is one value, parts one after the other, whose
lengths (`*_bytes`, null where there is no part) add up to it. A message that does not fit its model
ends the connection with a reason.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

PROTOCOL = 2
"""Version that `volunteer_hello` carries."""

SERVED_PROTOCOLS = (PROTOCOL, PROTOCOL - 1)
"""Versions that the hub takes: a tab, or a native volunteer, outlives an upgrade.

What a version adds to a message of volunteers has a default here, which stands for what older ones
do not say; what it adds to a message of the hub is passed over by who does not know it.
"""

BENCHMARK_SINCE = 2
"""Scores of volunteers that speak an older version have another unit."""

VOLUNTEER_NAMESPACE = "/volunteer"
WATCH_NAMESPACE = "/watch"

Token = Annotated[str, Field(min_length=1, max_length=1024)]
Id = Annotated[str, Field(pattern=r"^[a-z]{1,12}_[a-z0-9]{1,40}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0, le=2**53 - 1)]
Word = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z0-9_.+-]+$")]
Build = Annotated[str, Field(pattern=r"^[0-9a-z]{1,64}$")]
Sentence = Annotated[str, Field(max_length=500)]


class Message(BaseModel):
    """What all messages share: strict types, no unknown keys, unchangeable."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


# From the volunteer to the hub -------------------------------------------------------------------


class Capabilities(Message):
    """What a volunteer can offer; coarse, since it serves to match work and not to know anyone.

    `cores`: those that it lends. `features`: of WebAssembly. `score`: rows of the hub's benchmark
    that one core does in a millisecond; 0 is unknown. `engine_version`: its first number. `lacks`:
    what our client would use and the engine does not offer. `gpu`: vendor/architecture.
    `categories`: the kinds of jobs that it helps; all where it is null or missing.
    """

    cores: Annotated[int, Field(ge=1, le=4096)]
    memory_bytes: Count
    features: Annotated[list[Word], Field(max_length=64)]
    mobile: bool
    score: Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
    engine: Annotated[str, Field(max_length=120)]
    engine_version: Annotated[str, Field(max_length=8, pattern=r"^[0-9]*$")] = ""
    lacks: Annotated[list[Word], Field(max_length=64)] = []
    gpu: Annotated[str, Field(max_length=64, pattern=r"^[a-z0-9_.-]+/[a-z0-9_.-]*$")] | None = None
    connection: Word | None = None
    categories: Annotated[list[Word], Field(max_length=64)] | None = None


class VolunteerHello(Message):
    """First message of a connection; `volunteer_token` resumes an identity given before.

    `lease_ids`: the leases it still works on; what else this volunteer held is given to others.
    `build`: which of the hub's clients it runs, as the frame page says; null for others.
    """

    token: Token
    protocol: int
    kind: Literal["browser", "native"]
    volunteer_token: Token | None
    site: Annotated[str, Field(max_length=253)]
    capabilities: Capabilities
    lease_ids: Annotated[list[Id], Field(max_length=100)]
    build: Build | None = None


class LeaseRequest(Message):
    """Asks for up to `sub_jobs` sub-jobs; answered by one `lease_offer`, empty if nothing waits."""

    token: Token
    sub_jobs: Annotated[int, Field(ge=1, le=1000)]


class LeaseRenew(Message):
    """Keeps leases alive; acknowledged with a `Renewed`."""

    token: Token
    lease_ids: Annotated[list[Id], Field(max_length=100)]


class LeaseRelease(Message):
    """Gives sub-jobs back undone; `sub_job_ids` null means the whole lease."""

    token: Token
    lease_id: Id
    sub_job_ids: Annotated[list[Id], Field(max_length=1000)] | None
    reason: Sentence


class SubJobResult(Message):
    """One sub-job's end: its output in `outputs`, output sent before by HTTP, a trap, or an error.

    `error` begins with `out_of_memory`, `step_too_long` or `result_too_large` where the program's
    run is at fault, not the volunteer.
    """

    sub_job_id: Id
    output_bytes: Count | None
    output_sha256: Sha256 | None
    rows_done: Count
    trap_site: Count | None
    error: Sentence | None
    elapsed_ms: Annotated[float, Field(ge=0, le=1e10, allow_inf_nan=False)]


class ResultReport(Message):
    """Results of one lease; each is kept by the volunteer until `result_ack` names it.

    `wants` over 0 also asks for a lease, as a `lease_request` of so many sub-jobs would.
    """

    token: Token
    lease_id: Id
    results: Annotated[list[SubJobResult], Field(min_length=1, max_length=100)]
    outputs: bytes | None
    wants: Annotated[int, Field(ge=0, le=1000)]


class Checkpoint(Message):
    """The rows done so far of a sub-job that still runs; their output is in `outputs`."""

    sub_job_id: Id
    rows_done: Count
    output_bytes: Count
    elapsed_ms: Annotated[float, Field(ge=0, le=1e10, allow_inf_nan=False)]


class CheckpointReport(Message):
    """What would be lost with a volunteer in the middle of long sub-jobs; not answered.

    Sent for a sub-job that has run for a second, every half second at most, while its output has at
    most `checkpoint_bytes` (of the welcome) and only if more rows are done.
    """

    token: Token
    lease_id: Id
    checkpoints: Annotated[list[Checkpoint], Field(min_length=1, max_length=100)]
    outputs: bytes


class LeftReport(Message):
    """Results of one lease in a `Farewell`, as in a `result_report`."""

    lease_id: Id
    results: Annotated[list[SubJobResult], Field(min_length=1, max_length=100)]


class LeftLease(Message):
    """What a `Farewell` gives back of a lease; null: all of it."""

    lease_id: Id
    sub_job_ids: Annotated[list[Id], Field(max_length=1000)] | None


class Farewell(Message):
    """First line of `POST /volunteer/leave`: what a closing page has no time to say by its socket.

    After it and a line feed: the outputs, one after the other.
    """

    token: Token
    reports: Annotated[list[LeftReport], Field(max_length=100)]
    releases: Annotated[list[LeftLease], Field(max_length=100)]


# From the hub to the volunteer -------------------------------------------------------------------


class VolunteerWelcome(Message):
    """Answer to a hello; `token` replaces the one used so far, `volunteer_token` is to be kept.

    Outputs: up to `inline_result_bytes` in the report, up to `result_bytes` by HTTP, none larger.
    `reload`: the hub serves a newer client; load it when no result is at risk.
    """

    volunteer_id: Id
    token: Token
    volunteer_token: Token
    protocol: int
    renew_seconds: float
    inline_result_bytes: Count
    result_bytes: Count
    checkpoint_bytes: Count
    reload: bool


class VolunteerStanding(Message):
    """How the hub sees the volunteer: after the welcome, and whenever that changes.

    `status`: `new`, its results are all checked, until `needed` in a row were right (`agreed` were
    so far); `trusted`, some are; `limited`, all are, since one was wrong; `barred`, it gets no work
    until `until`; `banned`, it gets none. `message` says why and what to do; `credit` is in fuel,
    about one a WebAssembly instruction.
    """

    status: Literal["new", "trusted", "limited", "barred", "banned"]
    message: str
    credit: Count
    agreed: Count
    needed: Count
    until: str | None


class VolunteerRefused(Message):
    """Last message before the hub ends a connection; `reload`: the hub's own client would do."""

    code: Word
    message: str
    reload: bool


class OfferedJob(Message):
    """The job that a lease serves, in words for the visitor."""

    id: Id
    name: str
    about: str


class OfferedProgram(Message):
    """The WebAssembly module of a lease; `url` is relative to the hub."""

    sha256: Sha256
    url: str
    memory_bytes: Count


class OfferedSubJob(Message):
    """Source rows [first_row, first_row + rows); the chunk is in `chunks`, or fetched."""

    sub_job_id: Id
    first_row: Count
    rows: Count
    chunk_bytes: Count | None
    chunk_url: str | None
    chunk_sha256: Sha256 | None


class LeaseOffer(Message):
    """Sub-jobs granted until the lease runs out; all null and empty: wait for `work_available`."""

    lease_id: Id | None
    lease_seconds: float
    job: OfferedJob | None
    program: OfferedProgram | None
    sub_jobs: list[OfferedSubJob]
    chunks: bytes | None


class Renewed(Message):
    """Acknowledgement of `lease_renew`: the next token and the time the leases now have."""

    token: Token
    lease_seconds: float


class LeaseRevoke(Message):
    """Sub-jobs of a lease are no longer the volunteer's: stop them; `sub_job_ids` null: all."""

    lease_id: Id
    sub_job_ids: list[Id] | None
    reason: str


class ResultReceipt(Message):
    """What became of one reported result; after any of these the volunteer may forget it."""

    sub_job_id: Id
    status: Literal["stored", "duplicate", "too_late", "refused"]
    message: str


class ResultAck(Message):
    """Sent once the results are durable."""

    lease_id: Id
    results: list[ResultReceipt]


class WorkAvailable(Message):
    """A nudge: a waiting volunteer may ask again."""


# Live pages --------------------------------------------------------------------------------------


class WatchJobs(Message):
    """Asks for `job_changed` of every job."""


class WatchJob(Message):
    """Asks for `job_changed` of one job."""

    job_id: Id


class JobChanged(Message):
    """A job's summary, at most a few times a second."""

    id: Id
    name: str
    about: str
    state: str
    submitter: str
    created_at: str
    finished_at: str | None
    rows_total: Count | None
    rows_settled: Count
    rows_skipped: Count
    sub_jobs_total: Count | None
    sub_jobs_settled: Count
    volunteers_at_work: Count


VOLUNTEER_EVENTS: dict[str, type[Message]] = {
    "volunteer_hello": VolunteerHello,
    "lease_request": LeaseRequest,
    "lease_renew": LeaseRenew,
    "lease_release": LeaseRelease,
    "result_report": ResultReport,
    "checkpoint_report": CheckpointReport,
}
"""Events that a volunteer sends."""

HUB_EVENTS: dict[str, type[Message]] = {
    "volunteer_welcome": VolunteerWelcome,
    "volunteer_standing": VolunteerStanding,
    "volunteer_refused": VolunteerRefused,
    "lease_offer": LeaseOffer,
    "lease_revoke": LeaseRevoke,
    "result_ack": ResultAck,
    "work_available": WorkAvailable,
}
"""Events that the hub sends to a volunteer."""

WATCH_EVENTS: dict[str, type[Message]] = {
    "watch_jobs": WatchJobs,
    "watch_job": WatchJob,
    "job_changed": JobChanged,
}
"""Events of the live pages; `job_changed` comes from the hub."""

REFUSALS: dict[str, str] = {
    "bad_message": "The message does not fit its definition.",
    "bad_token": "The token is missing, forged or meant for something else.",
    "token_expired": "The token has expired: load the frame, or ask for a token, again.",
    "hello_first": "The first message of a connection is volunteer_hello.",
    "hello_twice": "A connection says hello once.",
    "unsupported_protocol": "This hub does not speak that version of the protocol.",
    "unknown_site": "The site of this frame is not registered any more.",
    "replaced": "The same volunteer connected again from elsewhere.",
    "too_many_messages": "Messages came faster than this hub takes them.",
    "too_many_hellos": "Too many volunteers said hello from this address: try again in a minute.",
    "internal_error": "The hub failed to handle the message; it has been logged.",
}
"""Why a connection was ended: code and the sentence that goes with it."""
