// Which sub-jobs this volunteer holds: waiting, running, reported but not yet acknowledged. Pure: values in,
// decisions out. Not responsible for running or sending anything; volunteer.js does what the ledger says.

import { unpack } from "./packing.js";

/** @import { LeaseOffer, OfferedSubJob, ResultReceipt } from "../messages.js" */
/** @import { Done, Release, Report, Result, SubJob } from "./types.js" */

const LEASE_MS = 10_000; // work that a lease should hold for each worker
const MOST_PER_WORKER = 16;
const MOST_UNSENT_BYTES = 16 * 2 ** 20;

export class Ledger {
  /** @type {Map<string, SubJob>} */
  #waiting = new Map();
  /** @type {Map<string, SubJob>} */
  #running = new Map();
  /** @type {Map<string, Report>} */
  #reported = new Map();
  #workers;
  #typicalMs = LEASE_MS; // a first lease holds one sub-job for each worker

  /** @param {number} workers size of the pool */
  constructor(workers) {
    this.#workers = workers;
  }

  get workers() {
    return this.#workers;
  }

  /** @param {number} workers that may work now */
  set workers(workers) {
    this.#workers = workers;
  }

  /** @param {string} subJobId */
  isRunning(subJobId) {
    return this.#running.has(subJobId);
  }

  /** The lease of a running sub-job. @param {string} subJobId */
  leaseOf(subJobId) {
    return this.#running.get(subJobId)?.leaseId;
  }

  get runningCount() {
    return this.#running.size;
  }

  /** Results that the hub has not acknowledged. */
  get reportedCount() {
    return this.#reported.size;
  }

  /** @param {LeaseOffer} offer @returns {number} sub-jobs that are new to us */
  accept({ lease_id: leaseId, job, program, sub_jobs: subJobs, chunks }) {
    if (leaseId === null || !job || !program) return 0;
    const lengths = subJobs.map(({ chunk_bytes: bytes }) => bytes);
    let fresh = 0;
    unpack(chunks, lengths).forEach((chunk, index) => {
      const offered = /** @type {OfferedSubJob} */ (subJobs[index]);
      const id = offered.sub_job_id;
      if (this.#waiting.has(id) || this.#running.has(id)) return;
      this.#waiting.set(id, { ...offered, leaseId, job, program, chunk });
      fresh++;
    });
    return fresh;
  }

  /** The oldest waiting sub-job, which now counts as running. @returns {SubJob | undefined} */
  next() {
    for (const [id, subJob] of this.#waiting) {
      this.#waiting.delete(id);
      this.#running.set(id, subJob);
      return subJob;
    }
    return undefined;
  }

  /**
   * A sub-job has ended, well or badly; its report is kept until it is acknowledged.
   * @param {Result} result
   * @returns {Report | null} null if the sub-job is no longer ours
   */
  finish(result) {
    const subJob = this.#running.get(result.sub_job_id);
    if (!subJob) return null;
    this.#running.delete(result.sub_job_id);
    if (result.error === null) this.#typicalMs += 0.3 * (result.elapsed_ms - this.#typicalMs);
    const report = { leaseId: subJob.leaseId, job: subJob.job, result, beaconed: false };
    this.#reported.set(result.sub_job_id, report);
    return report;
  }

  /** Takes back a report that cannot be sent. @param {string} subJobId @returns {Release | null} */
  retract(subJobId) {
    const report = this.#reported.get(subJobId);
    this.#reported.delete(subJobId);
    return report ? { leaseId: report.leaseId, subJobIds: [subJobId] } : null;
  }

  /** @param {readonly ResultReceipt[]} receipts @returns {Done[]} those that were of use */
  acknowledge(receipts) {
    /** @type {Done[]} */
    const done = [];
    for (const { sub_job_id: id, status } of receipts) {
      const report = this.#reported.get(id);
      if (!report) continue;
      this.#reported.delete(id);
      const { error, elapsed_ms: elapsedMs } = report.result;
      if (error === null && (status === "stored" || status === "duplicate"))
        done.push({ job: report.job, elapsedMs });
    }
    return done;
  }

  /** Everything that the hub has not acknowledged, oldest first. @returns {Report[]} */
  unacknowledged() {
    return [...this.#reported.values()];
  }

  /**
   * Sub-jobs of a lease are no longer ours. Finished results stay: late ones may still count.
   * @param {string} leaseId
   * @param {readonly string[] | null} subJobIds null: all of it
   * @returns {string[]} running sub-jobs to stop
   */
  revoke(leaseId, subJobIds) {
    /** @param {SubJob} subJob */
    const isGone = ({ leaseId: of, sub_job_id: id }) =>
      of === leaseId && (subJobIds?.includes(id) ?? true);
    this.#take(this.#waiting, isGone);
    return this.#take(this.#running, isGone).map((subJob) => subJob.sub_job_id);
  }

  /** Gives up what has not begun. @returns {Release[]} */
  releaseWaiting() {
    return groupByLease(this.#take(this.#waiting, () => true));
  }

  /** Gives up everything undone. @returns {Release[]} */
  releaseAll() {
    const waiting = this.#take(this.#waiting, () => true);
    return groupByLease([...waiting, ...this.#take(this.#running, () => true)]);
  }

  /** Gives up one running sub-job. @param {string} subJobId @returns {Release | null} */
  releaseRunning(subJobId) {
    const [subJob] = this.#take(this.#running, ({ sub_job_id: id }) => id === subJobId);
    return subJob ? { leaseId: subJob.leaseId, subJobIds: [subJobId] } : null;
  }

  /** Leases that still hold work or unacknowledged results of ours, to be renewed. @returns {string[]} */
  leaseIds() {
    const held = [...this.#waiting.values(), ...this.#running.values(), ...this.#reported.values()];
    return [...new Set(held.map((subJob) => subJob.leaseId))];
  }

  /** How many sub-jobs to ask for now: a lease ahead of the workers, none while results pile up. */
  wants() {
    const unsent = [...this.#reported.values()].reduce(
      (bytes, { result }) => bytes + (result.output?.byteLength ?? 0),
      0,
    );
    if (this.#waiting.size >= this.#workers || unsent > MOST_UNSENT_BYTES) return 0;
    const each = Math.round(LEASE_MS / Math.max(this.#typicalMs, 1));
    return this.#workers * Math.min(Math.max(each, 1), MOST_PER_WORKER);
  }

  /**
   * @param {Map<string, SubJob>} from
   * @param {(subJob: SubJob) => boolean} which
   * @returns {SubJob[]} the sub-jobs taken out
   */
  #take(from, which) {
    const taken = [...from.values()].filter(which);
    for (const { sub_job_id: id } of taken) from.delete(id);
    return taken;
  }
}

/** @param {SubJob[]} subJobs @returns {Release[]} */
function groupByLease(subJobs) {
  /** @type {Map<string, string[]>} */
  const leases = new Map();
  for (const { leaseId, sub_job_id: id } of subJobs)
    leases.set(leaseId, [...(leases.get(leaseId) ?? []), id]);
  return [...leases].map(([leaseId, subJobIds]) => ({ leaseId, subJobIds }));
}
