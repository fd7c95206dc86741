// The volunteer at work: joins the connection, the ledger and the pool. Loaded only after a yes.
// Responsible for the order of things: lease, fetch, run, report, renew, release. It draws nothing.
//
// Driven by what the hub and the workers say, not by timers, which browsers slow down in hidden tabs.

import { capabilities, poolSize } from "./capability.js";
import { Client } from "./client.js";
import { Ledger } from "./ledger.js";
import { Pool } from "./pool.js";
import { Programs, chunkOf } from "./programs.js";

/** @typedef {import("../messages.js").OfferedJob} OfferedJob */
/** @typedef {import("../messages.js").SubJobResult} SubJobResult */
/** @typedef {import("./ledger.js").Release} Release */
/** @typedef {import("./ledger.js").Report} Report */
/** @typedef {import("./ledger.js").SubJob} SubJob */
/** @typedef {"connecting" | "working" | "waiting" | "paused" | "offline" | "refused" | "unable"} Phase */
/**
 * @typedef {object} Listener
 * @property {(phase: Phase, reason: string) => void} onPhase
 * @property {(job: OfferedJob) => void} onJob the job that is worked on now
 * @property {(subJobsDone: number) => void} onDone
 * @property {(fractions: number[]) => void} onProgress
 * @property {(volunteerToken: string) => void} onIdentity to be kept for the next visit
 */

const ASK_AGAIN_MS = 30_000; // the hub nudges; this is for a nudge that got lost
const HOLD_MS = 60_000; // a paused sub-job is kept this long, then another volunteer may have it
const TROUBLE = "Trouble on the way, trying again";
const TICK_MS = 5_000;
const RENEW_MS = 20_000; // until the welcome says better

export class Volunteer {
  #listener;
  #ledger;
  #pool;
  #programs = new Programs();
  /** @type {Client | null} */
  #client = null;
  /** @type {Phase} */
  #phase = "connecting";
  #reason = "";
  #asking = false;
  #restUntil = 0; // after a fetch that failed, nothing is asked for until then
  #renewMs = RENEW_MS;
  #renewedAt = 0;
  #askedAt = 0;
  #inlineBytes = 0;
  #heldSince = 0;
  #ended = false;
  /** @type {number} */
  #timer;

  /** @param {Listener} listener */
  constructor(listener) {
    this.#listener = listener;
    this.#pool = new Pool(poolSize(), {
      onIdle: () => this.#work(),
      onDone: (subJobId, output, rowsDone, trapSite, elapsedMs) =>
        void this.#finish(subJobId, { output, rowsDone, trapSite, elapsedMs, error: null }),
      onFailed: (subJobId, error, elapsedMs) =>
        void this.#finish(subJobId, { output: null, rowsDone: 0, trapSite: null, elapsedMs, error }),
      onStuck: (subJobId) => this.#giveBack(this.#ledger.releaseRunning(subJobId), "the worker was ended"),
      onUnable: () => this.#fail("unable"),
      onProgress: (fractions) => {
        listener.onProgress(fractions);
        this.#tick();
      },
    });
    this.#ledger = new Ledger(this.#pool.size);
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** @param {{ token: string, site: string, volunteerToken: string | null }} who */
  async start({ token, site, volunteerToken }) {
    const score = await this.#pool.measure();
    if (this.#ended) return;
    const who = { token, site, volunteerToken, capabilities: capabilities(score) };
    this.#client = new Client(who, () => this.#ledger.leaseIds(), {
      onWelcome: (welcome) => {
        this.#renewMs = welcome.renew_seconds * 1000;
        this.#inlineBytes = welcome.inline_result_bytes;
        this.#listener.onIdentity(welcome.volunteer_token);
        this.#resumeWire();
      },
      onOffer: (offer) => {
        this.#asking = false;
        if (this.#ended || this.#pool.paused) return this.#decline(offer.lease_id);
        const fresh = this.#ledger.accept(offer);
        this.#work(fresh === 0);
      },
      onRevoke: ({ lease_id: leaseId }) => {
        for (const subJobId of this.#ledger.revoke(leaseId)) this.#pool.cancel(subJobId);
      },
      onAck: ({ results }) => {
        this.#ledger.acknowledge(results);
        this.#listener.onDone(this.#ledger.done);
      },
      onWork: () => this.#work(),
      onLost: () => {
        this.#asking = false;
        this.#announce("offline");
      },
      onRefused: ({ code, message }) => this.#fail("refused", code === "replaced" ? code : message),
    });
    this.#client.connect();
  }

  pause() {
    if (this.#pool.paused) return;
    this.#heldSince = performance.now();
    this.#pool.pause();
    this.#giveBackAll(this.#ledger.releaseWaiting(), "paused");
    this.#announce("paused");
  }

  resume() {
    if (!this.#pool.paused) return;
    this.#phase = "connecting";
    this.#pool.resume();
    this.#work();
  }

  /** Ends for good: gives everything back and leaves. What was finished has already left. */
  end() {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#timer);
    this.#giveBackAll(this.#ledger.releaseAll(), "stopped");
    this.#pool.endWorkers();
    this.#client?.close();
  }

  /** It cannot go on; only a new volunteer can. @param {Phase} phase @param {string} reason */
  #fail(phase, reason = "") {
    this.end();
    this.#announce(phase, reason);
  }

  /** After a welcome: what the hub has not acknowledged is sent again, and leases are kept. */
  #resumeWire() {
    /** @type {Map<string, SubJobResult[]>} */
    const reports = new Map();
    for (const { leaseId, result } of this.#ledger.unacknowledged())
      if ((result.output?.byteLength ?? 0) <= this.#inlineBytes) // a larger one is on its way by HTTP
        reports.set(leaseId, [...(reports.get(leaseId) ?? []), result]);
    for (const [leaseId, results] of reports) this.#client?.report(leaseId, results);
    this.#renew();
    if (this.#pool.paused) this.#announce("paused");
    else this.#work();
  }

  /** Starts what can start, then asks for more. @param {boolean} dry the hub has just said that nothing waits */
  #work(dry = false) {
    if (this.#ended || this.#pool.paused) return;
    while (this.#freeWorkers() > 0) {
      const subJob = this.#ledger.next();
      if (!subJob) break;
      void this.#begin(subJob);
    }
    if (this.#ledger.runningCount) this.#announce("working");
    else if (dry && this.#client?.ready) this.#announce("waiting");
    if (!dry) this.#ask();
  }

  #freeWorkers() {
    return this.#pool.hasRoom() ? this.#pool.size - this.#ledger.runningCount : 0;
  }

  #ask() {
    const wanted = this.#ledger.wants();
    const nowAt = performance.now();
    if (this.#asking || !wanted || nowAt < this.#restUntil || !this.#client?.ready) return;
    this.#asking = true;
    this.#askedAt = nowAt;
    this.#client.requestLease(wanted);
  }

  /** @param {SubJob} subJob */
  async #begin(subJob) {
    const { sub_job_id: subJobId, rows, program } = subJob;
    this.#listener.onJob(subJob.job);
    try {
      const [module, chunk] = await Promise.all([this.#programs.module(program), chunkOf(subJob)]);
      if (!this.#ledger.isRunning(subJobId) || this.#ended) return;
      const { sha256, memory_bytes: memoryBytes } = program;
      this.#pool.run({ subJobId, rows, chunk, program: { sha256, module, memoryBytes } });
    } catch (error) {
      this.#rest(this.#ledger.releaseRunning(subJobId), error);
    }
  }

  /**
   * A program or chunk did not arrive, or is not what it should be, or an output found no way out: the network's or
   * the hub's fault, so nothing is reported against the sub-job. It goes back with all that has not begun, and we are
   * silent for a while.
   * @param {Release | null} release of the sub-job
   * @param {unknown} error
   */
  #rest(release, error) {
    const reason = (error instanceof Error ? error.message : String(error)).slice(0, 500);
    this.#giveBack(release, reason);
    this.#giveBackAll(this.#ledger.releaseWaiting(), reason);
    this.#askedAt = performance.now();
    this.#restUntil = this.#askedAt + ASK_AGAIN_MS;
    if (!this.#ledger.runningCount && this.#client?.ready) this.#announce("waiting", TROUBLE);
  }

  /**
   * @param {string} subJobId
   * @param {{ output: ArrayBuffer | null, rowsDone: number, trapSite: number | null, elapsedMs: number, error: string | null }} end
   */
  async #finish(subJobId, { output, rowsDone, trapSite, elapsedMs, error }) {
    const report = this.#ledger.finish({
      sub_job_id: subJobId,
      output,
      output_sha256: null,
      rows_done: rowsDone,
      trap_site: trapSite,
      error: error === null ? null : error.slice(0, 500),
      elapsed_ms: elapsedMs,
    });
    if (!report || this.#ended) return;
    if (output && output.byteLength > this.#inlineBytes) {
      try {
        await this.#upload(report);
      } catch (problem) {
        if (!this.#ended) this.#rest(this.#ledger.retract(subJobId), problem);
        return;
      }
    }
    this.#client?.report(report.leaseId, [report.result]);
    this.#tick();
    this.#work();
  }

  /** Sends a large output by HTTP and leaves only its name in the report. @param {Report} report */
  async #upload({ result }) {
    if (!this.#client || !result.output) return;
    const output = /** @type {BufferSource} */ (result.output);
    result.output_sha256 = await this.#client.upload(output);
    result.output = null;
  }

  /** What is due by time. Called by workers' messages and by a timer, whichever still runs. */
  #tick() {
    if (this.#ended) return;
    this.#pool.endSilent();
    const nowAt = performance.now();
    if (nowAt - this.#renewedAt > this.#renewMs) this.#renew();
    if (nowAt - this.#askedAt > ASK_AGAIN_MS) {
      this.#asking = false; // an answer that never came is not waited for
      if (this.#phase === "waiting") this.#ask();
    }
    if (this.#pool.paused && this.#ledger.runningCount && nowAt - this.#heldSince > HOLD_MS) {
      this.#giveBackAll(this.#ledger.releaseAll(), "paused");
      this.#pool.endWorkers();
    }
  }

  #renew() {
    this.#renewedAt = performance.now();
    void this.#client?.renew(this.#ledger.leaseIds());
  }

  /** An offer that comes too late for us. @param {string | null} leaseId */
  #decline(leaseId) {
    if (leaseId !== null) this.#client?.release(leaseId, null, "paused");
  }

  /** @param {Release | null} release @param {string} reason */
  #giveBack(release, reason) {
    if (release) this.#client?.release(release.leaseId, release.subJobIds, reason);
  }

  /** @param {Release[]} releases @param {string} reason */
  #giveBackAll(releases, reason) {
    for (const release of releases) this.#giveBack(release, reason);
  }

  /** @param {Phase} phase @param {string} reason */
  #announce(phase, reason = "") {
    if (phase === this.#phase && reason === this.#reason) return;
    this.#phase = phase;
    this.#reason = reason;
    this.#listener.onPhase(phase, reason);
  }
}
