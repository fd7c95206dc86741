// What counts as a yes: a person's own click or key press on the button, begun inside this frame, while the
// question had been visible for a moment. Responsible for that rule; not for what follows a yes.

import { VisibilityGate, watchVisibility } from "./visibility.js";

export const FOCUS_STEADY_MS = 500; // a key press right after focus moved here may have been meant for the page

/** @typedef {"yes" | "early" | "no"} Verdict "early": a real press, but too soon; the person is asked to press again */

/**
 * Follows one press from its beginning to the click; a pure rule.
 * Times are milliseconds of one clock.
 */
export class PressJudge {
  #gate;
  /** @type {"none" | "begun" | "early"} */
  #press = "none";
  /** @type {number | null} */
  #focusedSince = null;

  /** @param {{ isOpen(nowMs: number): boolean }} gate */
  constructor(gate) {
    this.#gate = gate;
  }

  /** @param {boolean} focused @param {number} nowMs */
  focus(focused, nowMs) {
    this.#focusedSince = focused ? (this.#focusedSince ?? nowMs) : null;
  }

  /** @param {{ isTrusted: boolean, isPrimary: boolean, button: number }} event @param {number} nowMs */
  pointerDown(event, nowMs) {
    if (!event.isTrusted || !event.isPrimary || event.button !== 0) return;
    this.#press = this.#gate.isOpen(nowMs) ? "begun" : "early";
  }

  /** @param {{ isTrusted: boolean, repeat: boolean, key: string }} event @param {number} nowMs */
  keyDown(event, nowMs) {
    if (!event.isTrusted || event.repeat || (event.key !== "Enter" && event.key !== " ")) return;
    const settled =
      this.#focusedSince !== null && nowMs - this.#focusedSince >= FOCUS_STEADY_MS;
    this.#press = settled && this.#gate.isOpen(nowMs) ? "begun" : "early";
  }

  /**
   * @param {{ isTrusted: boolean }} event
   * @param {number} nowMs
   * @param {boolean} activated whether the browser itself says that a person just acted in this frame
   * @returns {Verdict}
   */
  click(event, nowMs, activated) {
    const press = this.#press;
    this.#press = "none";
    if (!event.isTrusted || press === "none" || !activated) return "no";
    return press === "begun" && this.#gate.isOpen(nowMs) ? "yes" : "early";
  }
}

/**
 * Watches the question until a person says yes.
 * @param {Element} question
 * @param {HTMLButtonElement} button
 * @param {(verdict: "yes" | "early") => void} onPress
 * @returns {() => void} ends the watch
 */
export function watchForYes(question, button, onPress) {
  const gate = new VisibilityGate();
  const judge = new PressJudge(gate);
  const ending = new AbortController();
  const { signal } = ending;
  const now = () => performance.now();
  const endVisibility = watchVisibility(question, gate);
  const end = () => {
    ending.abort();
    endVisibility();
  };
  judge.focus(document.hasFocus(), now());
  addEventListener("focus", () => judge.focus(true, now()), { signal });
  addEventListener("blur", () => judge.focus(false, now()), { signal });
  button.addEventListener("pointerdown", (event) => judge.pointerDown(event, now()), { signal });
  button.addEventListener("keydown", (event) => judge.keyDown(event, now()), { signal });
  button.addEventListener(
    "click",
    (event) => {
      const activated = navigator.userActivation?.isActive ?? true;
      const verdict = judge.click(event, now(), activated);
      if (verdict === "no") return;
      if (verdict === "yes") end();
      onPress(verdict);
    },
    { signal },
  );
  return end;
}
