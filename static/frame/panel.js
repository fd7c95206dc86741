// The panel behind the badge: what was done, and what the visitor chooses. Loaded when it is first opened.
// Responsible for showing and hearing; the choices take effect in shift.js.

import { isMobile } from "./mobile.js";
import { wattHours, wattsPerCore } from "./contribution.js";
import { fill, formatNumber, readTold } from "./told.js";

/** @import { Card } from "./card.js" */
/** @import { Choices } from "./choices.js" */
/** @import { Shift } from "./shift.js" */
/** @import { VolunteerStanding } from "../messages.js" */

/** @typedef {{ onChoices(choices: Choices): void, onBack(): void, onForget(): void }} PanelListener */

const MINUTE_SECONDS = 60;
const HOUR_SECONDS = 3600;

export class Panel {
  #root;
  #listener;
  #card;
  /** @type {Choices | null} */
  #choices = null;
  #cores = Math.max(navigator.hardwareConcurrency || 2, 1);

  /**
   * @param {Card | null} card that shows it, or null where it stands in a page
   * @param {PanelListener} listener
   */
  static async load(card, listener) {
    const { lang } = document.documentElement;
    const categories = (readTold(document).categories ?? []).join(" ");
    const query = new URLSearchParams({ lang, categories });
    const response = await fetch(`/frame/panel?${query}`, { credentials: "omit" });
    if (!response.ok) throw new Error(`the hub answered ${response.status}`);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const section = page.querySelector(".panel");
    if (!section) throw new Error("the hub answered with something else");
    const root = document.importNode(section, true);
    const style = document.createElement("link");
    style.rel = "stylesheet";
    style.href = new URL("../panel.css", import.meta.url).href;
    const styled = new Promise((done) => (style.onload = style.onerror = done));
    document.head.append(style);
    await styled;
    return new Panel(/** @type {HTMLElement} */ (root), card, listener);
  }

  /** @param {HTMLElement} root @param {Card | null} card @param {PanelListener} listener */
  constructor(root, card, listener) {
    this.#root = root;
    this.#card = card;
    this.#listener = listener;
    root.hidden = true;
    document.querySelector(card ? "main" : ".panel-place")?.append(root);
    card?.add("panel", root);
    root.addEventListener("change", () => this.#choose());
    this.#part(".back").addEventListener("click", () => this.close());
    this.#part(".forget").addEventListener("click", () => this.#askToForget(true));
    this.#part(".keep").addEventListener("click", () => this.#askToForget(false));
    this.#part(".forget-sure").addEventListener("click", () => listener.onForget());
    root.addEventListener("keydown", (event) => event.key === "Escape" && this.close());
  }

  /** @param {Shift} shift whose figures and choices are shown */
  open(shift) {
    this.#askToForget(false);
    this.refresh(shift);
    this.#showChoices(shift.choices);
    if (this.#card) this.#card.show("panel");
    else this.#root.hidden = false;
    this.#part(".panel-body").scrollTo(0, 0);
    if (this.#card) this.#part(".back").focus();
  }

  close() {
    if (this.#root.hidden || !this.#card) return;
    this.#listener.onBack();
    this.#card.part(".settings").focus();
  }

  hide() {
    this.#root.hidden = true;
  }

  /** @param {Shift} shift */
  refresh({ contribution, standing }) {
    const mobile = isMobile();
    const { subJobs, seconds, jobs } = contribution;
    this.#say("done", formatNumber(subJobs));
    this.#say("time", duration(seconds));
    const hours = formatNumber(wattHours(seconds, mobile), { maximumSignificantDigits: 2 });
    this.#say("energy", `${hours} Wh`);
    const note = this.#figure("energy_note");
    note.dataset["text"] ??= note.textContent;
    note.textContent = fill(note.dataset["text"], { watts: wattsPerCore(mobile) });
    this.#showStanding(standing);
    this.#part(".helped-none").hidden = jobs.length > 0;
    this.#part(".helped").replaceChildren(
      ...jobs.map(({ id, name, subJobs: count }) => {
        const link = document.createElement("a");
        link.href = `/job/${encodeURIComponent(id)}`;
        link.target = "_blank";
        link.rel = "noopener";
        link.dir = "auto";
        link.textContent = name;
        const item = document.createElement("li");
        item.append(link, ` ${formatNumber(count)}`);
        return item;
      }),
    );
  }

  /** @param {VolunteerStanding | null} standing */
  #showStanding(standing) {
    this.#part(".credit-row").hidden = this.#part(".standing-row").hidden = !standing;
    this.#part(".standing-note").hidden = !standing;
    if (!standing) return;
    const { status, message, credit, agreed, needed, until } = standing;
    this.#say("credit", formatNumber(credit, { notation: "compact", maximumFractionDigits: 1 }));
    this.#say("standing", this.#root.dataset[status] ?? status);
    // why somebody is banned is in the operator's own words
    const note = this.#root.dataset[`${status}_note`] ?? (status === "banned" ? message : "");
    const parts = [fill(note, { needed })];
    if (status === "new" || status === "limited")
      parts.push(fill(this.#root.dataset["agreed"] ?? "", { agreed, needed }));
    if (until) {
      const time = new Date(until).toLocaleString(document.documentElement.lang || "en");
      parts.push(fill(this.#root.dataset["until"] ?? "", { time }));
    }
    this.#part(".standing-note").textContent = parts.filter(Boolean).join(" ");
  }

  /** @param {Choices} choices */
  #showChoices(choices) {
    this.#choices = choices;
    const cores = this.#input("cores");
    cores.max = String(this.#cores);
    cores.value = String(Math.min(choices.cores ?? Math.max(this.#cores - 1, 1), this.#cores));
    this.#input("share").value = String(Math.round(choices.share * 100));
    this.#input("data").value = String(choices.dataMb);
    const battery = /** @type {HTMLSelectElement} */ (this.#part("[name=battery]"));
    battery.value = String(choices.batteryAbove);
    this.#input("hidden").checked = choices.hidden;
    this.#input("metered").checked = choices.metered;
    for (const box of this.#boxes())
      box.checked = choices.categories?.includes(box.value) ?? true;
    this.#showNumbers();
  }

  #choose() {
    if (!this.#choices) return;
    const boxes = this.#boxes();
    const data = this.#input("data");
    /** @type {Choices} */
    const choices = {
      cores: Number(this.#input("cores").value),
      share: Number(this.#input("share").value) / 100,
      dataMb: data.validity.valid && data.value ? Number(data.value) : this.#choices.dataMb,
      batteryAbove: Number(/** @type {HTMLSelectElement} */ (this.#part("[name=battery]")).value),
      hidden: this.#input("hidden").checked,
      metered: this.#input("metered").checked,
      categories: boxes.every((box) => box.checked)
        ? null
        : boxes.filter((box) => box.checked).map((box) => box.value),
    };
    this.#choices = choices;
    this.#showNumbers();
    this.#listener.onChoices(choices);
  }

  #showNumbers() {
    this.#part("output[for=cores]").textContent = `${this.#input("cores").value} / ${this.#cores}`;
    const share = Number(this.#input("share").value) / 100;
    this.#part("output[for=share]").textContent = formatNumber(share, { style: "percent" });
  }

  /** @param {boolean} sure whether the second question stands */
  #askToForget(sure) {
    const stood = !this.#part(".forget-ask").hidden;
    this.#part(".forget").hidden = sure;
    this.#part(".forget-ask").hidden = !sure;
    if (sure) this.#part(".keep").focus();
    else if (stood) this.#part(".forget").focus();
  }

  /** @returns {HTMLInputElement[]} */
  #boxes() {
    return [...this.#root.querySelectorAll("input")].filter((input) => input.name === "category");
  }

  /** @param {string} name */
  #input(name) {
    return /** @type {HTMLInputElement} */ (this.#part(`input[name=${name}]`));
  }

  /** @param {string} name @param {string} text */
  #say(name, text) {
    const figure = this.#figure(name);
    if (figure.textContent !== text) figure.textContent = text;
  }

  /** @param {string} name */
  #figure(name) {
    return this.#part(`[data-figure=${name}]`);
  }

  /** @param {string} selector @returns {HTMLElement} */
  #part(selector) {
    const element = this.#root.querySelector(selector);
    if (!(element instanceof HTMLElement)) throw new Error(`the panel has no ${selector}`);
    return element;
  }
}

/** @param {number} seconds @returns {string} in the largest unit that fits */
function duration(seconds) {
  const [value, unit] =
    seconds < MINUTE_SECONDS
      ? [Math.round(seconds), "second"]
      : seconds < HOUR_SECONDS
        ? [Math.round(seconds / MINUTE_SECONDS), "minute"]
        : [seconds / HOUR_SECONDS, "hour"];
  return formatNumber(value, { style: "unit", unit, maximumFractionDigits: 1 });
}
