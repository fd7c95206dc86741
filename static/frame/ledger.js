// Which sub-jobs this volunteer holds: waiting, running, reported but not yet acknowledged. Pure: values in,
// decisions out. Not responsible for running or sending anything; volunteer.js does what the ledger says.

/** @typedef {import("../messages.js").LeaseOffer} LeaseOffer */
/** @typedef {import("../messages.js").SubJobResult} SubJobResult */
/** @typedef {import("../messages.js").ResultReceipt} ResultReceipt */
/** @typedef {import("../messages.js").OfferedJob} OfferedJob */
/** @typedef {import("../messages.js").OfferedProgram} OfferedProgram */
/** @typedef {import("../messages.js").OfferedSubJob} OfferedSubJob */
/** @typedef {OfferedSubJob & { leaseId: string, job: OfferedJob, program: OfferedProgram }} SubJob */
/** @typedef {{ leaseId: string, result: SubJobResult }} Report */
/** @typedef {{ leaseId: string, subJobIds: string[] }} Release */

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
  #done = 0;

  /** @param {number} workers size of the pool */
  constructor(workers) {
    this.#workers = workers;
  }

  /** Sub-jobs whose results the hub has acknowledged as useful. */
  get done() {
    return this.#done;
  }

  /** @param {string} subJobId */
  isRunning(subJobId) {
    return this.#running.has(subJobId);
  }

  get runningCount() {
    return this.#running.size;
  }

  /** @param {LeaseOffer} offer @returns {number} sub-jobs that are new to us */
  accept({ lease_id: leaseId, job, program, sub_jobs: subJobs }) {
    if (leaseId === null || !job || !program) return 0;
    const fresh = subJobs.filter(
      ({ sub_job_id: id }) => !this.#waiting.has(id) && !this.#running.has(id),
    );
    for (const offered of fresh)
      this.#waiting.set(offered.sub_job_id, { ...offered, leaseId, job, program });
    return fresh.length;
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
   * @param {SubJobResult} result
   * @returns {Report | null} null if the sub-job is no longer ours
   */
  finish(result) {
    const subJob = this.#running.get(result.sub_job_id);
    if (!subJob) return null;
    this.#running.delete(result.sub_job_id);
    if (result.error === null) this.#typicalMs += 0.3 * (result.elapsed_ms - this.#typicalMs);
    const report = { leaseId: subJob.leaseId, result };
    this.#reported.set(result.sub_job_id, report);
    return report;
  }

  /** Takes back a report that cannot be sent. @param {string} subJobId @returns {Release | null} */
  retract(subJobId) {
    const report = this.#reported.get(subJobId);
    this.#reported.delete(subJobId);
    return report ? { leaseId: report.leaseId, subJobIds: [subJobId] } : null;
  }

  /** @param {readonly ResultReceipt[]} receipts */
  acknowledge(receipts) {
    for (const receipt of receipts) {
      if (!this.#reported.delete(receipt.sub_job_id)) continue;
      if (receipt.status === "stored" || receipt.status === "duplicate") this.#done += 1;
    }
  }

  /** Everything that the hub has not acknowledged, oldest first. @returns {Report[]} */
  unacknowledged() {
    return [...this.#reported.values()];
  }

  /**
   * The lease is no longer ours. Its finished results stay: late ones may still count.
   * @param {string} leaseId
   * @returns {string[]} running sub-jobs to stop
   */
  revoke(leaseId) {
    this.#take(this.#waiting, (subJob) => subJob.leaseId === leaseId);
    return this.#take(this.#running, (subJob) => subJob.leaseId === leaseId).map(
      (subJob) => subJob.sub_job_id,
    );
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
