"""Every message of the wire between the hub, its volunteers and its pages, defined once.

Values only, no logic. `static/protocol.js` is generated from this file (`owc.web.protocol_js`), and
the native volunteer speaks the same words. Keys are snake_case; sizes and durations carry their
unit; binary stays binary. A message that does not fit its model ends the connection with a reason.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

PROTOCOL = 1
"""Version that `volunteer_hello` carries."""

VOLUNTEER_NAMESPACE = "/volunteer"
WATCH_NAMESPACE = "/watch"

Token = Annotated[str, Field(min_length=1, max_length=1024)]
Id = Annotated[str, Field(pattern=r"^[a-z]{1,12}_[a-z0-9]{1,40}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0, le=2**53 - 1)]
Word = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z0-9_.+-]+$")]
Sentence = Annotated[str, Field(max_length=500)]


class Message(BaseModel):
    """What all messages share: strict types, no unknown keys, unchangeable."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


# From the volunteer to the hub -------------------------------------------------------------------


class Capabilities(Message):
    """What a volunteer can offer: cores, bytes of memory, engine features, a speed score."""

    cores: Annotated[int, Field(ge=1, le=4096)]
    memory_bytes: Count
    features: Annotated[list[Word], Field(max_length=64)]
    mobile: bool
    score: Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
    engine: Annotated[str, Field(max_length=120)]


class VolunteerHello(Message):
    """First message of a connection; `volunteer_token` resumes an identity given before.

    `lease_ids`: the leases it still works on; what else this volunteer held is given to others.
    """

    token: Token
    protocol: int
    kind: Literal["browser", "native"]
    volunteer_token: Token | None
    site: Annotated[str, Field(max_length=253)]
    capabilities: Capabilities
    lease_ids: Annotated[list[Id], Field(max_length=100)]


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
    """One sub-job's end: output here, output sent before by HTTP, a trap, or an error."""

    sub_job_id: Id
    output: bytes | None
    output_sha256: Sha256 | None
    rows_done: Count
    trap_site: Count | None
    error: Sentence | None
    elapsed_ms: Annotated[float, Field(ge=0, le=1e10, allow_inf_nan=False)]


class ResultReport(Message):
    """Results of one lease; each is kept by the volunteer until `result_ack` names it."""

    token: Token
    lease_id: Id
    results: Annotated[list[SubJobResult], Field(min_length=1, max_length=100)]


# From the hub to the volunteer -------------------------------------------------------------------


class VolunteerWelcome(Message):
    """Answer to a hello; `token` replaces the one used so far, `volunteer_token` is to be kept."""

    volunteer_id: Id
    token: Token
    volunteer_token: Token
    protocol: int
    renew_seconds: float
    inline_result_bytes: Count


class VolunteerRefused(Message):
    """Last message before the hub ends a connection."""

    code: Word
    message: str


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
    """Source rows [first_row, first_row + rows); the chunk is inline, or fetched from its URL."""

    sub_job_id: Id
    first_row: Count
    rows: Count
    chunk: bytes | None
    chunk_url: str | None
    chunk_sha256: Sha256 | None


class LeaseOffer(Message):
    """Sub-jobs granted until the lease runs out; all null and empty: wait for `work_available`."""

    lease_id: Id | None
    lease_seconds: float
    job: OfferedJob | None
    program: OfferedProgram | None
    sub_jobs: list[OfferedSubJob]


class Renewed(Message):
    """Acknowledgement of `lease_renew`: the next token and the time the leases now have."""

    token: Token
    lease_seconds: float


class LeaseRevoke(Message):
    """A lease is no longer the volunteer's: stop its sub-jobs."""

    lease_id: Id
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
    sub_jobs_total: Count | None
    sub_jobs_settled: Count
    volunteers_at_work: Count


VOLUNTEER_EVENTS: dict[str, type[Message]] = {
    "volunteer_hello": VolunteerHello,
    "lease_request": LeaseRequest,
    "lease_renew": LeaseRenew,
    "lease_release": LeaseRelease,
    "result_report": ResultReport,
}
"""Events that a volunteer sends."""

HUB_EVENTS: dict[str, type[Message]] = {
    "volunteer_welcome": VolunteerWelcome,
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
    "replaced": "The same volunteer connected again from elsewhere.",
    "too_many_messages": "Messages came faster than this hub takes them.",
    "internal_error": "The hub failed to handle the message; it has been logged.",
}
"""Why a connection was ended: code and the sentence that goes with it."""
