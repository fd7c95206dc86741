// The Web Workers: hands each one sub-job at a time, watches them, ends and replaces those that do not obey.
// Responsible for workers only; which sub-job runs next and what becomes of a result is the volunteer's business.

/**
 * @typedef {object} Job what a worker is given
 * @property {string} subJobId
 * @property {number} rows
 * @property {ArrayBuffer} chunk handed over to the worker
 * @property {{ sha256: string, module: WebAssembly.Module, memoryBytes: number }} program
 */
/**
 * @typedef {object} Listener
 * @property {() => void} onIdle a worker is free
 * @property {(subJobId: string, output: ArrayBuffer, rowsDone: number, trapSite: number | null, elapsedMs: number) => void} onDone
 * @property {(subJobId: string, error: string, elapsedMs: number) => void} onFailed
 * @property {(subJobId: string) => void} onStuck a sub-job was ended because it did not pause in time
 * @property {(fractions: number[]) => void} onProgress part done of each worker's sub-job, 0 to 1; at most a few times a second
 */
/**
 * @typedef {object} Seat one worker and what it does
 * @property {Worker | null} worker
 * @property {string} programSha256 of the program that it has loaded
 * @property {Job | null} job
 * @property {number} fraction
 * @property {number} heardAt performance.now() of its last message
 * @property {boolean} quiet it has paused
 */

const PAUSE_MS = 250; // a step that outlasts a pause by this is ended
const SILENCE_MS = 60_000; // a step that takes this long is ended
const WATCH_MS = 5_000;

export class Pool {
  /** @type {Seat[]} */
  #seats;
  #listener;
  #paused = false;
  /** @type {number} */
  #watch;

  /** @param {number} size @param {Listener} listener */
  constructor(size, listener) {
    this.#listener = listener;
    this.#seats = Array.from({ length: size }, () => ({
      worker: null,
      programSha256: "",
      job: null,
      fraction: 0,
      heardAt: 0,
      quiet: false,
    }));
    this.#watch = setInterval(() => this.#endSilent(), WATCH_MS);
  }

  get size() {
    return this.#seats.length;
  }

  get paused() {
    return this.#paused;
  }

  hasRoom() {
    return !this.#paused && this.#seats.some((seat) => !seat.job);
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
    const { subJobId, rows, chunk } = job;
    if (this.#paused) worker.postMessage({ type: "pause" });
    worker.postMessage({ type: "run", subJobId, rows, chunk }, [chunk]);
  }

  /** @returns {Promise<number>} speed of one worker */
  measure() {
    const seat = /** @type {Seat} */ (this.#seats[0]);
    const worker = (seat.worker ??= this.#hire(seat));
    return new Promise((resolve) => {
      /** @param {MessageEvent} event */
      const hear = ({ data }) => {
        if (data.type !== "measured") return;
        worker.removeEventListener("message", hear);
        resolve(data.score);
      };
      worker.addEventListener("message", hear);
      worker.addEventListener("error", () => resolve(0), { once: true });
      worker.postMessage({ type: "measure" });
    });
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

  /** Ends every worker for good. */
  close() {
    this.endWorkers();
    clearInterval(this.#watch);
  }

  /** @param {Seat} seat @returns {Worker} */
  #hire(seat) {
    const worker = new Worker(new URL("../worker.js", import.meta.url), { name: "openwebcompute" });
    worker.addEventListener("message", ({ data }) => this.#hear(seat, data));
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.#fail(seat, event.message || "the worker could not start");
    });
    return worker;
  }

  /** @param {Seat} seat @param {any} message see worker.js */
  #hear(seat, message) {
    seat.heardAt = performance.now();
    seat.quiet = message.type === "paused";
    const current = seat.job?.subJobId === message.subJobId ? seat.job : null;
    if (!current) return;
    if (message.type === "progress") {
      seat.fraction = current.rows ? message.rowsDone / current.rows : 0;
      this.#tellProgress();
    }
    if (message.type === "done" || message.type === "failed") {
      this.#free(seat);
      const { subJobId, output, rowsDone, trapSite, error, elapsedMs } = message;
      if (message.type === "done")
        this.#listener.onDone(subJobId, output, rowsDone, trapSite, elapsedMs);
      else this.#listener.onFailed(subJobId, error, elapsedMs);
      this.#tellIdle();
    }
  }

  #endSilent() {
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
