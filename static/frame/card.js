// What the visitor sees in the frame: the question, the badge, the farewell. Responsible for drawing and for telling
// the page's loader how large the card is; not for what a press leads to. Text from the hub enters as text only.

import { fill } from "./told.js";

/** @typedef {"ask" | "badge" | "panel" | "farewell" | "alone" | "nothing"} View */

/** px, as the site has chosen */
const WIDTHS = {
  normal: { ask: 344, badge: 340, panel: 360, farewell: 320, alone: 344, nothing: 0 },
  small: { ask: 280, badge: 200, panel: 340, farewell: 240, alone: 280, nothing: 0 },
};
const PANEL_HEIGHT = 470; // it scrolls in what it gets
const MOST_BARS = 8;
const DRAW_MS = 150;

export class Card {
  #root;
  /** @type {Map<View, HTMLElement>} */
  #views = new Map();
  /** @type {View} */
  #view = "nothing";
  #words;
  #widths;
  #onSize;
  #drawnAt = 0;
  #observer = new ResizeObserver(() => this.#tellSize());

  /**
   * @param {Document} page
   * @param {Record<string, string>} words that change, in the visitor's language
   * @param {(width: number, height: number) => void} onSize in px; 0, 0 for nothing
   */
  constructor(page, words, onSize) {
    this.#root = page;
    this.#words = words;
    this.#widths = page.documentElement.dataset["size"] === "small" ? WIDTHS.small : WIDTHS.normal;
    this.#onSize = onSize;
    for (const element of page.querySelectorAll("[data-view]"))
      if (element instanceof HTMLElement)
        this.#views.set(/** @type {View} */ (element.dataset["view"]), element);
    for (const element of this.#views.values()) this.#observer.observe(element);
    addEventListener("resize", () => this.#fit());
    this.button(".more").addEventListener("click", () => this.#toggleDetails());
  }

  /** One more of the things to show. @param {View} view @param {HTMLElement} element */
  add(view, element) {
    this.#views.set(view, element);
    this.#observer.observe(element);
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
    button.title = this.#words[paused ? "resume" : "pause"] ?? "";
    button.setAttribute("aria-label", button.title);
  }

  /** @param {number} subJobs */
  done(subJobs) {
    const { done = "", thanks = "", nothing = "" } = this.#words;
    this.part(".count").textContent = subJobs ? fill(done, { n: subJobs }) : "";
    this.part(".thanks").textContent = subJobs ? fill(thanks, { n: subJobs }) : nothing;
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

  #toggleDetails() {
    const button = this.button(".more");
    const less = button.dataset["less"] ?? "";
    const shown = button.getAttribute("aria-expanded") !== "true";
    button.setAttribute("aria-expanded", String(shown));
    button.dataset["less"] = button.textContent;
    button.textContent = less;
    this.part(".details").hidden = !shown;
    this.part(".ask").toggleAttribute("data-detailed", shown);
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
    const height = this.#view === "panel" ? PANEL_HEIGHT : this.#height();
    this.#onSize(this.#widths[this.#view], height);
  }
}
