// How much may be done now: so many workers, such a part of their time, or nothing and why. Pure: what is observed
// and chosen goes in, a decision comes out. conditions.js observes; volunteer.js does what is decided here.

/** @import { Choices } from "./choices.js" */

/** @typedef {"battery" | "metered" | "hidden" | "data" | "hot"} Rest why nothing is done now */

/**
 * @typedef {object} Conditions
 * @property {number} cores of the device
 * @property {{ level: number, charging: boolean } | null} battery level 0 to 1; null where the browser does not tell
 * @property {boolean} metered the connection costs by the byte, or the visitor asked browsers to save data
 * @property {boolean} hidden the page is in a hidden tab
 * @property {number} bytes taken in the last hour
 */
/**
 * @typedef {object} Strain signs that we are in the way of others, from the last second or so
 * @property {string} pressure of the Compute Pressure API: nominal, fair, serious or critical
 * @property {number} pace speed of a worker's core now, as a part of its best: below 1 when hot or contended
 * @property {number} lateMs by how much workers woke up too late
 * @property {number} busyMs long tasks of the page around us, in a second
 * @property {number} delayMs longest wait of an input of that page
 */
/** @typedef {{ workers: number, duty: number, rest: Rest | null }} Decision duty: part of the time of each worker */

/** @type {Readonly<Strain>} */
export const AT_EASE = Object.freeze({ pressure: "nominal", pace: 1, lateMs: 0, busyMs: 0, delayMs: 0 });
export const STEP_MS = 2_000; // between two changes of the factor, so that the effect of one is seen
export const COOL_MS = 30_000; // of rest, where critical pressure does not give way
export const LEAST = 0.2; // of what is allowed, under strain
const RECOVERY = 0.1; // a step up
const SLOW_PACE = 0.6;
const LATE_MS = 40;
const BUSY_MS = 100;
const DELAY_MS = 100;
const ON_BATTERY = 0.5; // of what is allowed
const PRESSED = new Set(["serious", "critical"]);
const MOSTLY_OURS = 0.5;
const MEGABYTE = 1e6;
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/**
 * @param {Conditions} conditions
 * @param {Choices} choices
 * @param {{ factor: number, isHot: boolean }} governor what strain leaves of what is allowed
 * @returns {Decision}
 */
export function decide(conditions, choices, { factor, isHot }) {
  const { battery } = conditions;
  const most = Math.min(choices.cores ?? Math.max(conditions.cores - 1, 1), conditions.cores);
  const onBattery = battery !== null && !battery.charging;
  const allowed = most * choices.share * factor * (onBattery ? ON_BATTERY : 1);
  const workers = Math.max(1, Math.min(most, Math.ceil(allowed / choices.share)));
  return {
    workers,
    duty: Math.min(allowed / workers, 1),
    rest: isHot ? "hot" : reasonToRest(conditions, choices, onBattery),
  };
}

/**
 * @param {Conditions} conditions
 * @param {Choices} choices
 * @param {boolean} onBattery
 * @returns {Rest | null}
 */
function reasonToRest({ battery, metered, hidden, bytes }, choices, onBattery) {
  if (hidden && !choices.hidden) return "hidden";
  if (onBattery && battery && battery.level * 100 <= choices.batteryAbove && choices.batteryAbove)
    return "battery";
  if (metered && !choices.metered) return "metered";
  return bytes >= choices.dataMb * MEGABYTE ? "data" : null;
}

/** Halves what is done when somebody suffers, and comes back in small steps. */
export class Governor {
  factor = 1;
  #steppedAt = -Infinity;
  #hotUntil = -Infinity;

  /**
   * @param {Strain} strain
   * @param {number} own part of all cores' time that we take ourselves: pressure that we make is no strain
   * @param {number} nowMs
   */
  observe({ pressure, pace, lateMs, busyMs, delayMs }, own, nowMs) {
    if (nowMs - this.#steppedAt < STEP_MS) return;
    this.#steppedAt = nowMs;
    const isPressed = PRESSED.has(pressure) && own < MOSTLY_OURS;
    if (isPressed && pressure === "critical" && this.factor <= LEAST)
      this.#hotUntil = nowMs + COOL_MS; // the least is still too much
    const isStrained =
      isPressed ||
      pace < SLOW_PACE ||
      lateMs > LATE_MS ||
      busyMs > BUSY_MS ||
      delayMs > DELAY_MS;
    this.factor = isStrained
      ? Math.max(LEAST, this.factor / 2)
      : Math.min(1, this.factor + RECOVERY);
  }

  /** @param {number} nowMs */
  isHot(nowMs) {
    return nowMs < this.#hotUntil;
  }
}

/** Bytes of the last hour, by the minute. Times are those of the clock on the wall: it outlives the page. */
export class DataMeter {
  /** @type {Map<number, number>} */
  #minutes;

  /** @param {unknown} kept what `toJSON` gave, or anything else */
  constructor(kept = null) {
    const pairs = Array.isArray(kept) ? kept : [];
    this.#minutes = new Map(
      pairs.filter((pair) => Array.isArray(pair) && pair.every(Number.isFinite)).slice(0, 60),
    );
  }

  /** @param {number} bytes @param {number} nowMs */
  add(bytes, nowMs) {
    const minute = Math.floor(nowMs / MINUTE_MS);
    this.#minutes.set(minute, (this.#minutes.get(minute) ?? 0) + bytes);
  }

  /** @param {number} nowMs */
  used(nowMs) {
    let bytes = 0;
    for (const [minute, taken] of this.#minutes) {
      const age = nowMs - minute * MINUTE_MS;
      if (age > HOUR_MS || age < 0) this.#minutes.delete(minute);
      else bytes += taken;
    }
    return bytes;
  }

  toJSON() {
    return [...this.#minutes];
  }
}

/** @param {readonly number[]} values @param {number} otherwise where there are none */
export function median(values, otherwise) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? otherwise;
}
