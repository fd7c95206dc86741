// All volunteers of a swarm: how many there are, how fast, when they come and go; and what they measure.

import { clock, Measures } from "./measures.mjs";
import { Outputs } from "./outputs.mjs";
import { Volunteer } from "./volunteer.mjs";

const TICK_MS = 100;
const OPENING = 100; // connections that are being made at a time
const DEFAULTS = {
  host: "127.0.0.1",
  port: 0,
  token: "",
  cores: 1,
  wants: 1, // sub-jobs asked for at a time
  ahead: false, // ask while the last sub-job still runs
  think_ms: 0, // a sub-job takes so long, and for each row
  row_ms: 0,
  jitter: 0, // share by which that varies; "exponential": as the times between independent events
  speeds: [1], // of the volunteers in turn
  holders: 0, // the first so many volunteers only hold what they are given,
  hold: 0, //    up to so many sub-jobs
};

export class Fleet {
  measures = new Measures();
  outputs = new Outputs();
  settings = { ...DEFAULTS, holds: () => false };
  volunteers = [];
  renewMs = 15_000; // the hub's welcome says how often
  quota = Infinity; // results of one volunteer, after which it asks no more
  isPaused = false;
  firstOfferAt = new Map(); // by job
  #nudgedAt = []; // when each piece of news of work came
  #storedAt = []; // when each result was stored
  #waiters = [];
  #windowAt = null;
  #connectedMs = 0;
  #churn = null;
  #timers = new Set();
  #ticking = setInterval(() => this.#tick(), TICK_MS);

  change(settings) {
    Object.assign(this.settings, settings);
    const { holders } = this.settings;
    this.settings.holds = (number) => number < holders;
  }

  get isInstant() {
    return this.settings.think_ms === 0 && this.settings.row_ms === 0;
  }

  /** Volunteers come from many networks, as they do in life. */
  addressOf(number) {
    const { host, port } = this.settings;
    return { host, port, from: `127.${1 + Math.floor(number / 250) % 250}.${1 + (number % 250)}.1` };
  }

  thinkMs(rows) {
    const { think_ms: thinkMs, row_ms: rowMs, jitter } = this.settings;
    if (jitter === "exponential") return exponential(thinkMs + rowMs * rows);
    return (thinkMs + rowMs * rows) * (1 + jitter * (2 * Math.random() - 1));
  }

  /** Connects until there are `count` volunteers; how long that took, when all have been welcomed. */
  async connect(count, timeoutMs) {
    const begun = clock();
    const before = this.welcomeCount;
    let next = this.volunteers.length;
    const open = () => {
      while (next < count && next - this.welcomeCount < OPENING) {
        const volunteer = new Volunteer(this, next);
        volunteer.speed = this.settings.speeds[next % this.settings.speeds.length];
        this.volunteers.push(volunteer);
        next += 1;
        volunteer.connect();
      }
      return this.welcomeCount >= count;
    };
    await this.#until(open, timeoutMs);
    return { connected: this.welcomeCount, new: this.welcomeCount - before, seconds: (clock() - begun) / 1000 };
  }

  get welcomeCount() {
    return this.#welcomed;
  }
  #welcomed = 0;

  get idleCount() {
    return this.volunteers.filter((volunteer) => volunteer.isIdle).length;
  }

  resume() {
    this.isPaused = false;
    for (const volunteer of this.volunteers) volunteer.resume();
  }

  reset() {
    this.measures.forget();
    this.firstOfferAt.clear();
    this.#storedAt = [];
    this.#nudgedAt = [];
    for (const volunteer of this.volunteers) {
      volunteer.forgetGap();
      volunteer.stored = 0;
    }
  }

  /** Resolves when so many results have been stored since the last reset. */
  async awaitStored(count, timeoutMs) {
    await this.#until(() => this.measures.counted("stored") >= count, timeoutMs);
    return this.progress();
  }

  /** Resolves when a job's first sub-job has been offered to anybody. */
  async awaitOffer(job, timeoutMs) {
    await this.#until(() => this.firstOfferAt.has(job), timeoutMs);
    return { at: this.firstOfferAt.get(job) };
  }

  /** Resolves when so many sub-jobs have been offered since the last reset. */
  async awaitOffers(count, timeoutMs) {
    await this.#until(() => this.measures.counted("offered_sub_jobs") >= count, timeoutMs);
  }

  /** When each result was stored since the last reset; `every`: only one of so many. */
  storedAt(every) {
    return this.#storedAt.filter((_, index) => (index + 1) % every === 0);
  }

  /** When each of the first so many pieces of news of work came since the last reset, once they have. */
  async nudgedAt(count, timeoutMs) {
    await this.#until(() => this.#nudgedAt.length >= count, timeoutMs);
    return this.#nudgedAt;
  }

  /** Resolves when so many timed pushes have been heard since the last reset. */
  async awaitPushed(count, timeoutMs) {
    await this.#until(() => this.measures.listed("push_ms") >= count, timeoutMs);
  }

  /** Results a second between two shares of all that were stored since the last reset. */
  storedRate(from, to) {
    const [first, last] = [from, to].map((share) => Math.floor(share * (this.#storedAt.length - 1)));
    const ms = this.#storedAt[last] - this.#storedAt[first];
    return { rate: (1000 * (last - first)) / ms, ms };
  }

  progress() {
    return {
      now: clock(),
      stored: this.measures.counted("stored"),
      connected: this.welcomeCount,
      idle: this.idleCount,
      held: this.volunteers.reduce((sum, volunteer) => sum + volunteer.heldSubJobs.length, 0),
      first_offer_at: Object.fromEntries(this.firstOfferAt),
      last_stored_at: this.#storedAt.at(-1) ?? 0,
    };
  }

  /** Pings one volunteer's connection after the other, `rate` a second. */
  async ping(rate, ms) {
    const begun = clock();
    let done = 0;
    while (clock() - begun < ms) {
      const due = Math.floor(((clock() - begun) * rate) / 1000);
      for (; done < due; done++) this.volunteers[(done * 7) % this.volunteers.length].ping();
      await new Promise((resume) => setTimeout(resume, 1));
    }
    return { pings: done };
  }

  /** Everybody ends what it thinks about, and all that follows. */
  hurry() {
    this.change({ think_ms: 0, row_ms: 0 });
    for (const volunteer of this.volunteers) volunteer.hurry();
  }

  vanish(numbers) {
    for (const number of numbers) this.volunteers[number].vanish();
  }

  /** From now on volunteers stay and stay away for times of these means; some go without a word. */
  churn({ stay_ms: stayMs, away_ms: awayMs, vanish_share: vanishShare }) {
    this.#churn = { stayMs, awayMs, vanishShare };
    for (const volunteer of this.volunteers) if (volunteer.isWelcome) this.#mayLeave(volunteer);
  }

  endChurn() {
    this.#churn = null;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  /** Connected time, and think time that led to a stored result, of the next so many milliseconds. */
  async window(ms) {
    const names = ["useful_ms", "wasted_ms", "idle_ms", "starting_ms", "dropped_ms", "departures"];
    const before = new Map(names.map((name) => [name, this.measures.counted(name)]));
    this.#windowAt = clock();
    this.#connectedMs = 0;
    await new Promise((resume) => setTimeout(resume, ms));
    const now = clock();
    for (const volunteer of this.volunteers)
      if (volunteer.isWelcome) this.#connectedMs += now - Math.max(volunteer.welcomedAt, this.#windowAt);
    this.#windowAt = null;
    const found = names.map((name) => [name, this.measures.counted(name) - before.get(name)]);
    return { connected_ms: this.#connectedMs, ...Object.fromEntries(found) };
  }

  end() {
    this.endChurn();
    clearInterval(this.#ticking);
    for (const volunteer of this.volunteers) volunteer.leave();
  }

  // What volunteers tell --------------------------------------------------------------------------

  welcomed(volunteer, ms, welcome) {
    this.#welcomed += 1;
    this.renewMs = welcome.renew_seconds * 1000;
    this.measures.record("connect_ms", ms);
    if (this.#churn) this.#mayLeave(volunteer);
    this.#look();
  }

  wasConnected(since) {
    this.#welcomed -= 1;
    if (this.#windowAt !== null) this.#connectedMs += clock() - Math.max(since, this.#windowAt);
  }

  lost(reason) {
    this.measures.count("lost");
    this.measures.count(`lost: ${reason}`);
  }

  nudged() {
    this.measures.count("nudges");
    this.#nudgedAt.push(clock());
    this.#look();
  }

  offered(now, offer) {
    const first = this.firstOfferAt.get(offer.job.id);
    if (first === undefined) this.firstOfferAt.set(offer.job.id, now);
    else this.measures.record("after_first_offer_ms", now - first);
    this.#look();
  }

  acknowledged(status, thoughtMs, now, message) {
    this.measures.count(status);
    if (status === "refused") this.measures.count(`refused: ${message}`);
    if (status === "stored") {
      this.#storedAt.push(now);
      this.measures.count("useful_ms", thoughtMs);
      this.#look();
    } else this.measures.count("wasted_ms", thoughtMs);
  }

  // ------------------------------------------------------------------------------------------------

  #mayLeave(volunteer) {
    const { stayMs, awayMs, vanishShare } = this.#churn;
    this.#after(exponential(stayMs), () => {
      if (!volunteer.isWelcome) return;
      if (Math.random() < vanishShare) volunteer.vanish();
      else volunteer.leave();
      this.measures.count("departures");
      this.#after(exponential(awayMs), () => volunteer.connect());
    });
  }

  #after(ms, then) {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      then();
    }, ms);
    this.#timers.add(timer);
  }

  #until(isDone, timeoutMs) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiters = this.#waiters.filter((each) => each !== waiter);
        reject(new Error(`not done after ${timeoutMs} ms: ${JSON.stringify(this.#troubles())}`));
      }, timeoutMs);
      const waiter = () => {
        if (!isDone()) return false;
        clearTimeout(timer);
        resolve(undefined);
        return true;
      };
      if (!waiter()) this.#waiters.push(waiter);
    });
  }

  #look() {
    if (this.#waiters.length) this.#waiters = this.#waiters.filter((waiter) => !waiter());
  }

  #troubles() {
    return { ...this.progress(), ...this.measures.summary().counts };
  }

  #tick() {
    const now = clock();
    for (const volunteer of this.volunteers) volunteer.tick(now);
    this.#look();
  }
}

function exponential(mean) {
  return -mean * Math.log(1 - Math.random());
}
