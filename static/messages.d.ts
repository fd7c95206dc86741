// Generated from owc/web/messages.py by `python -m owc.web.protocol_js`.

/** What a volunteer can offer; coarse, since it serves to match work and not to know anyone. */
export interface Capabilities {
  cores: number;
  memory_bytes: number;
  features: Array<string>;
  mobile: boolean;
  score: number;
  engine: string;
  engine_version: string;
  lacks: Array<string>;
  gpu: string | null;
  connection: string | null;
  categories: Array<string> | null;
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
  build: string | null;
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

/** One sub-job's end: its output in `outputs`, output sent before by HTTP, a trap, or an error. */
export interface SubJobResult {
  sub_job_id: string;
  output_bytes: number | null;
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
  outputs: ArrayBuffer | Uint8Array | null;
  wants: number;
}

/** The rows done so far of a sub-job that still runs; their output is in `outputs`. */
export interface Checkpoint {
  sub_job_id: string;
  rows_done: number;
  output_bytes: number;
  elapsed_ms: number;
}

/** What would be lost with a volunteer in the middle of long sub-jobs; not answered. */
export interface CheckpointReport {
  token: string;
  lease_id: string;
  checkpoints: Array<Checkpoint>;
  outputs: ArrayBuffer | Uint8Array;
}

/** Results of one lease in a `Farewell`, as in a `result_report`. */
export interface LeftReport {
  lease_id: string;
  results: Array<SubJobResult>;
}

/** What a `Farewell` gives back of a lease; null: all of it. */
export interface LeftLease {
  lease_id: string;
  sub_job_ids: Array<string> | null;
}

/** First line of `POST /volunteer/leave`: what a closing page has no time to say by its socket. */
export interface Farewell {
  token: string;
  reports: Array<LeftReport>;
  releases: Array<LeftLease>;
}

/** Answer to a hello; `token` replaces the one used so far, `volunteer_token` is to be kept. */
export interface VolunteerWelcome {
  volunteer_id: string;
  token: string;
  volunteer_token: string;
  protocol: number;
  renew_seconds: number;
  inline_result_bytes: number;
  result_bytes: number;
  checkpoint_bytes: number;
  reload: boolean;
}

/** How the hub sees the volunteer: after the welcome, and whenever that changes. */
export interface VolunteerStanding {
  status: "new" | "trusted" | "limited" | "barred" | "banned";
  message: string;
  credit: number;
  agreed: number;
  needed: number;
  until: string | null;
}

/** Last message before the hub ends a connection; `reload`: the hub's own client would do. */
export interface VolunteerRefused {
  code: string;
  message: string;
  reload: boolean;
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

/** Source rows [first_row, first_row + rows); the chunk is in `chunks`, or fetched. */
export interface OfferedSubJob {
  sub_job_id: string;
  first_row: number;
  rows: number;
  chunk_bytes: number | null;
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
  chunks: ArrayBuffer | Uint8Array | null;
}

/** Acknowledgement of `lease_renew`: the next token and the time the leases now have. */
export interface Renewed {
  token: string;
  lease_seconds: number;
}

/** Sub-jobs of a lease are no longer the volunteer's: stop them; `sub_job_ids` null: all. */
export interface LeaseRevoke {
  lease_id: string;
  sub_job_ids: Array<string> | null;
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
  rows_skipped: number;
  sub_jobs_total: number | null;
  sub_jobs_settled: number;
  volunteers_at_work: number;
}
