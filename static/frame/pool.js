// The Web Workers: hands each one sub-job at a time, watches them, ends and replaces those that do not obey.
// Responsible for workers only; which sub-job runs next and what becomes of a result is the volunteer's business.

/** @import { Benchmark, Job, PoolListener, Seat } from "./types.js" */

const PAUSE_MS = 250; // a step that outlasts a pause by this is ended
const SILENCE_MS = 60_000; // a step that takes this long is ended
const START_MS = 20_000; // a worker that has not started by then never will
const CHECKPOINT_MS = 500; // between those of a sub-job, or more:
const CHECKPOINTS_MS = 20; // between those of all

export class Pool {
  /** @type {Seat[]} */
  #seats;
  #listener;
  #paused = false;
  #limit = Infinity;
  #duty = 1;
  /** @type {((score: number) => void) | null} */
  #onMeasured = null;

  /** @param {number} size @param {PoolListener} listener */
  constructor(size, listener) {
    this.#listener = listener;
    this.#seats = Array.from({ length: size }, () => ({
      worker: null,
      started: false,
      programSha256: "",
      job: null,
      fraction: 0,
      heardAt: 0,
      quiet: false,
    }));
  }

  get size() {
    return this.#seats.length;
  }

  get paused() {
    return this.#paused;
  }

  hasRoom() {
    return !this.#paused && this.#busy() < Math.min(this.#limit, this.#seats.length);
  }

  #busy() {
    return this.#seats.filter((seat) => seat.job).length;
  }

  /** How many may work from now on, and what part of their time; sub-jobs that have begun are ended. @param {number} workers @param {number} duty */
  allow(workers, duty) {
    const hadRoom = this.hasRoom();
    this.#limit = workers;
    if (duty !== this.#duty) {
      this.#duty = duty;
      for (const seat of this.#seats) seat.worker?.postMessage({ type: "duty", duty });
    }
    if (!hadRoom) this.#tellIdle();
  }

  /** Gives a free worker a sub-job; the caller has asked hasRoom(). @param {Job} job */
  run(job) {
    const seat = this.#seats.find((candidate) => !candidate.job);
    if (!seat) throw new Error("no worker is free");
    seat.job = job;
    seat.fraction = 0;
    seat.heardAt = performance.now();
    const worker = (seat.worker ??= this.#hire(seat));
    const { sha256 } = job.program;
    if (seat.programSha256 !== sha256) {
      worker.postMessage({ type: "program", ...job.program });
      seat.programSha256 = sha256;
    }
    const { subJobId, rows, chunk, checkpointBytes: bytes } = job;
    const everyMs = Math.max(CHECKPOINT_MS, CHECKPOINTS_MS * this.size);
    if (this.#paused) worker.postMessage({ type: "pause" });
    const run = { type: "run", subJobId, rows, chunk, checkpoint: { bytes, everyMs } };
    worker.postMessage(run, [chunk]);
  }

  /** @param {Benchmark} benchmark @returns {Promise<number>} speed of one worker, 0 if none starts */
  measure(benchmark) {
    const seat = /** @type {Seat} */ (this.#seats[0]);
    const worker = (seat.worker ??= this.#hire(seat));
    worker.postMessage({ type: "measure", ...benchmark });
    return new Promise((resolve) => (this.#onMeasured = resolve));
  }

  /** @param {string} subJobId stops it without a report */
  cancel(subJobId) {
    for (const seat of this.#seats) if (seat.job?.subJobId === subJobId) this.#dismiss(seat);
    this.#tellIdle();
  }

  pause() {
    if (this.#paused) return;
    this.#paused = true;
    const busy = this.#seats.filter((seat) => seat.job);
    for (const seat of busy) {
      seat.quiet = false;
      seat.worker?.postMessage({ type: "pause" });
    }
    setTimeout(() => this.#paused && busy.forEach((seat) => this.#endUnquiet(seat)), PAUSE_MS);
  }

  resume() {
    if (!this.#paused) return;
    this.#paused = false;
    for (const seat of this.#seats) {
      seat.heardAt = performance.now();
      seat.worker?.postMessage({ type: "resume" });
    }
    this.#tellIdle();
  }

  /** Ends every worker and what it does; the next run hires anew. */
  endWorkers() {
    for (const seat of this.#seats) this.#dismiss(seat);
  }

  /** @param {Seat} seat @returns {Worker} */
  #hire(seat) {
    const worker = new Worker(new URL("../worker.js", import.meta.url), { name: "openwebcompute" });
    worker.addEventListener("message", ({ data }) => this.#hear(seat, data));
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      if (seat.started) this.#fail(seat, event.message || "the worker failed");
      else this.#giveUp(seat);
    });
    worker.postMessage({ type: "duty", duty: this.#duty });
    setTimeout(() => seat.worker === worker && !seat.started && this.#giveUp(seat), START_MS);
    return worker;
  }

  /** @param {Seat} seat @param {any} message see worker.js */
  #hear(seat, message) {
    seat.heardAt = performance.now();
    seat.started = true;
    if (message.type === "measured") this.#onMeasured?.(message.score);
    if (message.type === "pace") this.#listener.onPace(message.pace, message.lateMs);
    seat.quiet = message.type === "paused";
    const current = seat.job?.subJobId === message.subJobId ? seat.job : null;
    if (!current) return;
    const { subJobId, output, rowsDone, trapSite, error, elapsedMs } = message;
    if (message.type === "progress") {
      seat.fraction = current.rows ? rowsDone / current.rows : 0;
      this.#tellProgress();
    }
    if (message.type === "checkpoint")
      this.#listener.onCheckpoint(subJobId, output, rowsDone, elapsedMs);
    if (message.type === "done" || message.type === "failed") {
      this.#free(seat);
      if (message.type === "done")
        this.#listener.onDone(subJobId, output, rowsDone, trapSite, elapsedMs);
      else this.#listener.onFailed(subJobId, error, elapsedMs);
      this.#tellIdle();
    }
  }

  /** Ends workers that have been silent for too long; to be called every few seconds. */
  endSilent() {
    const nowAt = performance.now();
    for (const seat of this.#seats)
      if (seat.job && !this.#paused && nowAt - seat.heardAt > SILENCE_MS)
        this.#fail(seat, "step_too_long");
  }

  /** @param {Seat} seat */
  #endUnquiet(seat) {
    if (!seat.job || seat.quiet) return;
    const { subJobId } = seat.job;
    this.#dismiss(seat);
    this.#listener.onStuck(subJobId);
  }

  /** A worker that does not start is not the sub-job's fault, and is not tried again. @param {Seat} seat */
  #giveUp(seat) {
    const { job } = seat;
    this.#dismiss(seat);
    this.#seats = this.#seats.filter((other) => other !== seat);
    if (job) this.#listener.onStuck(job.subJobId);
    if (this.#seats.length) return this.#tellIdle();
    this.#onMeasured?.(0);
    this.#listener.onUnable();
  }

  /** @param {Seat} seat @param {string} error */
  #fail(seat, error) {
    const { job } = seat;
    const elapsedMs = performance.now() - seat.heardAt;
    this.#dismiss(seat);
    if (job) this.#listener.onFailed(job.subJobId, error, elapsedMs);
    this.#tellIdle();
  }

  /** @param {Seat} seat */
  #dismiss(seat) {
    seat.worker?.terminate();
    seat.worker = null;
    seat.started = false;
    seat.programSha256 = "";
    this.#free(seat);
  }

  /** @param {Seat} seat */
  #free(seat) {
    seat.job = null;
    seat.fraction = 0;
    this.#tellProgress();
  }

  #tellIdle() {
    if (this.hasRoom()) this.#listener.onIdle();
  }

  #tellProgress() {
    this.#listener.onProgress(this.#seats.map((seat) => seat.fraction));
  }
}
