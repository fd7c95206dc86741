// A newer client: the hub says that it serves one, and this frame loads itself anew, once.
// Responsible for when that may be and for what outlives it; the volunteer knows when no result is at risk.

const KEY = "owc.renewal";
const REST_MS = 10 * 60_000; // while a hub of many processes is upgraded, its answers change from one to the next
const SPREAD_MS = 5_000; // a hub that comes back is not asked by all tabs at once

export class Renewal {
  #storage;
  #now;

  /**
   * @param {Storage | null} storage of this tab; null where the browser forbids it: then nothing is ever reloaded
   * @param {() => number} now milliseconds since the epoch
   */
  constructor(storage, now = Date.now) {
    this.#storage = storage;
    this.#now = now;
  }

  /** Whether the last reload was long enough ago: never in a loop, whatever a hub or a cache says. */
  get isDue() {
    if (!this.#storage) return false;
    const at = this.#read()["at"];
    return typeof at !== "number" || this.#now() < at || this.#now() - at >= REST_MS;
  }

  /** How long to wait before a reload. */
  get waitMs() {
    return Math.random() * SPREAD_MS;
  }

  /** Notes a reload that follows at once. @param {number} done sub-jobs @returns {boolean} whether it was noted */
  begin(done) {
    try {
      this.#storage?.setItem(KEY, JSON.stringify({ at: this.#now(), done }));
      return this.#storage !== null && this.#read()["done"] === done;
    } catch {
      return false;
    }
  }

  /** @returns {number} sub-jobs done before the reload that brought us here, told once; else 0 */
  takeDone() {
    const { at, done } = this.#read();
    if (typeof done !== "number") return 0;
    try {
      this.#storage?.setItem(KEY, JSON.stringify({ at }));
    } catch {
      return 0;
    }
    return done;
  }

  /** @returns {Record<string, unknown>} */
  #read() {
    try {
      return JSON.parse(this.#storage?.getItem(KEY) ?? "{}") ?? {};
    } catch {
      return {};
    }
  }
}

/** @returns {Storage | null} */
function tabStorage() {
  try {
    return window.sessionStorage;
  } catch {
    return null;
  }
}

/** Of this tab. */
export const renewal = new Renewal(typeof window === "object" ? tabStorage() : null);

/** Which client the frame's page belongs to. @param {Document} page @returns {string | null} */
export function clientBuild(page) {
  return page.querySelector("meta[name=owc-build]")?.getAttribute("content") ?? null;
}
