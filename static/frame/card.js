// What the visitor sees in the frame: the question, the badge, the farewell. Responsible for drawing and for telling
// the page's loader how large the card is; not for what a press leads to. Text from the hub enters as text only.

/** @typedef {"ask" | "badge" | "farewell" | "alone" | "nothing"} View */

const WIDTHS = { ask: 344, badge: 320, farewell: 320, alone: 344, nothing: 0 };
const MOST_BARS = 8;
const DRAW_MS = 150;

export class Card {
  #root;
  /** @type {Map<View, HTMLElement>} */
  #views = new Map();
  /** @type {View} */
  #view = "nothing";
  #onSize;
  #drawnAt = 0;

  /**
   * @param {Document} page
   * @param {(width: number, height: number) => void} onSize in px; 0, 0 for nothing
   */
  constructor(page, onSize) {
    this.#root = page;
    this.#onSize = onSize;
    for (const element of page.querySelectorAll("[data-view]"))
      if (element instanceof HTMLElement)
        this.#views.set(/** @type {View} */ (element.dataset["view"]), element);
    const observer = new ResizeObserver(() => this.#tellSize());
    for (const element of this.#views.values()) observer.observe(element);
    addEventListener("resize", () => this.#fit());
  }

  /** @param {string} selector @returns {HTMLElement} */
  part(selector) {
    const element = this.#root.querySelector(selector);
    if (!(element instanceof HTMLElement)) throw new Error(`the frame has no ${selector}`);
    return element;
  }

  /** @param {string} selector @returns {HTMLButtonElement} */
  button(selector) {
    return /** @type {HTMLButtonElement} */ (this.part(selector));
  }

  /** @param {View} view */
  show(view) {
    this.#view = view;
    for (const [name, element] of this.#views) element.hidden = name !== view;
    this.#tellSize();
  }

  /** @param {string} text */
  hint(text) {
    this.part(".hint").textContent = text;
  }

  /** @param {{ id: string, name: string, about: string }} job */
  job({ id, name, about }) {
    const link = /** @type {HTMLAnchorElement} */ (this.part(".job"));
    if (link.dataset["job"] === id) return;
    link.dataset["job"] = id;
    link.textContent = name;
    link.title = about || name;
    link.href = `/job/${encodeURIComponent(id)}`;
  }

  /** @param {string} words @param {{ resting: boolean, paused: boolean }} how */
  phase(words, { resting, paused }) {
    const phase = this.part(".phase");
    if (phase.textContent !== words) phase.textContent = words; // it is read out at each change
    const badge = this.part(".badge");
    badge.toggleAttribute("data-resting", resting);
    badge.toggleAttribute("data-paused", paused);
    const button = this.part(".pause");
    button.setAttribute("aria-label", paused ? "Go on" : "Pause");
    button.title = paused ? "Go on" : "Pause";
  }

  /** @param {number} subJobs */
  done(subJobs) {
    const count = subJobs.toLocaleString("en");
    this.part(".count").textContent = subJobs ? `${count} done` : "";
    this.part(".thanks").textContent = subJobs
      ? `Thank you: ${count} ${plural(subJobs)} done.`
      : "Nothing runs any more.";
  }

  /** @param {readonly number[]} fractions part done of each worker's sub-job */
  progress(fractions) {
    const nowAt = performance.now();
    if (nowAt - this.#drawnAt < DRAW_MS) return;
    this.#drawnAt = nowAt;
    const bars = this.part(".bars");
    const shown = fractions.slice(0, MOST_BARS);
    while (bars.children.length < shown.length) bars.append(document.createElement("i"));
    shown.forEach((fraction, index) => {
      const bar = /** @type {HTMLElement} */ (bars.children[index]);
      bar.style.transform = `scaleY(${Math.max(fraction, 0.12).toFixed(2)})`;
    });
  }

  /** A window too low for the whole question (a phone on its side) gets the short one. */
  #fit() {
    if (this.#view === "ask" && innerHeight > 0 && innerHeight < this.#height())
      this.part(".ask").dataset["short"] = "";
  }

  #height() {
    const element = this.#views.get(this.#view);
    return element ? Math.ceil(element.getBoundingClientRect().height) : 0;
  }

  #tellSize() {
    this.#onSize(WIDTHS[this.#view], this.#height());
  }
}

/** @param {number} subJobs */
const plural = (subJobs) => (subJobs === 1 ? "sub-job" : "sub-jobs");
