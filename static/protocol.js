// Generated from owc/web/messages.py by `python -m owc.web.protocol_js`.

export const PROTOCOL = 1;
export const VOLUNTEER_NAMESPACE = "/volunteer";
export const WATCH_NAMESPACE = "/watch";

/** Events that a volunteer sends. */
export const VolunteerEvent = Object.freeze({
  VOLUNTEER_HELLO: "volunteer_hello",
  LEASE_REQUEST: "lease_request",
  LEASE_RENEW: "lease_renew",
  LEASE_RELEASE: "lease_release",
  RESULT_REPORT: "result_report",
});

/** Events that the hub sends. */
export const HubEvent = Object.freeze({
  VOLUNTEER_WELCOME: "volunteer_welcome",
  VOLUNTEER_REFUSED: "volunteer_refused",
  LEASE_OFFER: "lease_offer",
  LEASE_REVOKE: "lease_revoke",
  RESULT_ACK: "result_ack",
  WORK_AVAILABLE: "work_available",
});

/** Events of the live pages. */
export const WatchEvent = Object.freeze({
  WATCH_JOBS: "watch_jobs",
  WATCH_JOB: "watch_job",
  JOB_CHANGED: "job_changed",
});

/** Codes of volunteer_refused. */
export const Refusal = Object.freeze({
  BAD_MESSAGE: "bad_message",
  BAD_TOKEN: "bad_token",
  TOKEN_EXPIRED: "token_expired",
  HELLO_FIRST: "hello_first",
  HELLO_TWICE: "hello_twice",
  UNSUPPORTED_PROTOCOL: "unsupported_protocol",
  REPLACED: "replaced",
  TOO_MANY_MESSAGES: "too_many_messages",
  INTERNAL_ERROR: "internal_error",
});

/**
 * What a volunteer can offer: cores, bytes of memory, engine features, a speed score.
 * @typedef {object} Capabilities
 * @property {number} cores
 * @property {number} memory_bytes
 * @property {Array<string>} features
 * @property {boolean} mobile
 * @property {number} score
 * @property {string} engine
 */

/**
 * First message of a connection; `volunteer_token` resumes an identity given before.
 * @typedef {object} VolunteerHello
 * @property {string} token
 * @property {number} protocol
 * @property {"browser" | "native"} kind
 * @property {string | null} volunteer_token
 * @property {string} site
 * @property {Capabilities} capabilities
 * @property {Array<string>} lease_ids
 */

/**
 * Asks for up to `sub_jobs` sub-jobs; answered by one `lease_offer`, empty if nothing waits.
 * @typedef {object} LeaseRequest
 * @property {string} token
 * @property {number} sub_jobs
 */

/**
 * Keeps leases alive; acknowledged with a `Renewed`.
 * @typedef {object} LeaseRenew
 * @property {string} token
 * @property {Array<string>} lease_ids
 */

/**
 * Gives sub-jobs back undone; `sub_job_ids` null means the whole lease.
 * @typedef {object} LeaseRelease
 * @property {string} token
 * @property {string} lease_id
 * @property {Array<string> | null} sub_job_ids
 * @property {string} reason
 */

/**
 * One sub-job's end: output here, output sent before by HTTP, a trap, or an error.
 * @typedef {object} SubJobResult
 * @property {string} sub_job_id
 * @property {ArrayBuffer | Uint8Array | null} output
 * @property {string | null} output_sha256
 * @property {number} rows_done
 * @property {number | null} trap_site
 * @property {string | null} error
 * @property {number} elapsed_ms
 */

/**
 * Results of one lease; each is kept by the volunteer until `result_ack` names it.
 * @typedef {object} ResultReport
 * @property {string} token
 * @property {string} lease_id
 * @property {Array<SubJobResult>} results
 */

/**
 * Answer to a hello; `token` replaces the one used so far, `volunteer_token` is to be kept.
 * @typedef {object} VolunteerWelcome
 * @property {string} volunteer_id
 * @property {string} token
 * @property {string} volunteer_token
 * @property {number} protocol
 * @property {number} renew_seconds
 * @property {number} inline_result_bytes
 */

/**
 * Last message before the hub ends a connection.
 * @typedef {object} VolunteerRefused
 * @property {string} code
 * @property {string} message
 */

/**
 * The job that a lease serves, in words for the visitor.
 * @typedef {object} OfferedJob
 * @property {string} id
 * @property {string} name
 * @property {string} about
 */

/**
 * The WebAssembly module of a lease; `url` is relative to the hub.
 * @typedef {object} OfferedProgram
 * @property {string} sha256
 * @property {string} url
 * @property {number} memory_bytes
 */

/**
 * Source rows [first_row, first_row + rows); the chunk is inline, or fetched from its URL.
 * @typedef {object} OfferedSubJob
 * @property {string} sub_job_id
 * @property {number} first_row
 * @property {number} rows
 * @property {ArrayBuffer | Uint8Array | null} chunk
 * @property {string | null} chunk_url
 * @property {string | null} chunk_sha256
 */

/**
 * Sub-jobs granted until the lease runs out; all null and empty: wait for `work_available`.
 * @typedef {object} LeaseOffer
 * @property {string | null} lease_id
 * @property {number} lease_seconds
 * @property {OfferedJob | null} job
 * @property {OfferedProgram | null} program
 * @property {Array<OfferedSubJob>} sub_jobs
 */

/**
 * Acknowledgement of `lease_renew`: the next token and the time the leases now have.
 * @typedef {object} Renewed
 * @property {string} token
 * @property {number} lease_seconds
 */

/**
 * A lease is no longer the volunteer's: stop its sub-jobs.
 * @typedef {object} LeaseRevoke
 * @property {string} lease_id
 * @property {string} reason
 */

/**
 * What became of one reported result; after any of these the volunteer may forget it.
 * @typedef {object} ResultReceipt
 * @property {string} sub_job_id
 * @property {"stored" | "duplicate" | "too_late" | "refused"} status
 * @property {string} message
 */

/**
 * Sent once the results are durable.
 * @typedef {object} ResultAck
 * @property {string} lease_id
 * @property {Array<ResultReceipt>} results
 */

/**
 * A nudge: a waiting volunteer may ask again.
 * @typedef {object} WorkAvailable
 */

/**
 * Asks for `job_changed` of every job.
 * @typedef {object} WatchJobs
 */

/**
 * Asks for `job_changed` of one job.
 * @typedef {object} WatchJob
 * @property {string} job_id
 */

/**
 * A job's summary, at most a few times a second.
 * @typedef {object} JobChanged
 * @property {string} id
 * @property {string} name
 * @property {string} about
 * @property {string} state
 * @property {string} submitter
 * @property {string} created_at
 * @property {string | null} finished_at
 * @property {number | null} rows_total
 * @property {number} rows_settled
 * @property {number | null} sub_jobs_total
 * @property {number} sub_jobs_settled
 * @property {number} volunteers_at_work
 */
