// The volunteer at work: joins the connection, the ledger and the pool. Loaded only after a yes.
// Responsible for the order of things: lease, fetch, run, report, renew, release. It draws nothing.
//
// Driven by what the hub and the workers say, not by timers, which browsers slow down in hidden tabs.

import { scoreOf } from "./benchmark.js";
import { capabilities, poolSize } from "./capability.js";
import { Client } from "./client.js";
import { Ledger } from "./ledger.js";
import { Pool } from "./pool.js";
import { Programs, chunkOf } from "./programs.js";

/** @import { Phase, Release, Report, Result, SubJob, VolunteerListener } from "./types.js" */

const ASK_AGAIN_MS = 30_000; // the hub nudges; this is for a nudge that got lost
const HOLD_MS = 60_000; // a paused sub-job is kept this long, then another volunteer may have it
const TICK_MS = 5_000;
const SLEPT_MS = 60_000; // hidden pages tick once a minute at the least
const RENEW_MS = 20_000; // until the welcome says better

export class Volunteer {
  #listener;
  #ledger;
  #pool;
  #programs;
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
  #tickedAt = Date.now(); // by the clock on the wall, which goes on while a device sleeps
  #inlineBytes = 0; // a larger output goes by HTTP
  #resultBytes = 0; // a larger one not at all
  #checkpointBytes = 0; // a larger one not before its sub-job ends
  #heldSince = 0;
  /** @type {Phase} */
  #pausePhase = "paused";
  #pauseReason = "";
  #ended = false;
  #outdated = false; // the hub serves a newer client: finish what we have and take nothing new
  /** @type {number} */
  #timer;

  /** @param {VolunteerListener} listener */
  constructor(listener) {
    this.#listener = listener;
    this.#programs = new Programs((bytes) => listener.onBytes(bytes));
    this.#pool = new Pool(poolSize(), {
      onIdle: () => this.#work(),
      onDone: (subJobId, output, rowsDone, trapSite, elapsedMs) =>
        void this.#finish(subJobId, { output, rowsDone, trapSite, elapsedMs, error: null }),
      onFailed: (subJobId, error, elapsedMs) =>
        void this.#finish(subJobId, { output: null, rowsDone: 0, trapSite: null, elapsedMs, error }),
      onCheckpoint: (subJobId, output, rowsDone, elapsedMs) => {
        const leaseId = this.#ledger.leaseOf(subJobId);
        const checkpoint = { sub_job_id: subJobId, rows_done: rowsDone, elapsed_ms: elapsedMs };
        if (leaseId) this.#client?.checkpoint(leaseId, checkpoint, output);
      },
      onPace: (pace, lateMs) => listener.onPace(pace, lateMs),
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

  /** @param {{ token: string, site: string, volunteerToken: string | null, categories: string[] | null }} who */
  async start({ token, site, volunteerToken, categories }) {
    const score = await scoreOf((benchmark) => this.#pool.measure(benchmark));
    this.#listener.onScore(score);
    const able = await capabilities(score, categories);
    if (this.#ended) return;
    const who = { token, site, volunteerToken, capabilities: able };
    this.#client = new Client(who, () => this.#ledger.leaseIds(), {
      onWelcome: (welcome) => {
        this.#renewMs = welcome.renew_seconds * 1000;
        this.#inlineBytes = welcome.inline_result_bytes;
        this.#resultBytes = welcome.result_bytes;
        this.#checkpointBytes = welcome.checkpoint_bytes;
        this.#listener.onIdentity(welcome.volunteer_token);
        if (welcome.reload && this.#listener.mayReload()) this.#outdate();
        this.#resumeWire();
      },
      onOffer: (offer) => {
        this.#asking = false;
        if (this.#ended || this.#pool.paused) return this.#decline(offer.lease_id);
        const fresh = this.#ledger.accept(offer);
        this.#work(fresh === 0);
      },
      onRevoke: ({ lease_id: leaseId, sub_job_ids: subJobIds }) => {
        for (const id of this.#ledger.revoke(leaseId, subJobIds)) this.#pool.cancel(id);
      },
      onAck: ({ results }) => {
        this.#listener.onDone(this.#ledger.acknowledge(results));
        this.#renewClient();
      },
      onStanding: (standing) => this.#listener.onStanding(standing),
      onWork: () => this.#work(),
      onLost: () => {
        this.#asking = false;
        this.#announce("offline");
      },
      onRefused: ({ code, message, reload }) => {
        this.#fail("refused", code === "replaced" ? code : message);
        if (reload && this.#listener.mayReload()) this.#listener.onOutdated();
      },
    });
    this.#client.connect();
  }

  /** How many workers may work from now on, and what part of their time. @param {number} workers @param {number} duty */
  allow(workers, duty) {
    this.#ledger.workers = Math.min(workers, this.#pool.size);
    this.#pool.allow(workers, duty);
  }

  /** @param {"paused" | "resting"} phase by somebody's wish, or by what the throttle sees @param {string} reason */
  pause(phase, reason = "") {
    this.#pausePhase = phase;
    this.#pauseReason = reason;
    if (!this.#pool.paused) {
      this.#heldSince = performance.now();
      this.#pool.pause();
      this.#giveBackAll(this.#ledger.releaseWaiting(), "paused");
    }
    if (!this.#ended) this.#announce(phase, reason);
  }

  resume() {
    if (!this.#pool.paused) return;
    this.#phase = "connecting";
    this.#pool.resume();
    this.#work();
    this.#renewClient();
  }

  /**
   * Ends for good: gives everything back and leaves. What was finished has already left, or leaves now: a socket
   * that is about to close may drop its last words, a beacon does not.
   * @param {boolean} leaving the page may be gone in a moment
   */
  end(leaving = false) {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#timer);
    const releases = this.#ledger.releaseAll();
    if (leaving || !this.#client?.ready)
      this.#client?.farewell(this.#ledger.unacknowledged(), releases);
    this.#giveBackAll(releases, "stopped");
    this.#pool.endWorkers();
    this.#client?.close();
  }

  /** What the hub has not acknowledged is sent once more by another way: the page may not come back. */
  sendRest() {
    const reports = this.#ledger.unacknowledged().filter(({ beaconed }) => !beaconed);
    if (reports.length) this.#client?.farewell(reports, []);
  }

  /** The network may be back, or the device has been awoken. */
  wake() {
    void this.#client?.wake();
  }

  /** Asks the hub to forget this volunteer. */
  forget() {
    this.#client?.forget();
  }

  /** It cannot go on; only a new volunteer can. @param {Phase} phase @param {string} reason */
  #fail(phase, reason = "") {
    this.end();
    this.#announce(phase, reason);
  }

  /** Begins to finish: what has not begun goes to others. */
  #outdate() {
    this.#outdated = true;
    this.#giveBackAll(this.#ledger.releaseWaiting(), "a newer client is loaded");
  }

  /** Lets a newer client take over as soon as nothing runs here and the hub has every result. */
  #renewClient() {
    const { runningCount, reportedCount } = this.#ledger;
    if (!this.#outdated || this.#ended || this.#pool.paused || runningCount || reportedCount) return;
    this.#listener.onOutdated();
  }

  /** After a welcome: what the hub has not acknowledged is sent again, and leases are kept. */
  #resumeWire() {
    /** @type {Map<string, Result[]>} */
    const reports = new Map();
    for (const { leaseId, result } of this.#ledger.unacknowledged())
      if ((result.output?.byteLength ?? 0) <= this.#inlineBytes) // a larger one is on its way by HTTP
        reports.set(leaseId, [...(reports.get(leaseId) ?? []), result]);
    for (const [leaseId, results] of reports) this.#client?.report(leaseId, results);
    this.#renew();
    if (this.#pool.paused) this.#announce(this.#pausePhase, this.#pauseReason);
    else this.#work();
  }

  /** Starts what can start, then asks for more. @param {boolean} dry the hub has just said that nothing waits */
  #work(dry = false) {
    if (this.#ended || this.#pool.paused) return;
    this.#start();
    if (this.#ledger.runningCount) this.#announce("working");
    else if (dry && this.#client?.ready) this.#announce("waiting");
    if (!dry) this.#ask();
  }

  #start() {
    while (this.#freeWorkers() > 0) {
      const subJob = this.#ledger.next();
      if (!subJob) break;
      void this.#begin(subJob);
    }
  }

  #freeWorkers() {
    return this.#pool.hasRoom() ? this.#ledger.workers - this.#ledger.runningCount : 0;
  }

  #ask() {
    const wanted = this.#wants();
    if (wanted) this.#client?.requestLease(wanted);
  }

  /** @returns {number} how many sub-jobs to ask for now; whoever calls this asks for them */
  #wants() {
    const nowAt = performance.now();
    const silent =
      this.#ended || this.#outdated || this.#pool.paused || nowAt < this.#restUntil;
    if (this.#asking || silent || !this.#client?.ready) return 0;
    const wanted = this.#ledger.wants();
    if (!wanted) return 0;
    this.#asking = true;
    this.#askedAt = nowAt;
    return wanted;
  }

  /** @param {SubJob} subJob */
  async #begin(subJob) {
    const { sub_job_id: subJobId, rows, program } = subJob;
    this.#listener.onJob(subJob.job);
    try {
      const [module, chunk] = await Promise.all([this.#programs.module(program), chunkOf(subJob)]);
      this.#listener.onBytes(chunk.byteLength);
      if (!this.#ledger.isRunning(subJobId) || this.#ended) return;
      const { sha256, memory_bytes: memoryBytes } = program;
      const checkpointBytes = this.#checkpointBytes;
      const runnable = { sha256, module, memoryBytes };
      this.#pool.run({ subJobId, rows, chunk, checkpointBytes, program: runnable });
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
    if (!this.#ledger.runningCount && this.#client?.ready) this.#announce("waiting", "trouble");
  }

  /**
   * @param {string} subJobId
   * @param {{ output: ArrayBuffer | null, rowsDone: number, trapSite: number | null, elapsedMs: number, error: string | null }} end
   */
  async #finish(subJobId, { output, rowsDone, trapSite, elapsedMs, error }) {
    if (trapSite !== null) output = null;
    const size = output?.byteLength ?? 0;
    if (size > this.#resultBytes) {
      output = null;
      error = `result_too_large: ${size} bytes, and the hub takes ${this.#resultBytes}`;
    }
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
    this.#listener.onBytes(size);
    if (size > this.#inlineBytes && output) {
      try {
        await this.#upload(report);
      } catch (problem) {
        if (!this.#ended) this.#rest(this.#ledger.retract(subJobId), problem);
        return;
      }
    }
    this.#start(); // first, so that the workers lose no time
    this.#client?.report(report.leaseId, [report.result], this.#wants());
    this.#tick();
    this.#work();
  }

  /** Sends a large output by HTTP and leaves only its name in the report. @param {Report} report */
  async #upload({ result }) {
    if (!this.#client || !result.output) return;
    result.output_sha256 = await this.#client.upload(result.output);
    result.output = null;
  }

  /** What is due by time. Called by workers' messages and by a timer, whichever still runs. */
  #tick() {
    if (this.#ended) return;
    this.#pool.endSilent();
    const nowAt = performance.now();
    const wallAt = Date.now();
    if (wallAt - this.#tickedAt > SLEPT_MS) this.wake();
    this.#tickedAt = wallAt;
    if (nowAt - this.#renewedAt > this.#renewMs) this.#renew();
    if (nowAt - this.#askedAt > ASK_AGAIN_MS) {
      this.#asking = false; // an answer that never came is not waited for
      if (this.#phase === "waiting") this.#ask();
    }
    this.#renewClient();
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
