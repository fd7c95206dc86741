// Who stands around the frame, and the few words that pass between the frame and the page's loader.
// Responsible for checking where a message comes from; not for what it leads to. No message can give a yes.

/** @typedef {"start" | "pause" | "stop"} Wish what a page may ask for */
/** @typedef {{ busyMs: number, delayMs: number }} Load long tasks of the page in a second, its longest wait of an input */

const MOST_MS = 10_000;

/** The origin of the page that holds this frame, or "" where the browser does not tell. */
export function embeddingOrigin() {
  const ancestors = location.ancestorOrigins;
  if (ancestors && ancestors.length) return ancestors[0] ?? "";
  return document.referrer ? new URL(document.referrer).origin : "";
}

/**
 * Whether a message is a wish of the page around us; a pure rule.
 * @param {{ data: unknown, origin: string, fromParent: boolean }} message
 * @param {string} origin of the embedding page, "" where unknown
 * @returns {Wish | null}
 */
export function readWish(message, origin) {
  if (!message.fromParent || (origin && message.origin !== origin)) return null;
  const data = /** @type {{ owc?: unknown, type?: unknown } | null} */ (message.data);
  if (typeof data !== "object" || data === null || data.owc !== 1) return null;
  const { type } = data;
  return type === "start" || type === "pause" || type === "stop" ? type : null;
}

/**
 * How busy the page around us says it is; a pure rule. It can make us slower and never faster.
 * @param {{ data: unknown, origin: string, fromParent: boolean }} message
 * @param {string} origin of the embedding page, "" where unknown
 * @returns {Load | null}
 */
export function readLoad(message, origin) {
  if (!message.fromParent || (origin && message.origin !== origin)) return null;
  const data = /** @type {Record<string, unknown> | null} */ (message.data);
  if (typeof data !== "object" || data === null || data["owc"] !== 1 || data["type"] !== "load")
    return null;
  /** @param {unknown} ms */
  const bounded = (ms) => (typeof ms === "number" && ms > 0 ? Math.min(ms, MOST_MS) : 0);
  return { busyMs: bounded(data["busy_ms"]), delayMs: bounded(data["delay_ms"]) };
}

export class Embed {
  #origin;
  #last = "";

  /** @param {(wish: Wish) => void} onWish @param {(load: Load) => void} onLoad */
  constructor(onWish, onLoad) {
    this.#origin = embeddingOrigin();
    addEventListener("message", (event) => {
      const fromParent = event.source === window.parent && window.parent !== window;
      const message = { data: event.data, origin: event.origin, fromParent };
      const wish = readWish(message, this.#origin);
      if (wish) onWish(wish);
      const load = readLoad(message, this.#origin);
      if (load) onLoad(load);
    });
  }

  /** @param {number} width in px @param {number} height in px, 0 to show nothing */
  size(width, height) {
    this.#tell({ type: "size", width, height });
  }

  /** @param {string} status */
  status(status) {
    if (status === this.#last) return;
    this.#last = status;
    this.#tell({ type: "status", status });
  }

  /** @param {number} subJobsDone */
  progress(subJobsDone) {
    this.#tell({ type: "progress", sub_jobs_done: subJobsDone });
  }

  /** @param {object} message nothing secret: a page without an origin of its own hears it too */
  #tell(message) {
    const known = this.#origin.startsWith("http"); // a file and a sandboxed page have no origin to name
    window.parent.postMessage({ owc: 1, ...message }, known ? this.#origin : "*");
  }
}
