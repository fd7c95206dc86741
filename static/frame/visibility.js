// Has the question been really visible for a moment? Responsible for that one fact; consent.js uses it.
// VisibilityGate is pure (times and observations in, open or closed out); watchVisibility feeds it from the browser.
//
// Engines cannot prove what a person sees. The gate takes what they offer: the question's intersection with the
// window, its size, running animation frames (they stall off-screen and in hidden frames), and in Chromium
// `isVisible`, which sees opacity, filters, scaling and whatever covers the frame.

export const STEADY_MS = 1000;
export const SLOWEST_FRAME_MS = 500;
export const SMALLEST_WIDTH = 240;
export const SMALLEST_HEIGHT = 120;
const WHOLE = 0.99; // 1, less the rounding of fractional pixels

/**
 * @typedef {object} Sight
 * @property {number} ratio part of the question that lies inside the window, 0 to 1
 * @property {boolean} uncovered false where the browser says that something hides or distorts it
 */
/** @typedef {{ width: number, height: number }} Size of the question in px */

export class VisibilityGate {
  #visible = false;
  /** @type {number | null} */
  #since = null;
  #lastFrame = -Infinity;

  /** @param {Sight} sight */
  see({ ratio, uncovered }) {
    this.#visible = ratio >= WHOLE && uncovered;
    if (!this.#visible) this.#since = null;
  }

  /** @param {number} nowMs time of an animation frame @param {Size} size in that frame */
  frame(nowMs, { width, height }) {
    const isTiny = width < SMALLEST_WIDTH || height < SMALLEST_HEIGHT;
    if (isTiny || nowMs - this.#lastFrame > SLOWEST_FRAME_MS) this.#since = null;
    this.#lastFrame = nowMs;
    if (this.#visible && !isTiny) this.#since ??= nowMs;
  }

  /** @param {number} nowMs */
  isOpen(nowMs) {
    return (
      this.#since !== null &&
      nowMs - this.#since >= STEADY_MS &&
      nowMs - this.#lastFrame <= SLOWEST_FRAME_MS
    );
  }
}

/**
 * @param {Element} question
 * @param {VisibilityGate} gate
 * @returns {() => void} ends the watch
 */
export function watchVisibility(question, gate) {
  const observer = new IntersectionObserver(
    (entries) => {
      const entry = /** @type {IntersectionObserverEntry & { isVisible?: boolean }} */ (
        entries[entries.length - 1]
      );
      gate.see({ ratio: entry.intersectionRatio, uncovered: entry.isVisible ?? true });
    },
    /** @type {IntersectionObserverInit} */ ({
      threshold: [0, 0.25, 0.5, 0.75, WHOLE, 1],
      trackVisibility: true,
      delay: 100,
    }),
  );
  observer.observe(question);
  let request = requestAnimationFrame(function next(nowMs) {
    gate.frame(nowMs, question.getBoundingClientRect()); // an observer is silent while the ratio stays 1
    request = requestAnimationFrame(next);
  });
  return () => {
    observer.disconnect();
    cancelAnimationFrame(request);
  };
}
