// What stays in this browser between visits: the answer given on a site, and after a yes the volunteer's identity.
// Not responsible for deciding anything. Every read survives a browser that refuses storage.

const NO_LASTS_MS = 30 * 24 * 3600 * 1000;
const VOLUNTEER = "owc.volunteer";
export const SCORE = "owc.score"; // of a core, kept by benchmark.js
const KEPT = /** @type {const} */ (["choices", "contribution", "data", "device"]);

/** @typedef {"yes" | "no" | "unasked"} Answer */
/** @typedef {(typeof KEPT)[number]} Kept */

export class Memory {
  #key;
  #storage;

  /**
   * @param {string} site origin of the embedding page: its own answer, whoever else shares the storage
   * @param {Storage | null} storage null where the browser forbids it
   */
  constructor(site, storage) {
    this.#key = `owc.answer ${site}`;
    this.#storage = storage;
  }

  /** @param {number} nowMs @returns {Answer} */
  answer(nowMs) {
    const kept = this.#read(this.#key);
    if (kept?.["answer"] === "yes") return "yes";
    const at = kept?.["at"];
    return kept?.["answer"] === "no" && typeof at === "number" && nowMs - at < NO_LASTS_MS
      ? "no"
      : "unasked";
  }

  /** @param {"yes" | "no"} answer @param {number} nowMs */
  keepAnswer(answer, nowMs) {
    this.#write(this.#key, { answer, at: nowMs });
  }

  /** @returns {string | null} the identity that the hub gave this volunteer */
  volunteerToken() {
    const token = this.#read(VOLUNTEER)?.["token"];
    return typeof token === "string" ? token : null;
  }

  /** @param {string} token */
  keepVolunteerToken(token) {
    this.#write(VOLUNTEER, { token });
  }

  /** Something else that belongs to the volunteer. @param {Kept} name @returns {Record<string, unknown> | null} */
  kept(name) {
    return this.#read(`owc.${name}`);
  }

  /** @param {Kept} name @param {object} value */
  keep(name, value) {
    this.#write(`owc.${name}`, value);
  }

  /** Everything but the answers. */
  forgetVolunteer() {
    try {
      for (const key of [VOLUNTEER, SCORE, ...KEPT.map((name) => `owc.${name}`)])
        this.#storage?.removeItem(key);
    } catch {
      // nothing was kept
    }
  }

  /** @param {string} key @returns {Record<string, unknown> | null} */
  #read(key) {
    try {
      const value = JSON.parse(this.#storage?.getItem(key) ?? "null");
      return typeof value === "object" ? value : null;
    } catch {
      return null;
    }
  }

  /** @param {string} key @param {object} value */
  #write(key, value) {
    try {
      this.#storage?.setItem(key, JSON.stringify(value));
    } catch {
      // full or forbidden: the question is asked again next time
    }
  }
}

/** @returns {Storage | null} */
export function siteStorage() {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}
