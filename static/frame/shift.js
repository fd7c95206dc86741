// One volunteer's time at work in this page: waits for its turn, lets the volunteer work as fast as conditions and
// choices allow, keeps count. Responsible for when and how much; volunteer.js for the work, the pages for the words.

import { agreedCategories, readChoices } from "./choices.js";
import { watchConditions } from "./conditions.js";
import { Contribution } from "./contribution.js";
import { AT_EASE, DataMeter, Governor, decide, median } from "./throttle.js";
import { takeTurn } from "./turn.js";
import { Volunteer } from "./volunteer.js";

/** @import { Choices } from "./choices.js" */
/** @import { Memory } from "./memory.js" */
/** @import { VolunteerStanding } from "../messages.js" */
/** @import { ShiftListener } from "./types.js" */

const TICK_MS = 1_000;
const PACES = 9; // of the workers' last words, to take the middle of
const KEEP_EVERY_MS = 5_000;

export class Shift {
  #memory;
  #site;
  #siteCategories;
  #defaults;
  #listener;
  #ending = new AbortController();
  #conditions;
  #governor = new Governor();
  #strain = { ...AT_EASE };
  #own = 0; // part of all cores' time that is taken
  /** @type {{ pace: number, lateMs: number }[]} */
  #paces = [];
  #loadAt = 0; // when the page last told its load
  #meter;
  #keptAt = 0;
  #token = "";
  /** @type {Volunteer | null} */
  #volunteer = null;
  #held = false; // by the visitor or the page
  /** @type {Choices} */
  choices;
  contribution;
  /** @type {VolunteerStanding | null} */
  standing = null;
  score = 0;
  awaitsTurn = false; // another tab works

  /**
   * @param {{ memory: Memory, site: string, siteCategories: string[], defaults: Choices, listener: ShiftListener }} given
   */
  constructor({ memory, site, siteCategories, defaults, listener }) {
    this.#memory = memory;
    this.#site = site;
    this.#siteCategories = siteCategories;
    this.#defaults = defaults;
    this.#listener = listener;
    this.choices = readChoices(memory.kept("choices"), defaults);
    this.contribution = new Contribution(memory.kept("contribution"));
    this.#meter = new DataMeter(memory.kept("data")?.["minutes"]);
    this.#conditions = watchConditions(this.#ending.signal, () => this.#govern());
  }

  /** @param {string} token of the page @param {boolean} held it begins with a pause */
  async begin(token, held) {
    const { signal } = this.#ending;
    this.#held = held;
    const giveTurnBack = await takeTurn(signal, () => {
      this.awaitsTurn = true;
      if (!this.#held) this.#listener.onPhase("elsewhere", "");
    });
    this.awaitsTurn = false;
    if (signal.aborted) return giveTurnBack();
    signal.addEventListener("abort", giveTurnBack);
    const timer = setInterval(() => this.#tick(), TICK_MS);
    signal.addEventListener("abort", () => clearInterval(timer));
    this.#token = token;
    await this.#hire();
  }

  /** A volunteer, with the categories that are chosen now. */
  async #hire() {
    const volunteer = new Volunteer({
      onPhase: (phase, reason) => this.#listener.onPhase(phase, reason),
      onJob: (job) => this.#listener.onJob(job),
      onDone: (done) => {
        for (const { job, elapsedMs } of done) this.contribution.add(job, elapsedMs);
        this.#keep();
        this.#listener.onDone(done.length);
      },
      onProgress: (fractions) => {
        this.#listener.onProgress(fractions);
        this.#tick(); // timers of hidden pages are slow, words of workers are not
      },
      onPace: (pace, lateMs) => {
        this.#paces = [...this.#paces, { pace, lateMs }].slice(-PACES);
      },
      onBytes: (bytes) => this.#meter.add(bytes, Date.now()),
      onScore: (score) => (this.score = score),
      mayReload: () => this.#listener.mayReload(),
      onOutdated: () => this.#listener.onOutdated(),
      onIdentity: (token) => this.#memory.keepVolunteerToken(token),
      onStanding: (standing) => {
        this.standing = standing;
        this.#listener.onStanding(standing);
      },
    });
    this.#volunteer = volunteer;
    this.#govern();
    await volunteer.start({
      token: this.#token,
      site: this.#site,
      volunteerToken: this.#memory.volunteerToken(),
      categories: agreedCategories(this.choices.categories, this.#siteCategories),
    });
  }

  /** Ends for good. @param {boolean} leaving the page may be gone in a moment */
  end(leaving = false) {
    if (this.#ending.signal.aborted) return;
    this.#keep(true);
    this.#volunteer?.end(leaving);
    this.#volunteer = null;
    this.#ending.abort();
  }

  /** The page may be gone soon, or not: what the hub has not acknowledged is sent by another way too. */
  sendRest() {
    this.#volunteer?.sendRest();
  }

  /** The connection may be back, or the device awake. */
  wake() {
    this.#volunteer?.wake();
  }

  /** @param {boolean} held by the visitor or the page */
  hold(held) {
    this.#held = held;
    this.#govern();
  }

  /** @param {Choices} choices */
  choose(choices) {
    const before = String(this.choices.categories);
    this.choices = choices;
    this.#memory.keep("choices", { ...choices });
    if (String(choices.categories) !== before && this.#volunteer) {
      this.#volunteer.end();
      void this.#hire();
    } else this.#govern();
  }

  /** How busy the page around us is. @param {{ busyMs: number, delayMs: number }} load */
  bear(load) {
    this.#strain = { ...this.#strain, ...load };
    this.#loadAt = Date.now();
  }

  /** Has the hub forget this volunteer, and forgets it here. */
  forget() {
    this.#volunteer?.forget();
    this.end();
    this.#memory.forgetVolunteer();
    this.choices = this.#defaults;
    this.contribution = new Contribution();
  }

  #tick() {
    const nowMs = Date.now();
    if (nowMs - this.#loadAt > 2 * TICK_MS)
      this.#strain = { ...this.#strain, busyMs: 0, delayMs: 0 }; // it is told only while there is any
    this.#strain.pressure = this.#conditions.pressure();
    this.#strain.pace = median(this.#paces.map(({ pace }) => pace), 1);
    this.#strain.lateMs = median(this.#paces.map(({ lateMs }) => lateMs), 0);
    this.#governor.observe(this.#strain, this.#own, nowMs);
    this.#govern();
  }

  #govern() {
    const volunteer = this.#volunteer;
    if (!volunteer) return;
    const nowMs = Date.now();
    const conditions = { ...this.#conditions.read(), bytes: this.#meter.used(nowMs) };
    const strain = { factor: this.#governor.factor, isHot: this.#governor.isHot(nowMs) };
    const { workers, duty, rest } = decide(conditions, this.choices, strain);
    this.#own = rest ? 0 : (workers * duty) / conditions.cores;
    volunteer.allow(workers, duty);
    if (this.#held) volunteer.pause("paused");
    else if (rest) volunteer.pause("resting", rest);
    else volunteer.resume();
  }

  /** @param {boolean} now else at most every few seconds */
  #keep(now = false) {
    const nowMs = Date.now();
    if (!now && nowMs - this.#keptAt < KEEP_EVERY_MS) return;
    this.#keptAt = nowMs;
    const { subJobs, seconds, jobs } = this.contribution;
    this.#memory.keep("contribution", { subJobs, seconds, jobs });
    this.#memory.keep("data", { minutes: this.#meter.toJSON() });
  }
}
