// Generated from owc/web/messages.py by `python -m owc.web.protocol_js`.

/** What a volunteer can offer: cores, bytes of memory, engine features, a speed score. */
export interface Capabilities {
  cores: number;
  memory_bytes: number;
  features: Array<string>;
  mobile: boolean;
  score: number;
  engine: string;
}

/** First message of a connection; `volunteer_token` resumes an identity given before. */
export interface VolunteerHello {
  token: string;
  protocol: number;
  kind: "browser" | "native";
  volunteer_token: string | null;
  site: string;
  capabilities: Capabilities;
  lease_ids: Array<string>;
}

/** Asks for up to `sub_jobs` sub-jobs; answered by one `lease_offer`, empty if nothing waits. */
export interface LeaseRequest {
  token: string;
  sub_jobs: number;
}

/** Keeps leases alive; acknowledged with a `Renewed`. */
export interface LeaseRenew {
  token: string;
  lease_ids: Array<string>;
}

/** Gives sub-jobs back undone; `sub_job_ids` null means the whole lease. */
export interface LeaseRelease {
  token: string;
  lease_id: string;
  sub_job_ids: Array<string> | null;
  reason: string;
}

/** One sub-job's end: output here, output sent before by HTTP, a trap, or an error. */
export interface SubJobResult {
  sub_job_id: string;
  output: ArrayBuffer | Uint8Array | null;
  output_sha256: string | null;
  rows_done: number;
  trap_site: number | null;
  error: string | null;
  elapsed_ms: number;
}

/** Results of one lease; each is kept by the volunteer until `result_ack` names it. */
export interface ResultReport {
  token: string;
  lease_id: string;
  results: Array<SubJobResult>;
}

/** Answer to a hello; `token` replaces the one used so far, `volunteer_token` is to be kept. */
export interface VolunteerWelcome {
  volunteer_id: string;
  token: string;
  volunteer_token: string;
  protocol: number;
  renew_seconds: number;
  inline_result_bytes: number;
}

/** Last message before the hub ends a connection. */
export interface VolunteerRefused {
  code: string;
  message: string;
}

/** The job that a lease serves, in words for the visitor. */
export interface OfferedJob {
  id: string;
  name: string;
  about: string;
}

/** The WebAssembly module of a lease; `url` is relative to the hub. */
export interface OfferedProgram {
  sha256: string;
  url: string;
  memory_bytes: number;
}

/** Source rows [first_row, first_row + rows); the chunk is inline, or fetched from its URL. */
export interface OfferedSubJob {
  sub_job_id: string;
  first_row: number;
  rows: number;
  chunk: ArrayBuffer | Uint8Array | null;
  chunk_url: string | null;
  chunk_sha256: string | null;
}

/** Sub-jobs granted until the lease runs out; all null and empty: wait for `work_available`. */
export interface LeaseOffer {
  lease_id: string | null;
  lease_seconds: number;
  job: OfferedJob | null;
  program: OfferedProgram | null;
  sub_jobs: Array<OfferedSubJob>;
}

/** Acknowledgement of `lease_renew`: the next token and the time the leases now have. */
export interface Renewed {
  token: string;
  lease_seconds: number;
}

/** A lease is no longer the volunteer's: stop its sub-jobs. */
export interface LeaseRevoke {
  lease_id: string;
  reason: string;
}

/** What became of one reported result; after any of these the volunteer may forget it. */
export interface ResultReceipt {
  sub_job_id: string;
  status: "stored" | "duplicate" | "too_late" | "refused";
  message: string;
}

/** Sent once the results are durable. */
export interface ResultAck {
  lease_id: string;
  results: Array<ResultReceipt>;
}

/** A nudge: a waiting volunteer may ask again. */
export interface WorkAvailable {
}

/** Asks for `job_changed` of every job. */
export interface WatchJobs {
}

/** Asks for `job_changed` of one job. */
export interface WatchJob {
  job_id: string;
}

/** A job's summary, at most a few times a second. */
export interface JobChanged {
  id: string;
  name: string;
  about: string;
  state: string;
  submitter: string;
  created_at: string;
  finished_at: string | null;
  rows_total: number | null;
  rows_settled: number;
  sub_jobs_total: number | null;
  sub_jobs_settled: number;
  volunteers_at_work: number;
}
