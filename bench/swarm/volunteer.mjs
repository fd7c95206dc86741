// One volunteer of the swarm: leases, pretends to compute for as long as it is told, answers rightly.
// It behaves as the frame does (static/frame/volunteer.js) but for the computing.

import { clock } from "./measures.mjs";
import { Socket } from "./socket.mjs";

const MOST_RESULTS = 100; // in one report
const ASK_AGAIN_MS = 30_000;
const TIMED = "pushed_"; // begins a lease that nobody has: when the hub was told to say that it is gone

export class Volunteer {
  /** @type {Socket | null} */
  #socket = null;
  #fleet;
  #token = "";
  #identity = null;
  #leases = new Map(); // lease id to how many of its sub-jobs are unanswered or unacknowledged
  #queue = [];
  #running = null;
  #runningSince = 0;
  #timer = null;
  #askedAt = null; // of a request that is not answered yet
  #answeredAt = null; // when the last report left, while nothing was left to do
  #welcomedAt = null;
  #startsAt = null; // when it was welcomed, until it has its first work
  #renewedAt = 0;
  #thought = new Map(); // sub-job to think time, until it is acknowledged

  stored = 0;
  speed = 1;
  id = "";

  constructor(fleet, number) {
    this.#fleet = fleet;
    this.number = number;
  }

  get isWelcome() {
    return this.#welcomedAt !== null;
  }

  get welcomedAt() {
    return this.#welcomedAt;
  }

  get isIdle() {
    return this.isWelcome && this.#running === null && this.#queue.length === 0;
  }

  get heldSubJobs() {
    return this.#queue;
  }

  connect() {
    const begun = clock();
    this.#socket = new Socket(this.#fleet.addressOf(this.number), {
      onOpen: () => this.#hello(),
      onEvent: (name, message) => this.#hear(name, message, begun),
      onClose: (reason) => this.#lost(reason),
    });
  }

  /** Ends cleanly: gives back what is undone and says goodbye. */
  leave() {
    for (const [leaseId, subJobIds] of this.#undone())
      this.#send("lease_release", { lease_id: leaseId, sub_job_ids: subJobIds, reason: "stopped" });
    this.#socket?.leave();
    this.#forget();
  }

  /** Ends without a word. */
  vanish() {
    this.#socket?.destroy();
    this.#forget();
  }

  /** Goes on with what it held, or asks. */
  resume() {
    if (this.#queue.length > 0 && this.#fleet.isInstant) this.#answerAll();
    else if (this.#queue.length > 0) this.#work();
    else this.ask();
  }

  /** Asks for work, if it has none and waits for no answer. */
  ask() {
    const wants = this.#wants();
    if (!wants || !this.isWelcome || this.#askedAt !== null) return;
    this.#askedAt = clock();
    this.#send("lease_request", { sub_jobs: wants });
  }

  /** Ends what it is thinking about now. */
  hurry() {
    if (this.#running === null) return this.resume();
    clearTimeout(this.#timer);
    this.#done();
  }

  /** How long the hub's process takes to answer anything at all. */
  ping() {
    const at = clock();
    this.#socket?.ping(() => this.#fleet.measures.record("ping_ms", clock() - at));
  }

  /** What is due by time. */
  tick(now) {
    if (!this.isWelcome) return;
    if (now - this.#renewedAt > this.#fleet.renewMs) this.#renew(now);
    if (this.#askedAt !== null && now - this.#askedAt > ASK_AGAIN_MS) {
      this.#fleet.measures.count("asked_again");
      this.#askedAt = null;
      this.ask();
    }
  }

  /** What was measured so far is not looked at any more. */
  forgetGap() {
    this.#answeredAt = null;
  }

  #hello() {
    const { token, cores, identities } = this.#fleet.settings;
    this.#socket.emit("volunteer_hello", {
      token,
      protocol: 1,
      kind: "native",
      volunteer_token: this.#identity ?? identities?.[this.number] ?? null,
      site: "",
      capabilities: {
        cores: cores ?? 1,
        memory_bytes: 4 * 1024 ** 3,
        features: ["simd128"],
        mobile: false,
        score: 1,
        engine: "bench swarm",
      },
      lease_ids: [],
    });
  }

  #hear(name, message, begun) {
    switch (name) {
      case "volunteer_welcome":
        return this.#welcome(message, begun);
      case "lease_offer":
        return this.#accept(message);
      case "result_ack":
        return this.#acknowledged(message);
      case "work_available":
        this.#fleet.nudged();
        return this.ask();
      case "lease_revoke":
        return this.#revoked(message);
      case "volunteer_refused":
        this.#fleet.measures.count(`refused_${message.code}`);
    }
  }

  #welcome(welcome, begun) {
    const now = clock();
    this.#token = welcome.token;
    this.#identity = welcome.volunteer_token;
    this.id = welcome.volunteer_id;
    this.#welcomedAt = this.#startsAt = now;
    this.#renewedAt = now - Math.random() * this.#fleet.renewMs; // renewals spread over time
    this.#fleet.welcomed(this, now - begun, welcome);
    this.ask();
  }

  #accept(offer) {
    const now = clock();
    this.#askedAt = null;
    if (offer.lease_id === null || offer.sub_jobs.length === 0) {
      this.#fleet.measures.count("empty_offers");
      return;
    }
    const { measures } = this.#fleet;
    measures.count("offers");
    measures.count("offered_sub_jobs", offer.sub_jobs.length);
    this.#fleet.offered(now, offer);
    if (this.#answeredAt !== null) {
      measures.record("gap_ms", now - this.#answeredAt);
      measures.count("idle_ms", now - this.#answeredAt);
    } else if (this.#startsAt !== null) measures.count("starting_ms", now - this.#startsAt);
    this.#answeredAt = this.#startsAt = null;
    this.#leases.set(offer.lease_id, offer.sub_jobs.length);
    const program = offer.program.sha256;
    for (const { sub_job_id: id, first_row: firstRow, rows } of offer.sub_jobs)
      this.#queue.push({ id, firstRow, rows, program, leaseId: offer.lease_id });
    if (this.#fleet.settings.holds(this.number)) this.ask();
    else if (this.#fleet.isInstant) this.#answerAll();
    else this.#work();
  }

  #answerAll() {
    const subJobs = this.#queue;
    this.#queue = [];
    let first = 0;
    while (first < subJobs.length) {
      const { leaseId } = subJobs[first];
      let end = first;
      while (end < subJobs.length && end - first < MOST_RESULTS && subJobs[end].leaseId === leaseId) end++;
      this.#report(leaseId, subJobs.slice(first, end), 0, end === subJobs.length);
      first = end;
    }
  }

  #work() {
    if (this.#running !== null) return;
    const subJob = this.#queue.shift();
    if (!subJob) return;
    const ms = this.#fleet.thinkMs(subJob.rows) / this.speed;
    this.#running = subJob;
    this.#runningSince = clock();
    this.#timer = setTimeout(() => this.#done(), ms);
    if (this.#fleet.settings.ahead && this.#queue.length === 0) this.ask();
  }

  #done() {
    const subJob = this.#running;
    const thought = clock() - this.#runningSince;
    this.#running = null;
    this.#thought.set(subJob.id, thought);
    this.#report(subJob.leaseId, [subJob], thought, true);
    this.#work();
  }

  #report(leaseId, subJobs, elapsedMs, mayAsk) {
    const { outputs, settings } = this.#fleet;
    const parts = subJobs.map(({ program, firstRow, rows }) => outputs.of(program, firstRow, rows));
    const results = subJobs.map(({ id, rows }, index) => ({
      sub_job_id: id,
      output_bytes: parts[index].length,
      output_sha256: null,
      rows_done: rows,
      trap_site: null,
      error: null,
      elapsed_ms: elapsedMs,
    }));
    const isLast = this.#queue.length === 0;
    const wants = mayAsk && this.#askedAt === null && (isLast || settings.ahead) ? this.#wants(subJobs.length) : 0;
    if (wants) this.#askedAt = clock();
    this.#send(
      "result_report",
      { lease_id: leaseId, results, outputs: parts.length === 1 ? parts[0] : Buffer.concat(parts), wants },
      "outputs",
    );
    this.#fleet.measures.count("reports");
    if (!isLast) this.#fleet.measures.record("gap_ms", 0);
    else if (this.#askedAt !== null) this.#answeredAt = clock();
  }

  /** How many sub-jobs to ask for now, when `leaving` more are being reported. */
  #wants(leaving = 0) {
    const { settings } = this.#fleet;
    if (this.#fleet.isPaused || this.stored + leaving >= this.#fleet.quota) return 0;
    if (settings.holds(this.number)) return this.#queue.length < settings.hold ? settings.wants : 0;
    return this.#queue.length > (settings.ahead ? 1 : 0) ? 0 : settings.wants;
  }

  #acknowledged({ lease_id: leaseId, results }) {
    const now = clock();
    const left = (this.#leases.get(leaseId) ?? 0) - results.length;
    if (left > 0) this.#leases.set(leaseId, left);
    else this.#leases.delete(leaseId);
    for (const { sub_job_id: id, status, message } of results) {
      const thought = this.#thought.get(id) ?? 0;
      this.#thought.delete(id);
      if (status === "stored") this.stored += 1;
      this.#fleet.acknowledged(status, thought, now, message);
    }
  }

  #revoked({ lease_id: leaseId, sub_job_ids: subJobIds }) {
    if (leaseId.startsWith(TIMED)) {
      this.#fleet.measures.record("push_ms", clock() - Number(leaseId.slice(TIMED.length)) / 1e6);
      return;
    }
    const isGone = (subJob) => subJob.leaseId === leaseId && (subJobIds === null || subJobIds.includes(subJob.id));
    this.#fleet.measures.count("revocations");
    this.#queue = this.#queue.filter((subJob) => !isGone(subJob));
    if (subJobIds === null) this.#leases.delete(leaseId);
    if (this.#running !== null && isGone(this.#running)) {
      clearTimeout(this.#timer);
      this.#fleet.measures.count("wasted_ms", clock() - this.#runningSince);
      this.#running = null;
      this.#work();
      if (this.#running === null) this.ask();
    }
  }

  #renew(now) {
    this.#renewedAt = now;
    const message = { token: this.#token, lease_ids: [...this.#leases.keys()].slice(0, 100) };
    this.#socket.emit("lease_renew", message, null, (renewed) => {
      this.#token = renewed.token;
      this.#fleet.measures.record("renew_ms", clock() - now);
    });
  }

  #undone() {
    const undone = new Map();
    const all = this.#running === null ? this.#queue : [this.#running, ...this.#queue];
    for (const { leaseId, id } of all) undone.set(leaseId, [...(undone.get(leaseId) ?? []), id]);
    return undone;
  }

  #send(event, message, binaryKey = null) {
    this.#socket?.emit(event, { token: this.#token, ...message }, binaryKey);
  }

  #lost(reason) {
    this.#fleet.lost(reason);
    this.#forget();
  }

  #forget() {
    clearTimeout(this.#timer);
    if (this.#running !== null) this.#fleet.measures.count("dropped_ms", clock() - this.#runningSince);
    if (this.#welcomedAt !== null) this.#fleet.wasConnected(this.#welcomedAt);
    this.#socket = this.#running = this.#askedAt = this.#answeredAt = this.#welcomedAt = null;
    this.#startsAt = null;
    this.#queue = [];
    this.#leases.clear();
    this.#thought.clear();
  }
}
