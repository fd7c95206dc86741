// The hub's own page that confirms a yes given in the frame: the frame that opened it hears of a yes, nobody else.

import { watchForYes } from "./frame/consent.js";

/** @param {string} selector @returns {HTMLElement} */
const part = (selector) => {
  const element = document.querySelector(selector);
  if (!(element instanceof HTMLElement)) throw new Error(`the page has no ${selector}`);
  return element;
};

/** @param {string} name the section that is shown from now on */
const show = (name) => {
  for (const section of document.querySelectorAll("[data-view]"))
    if (section instanceof HTMLElement) section.hidden = section.dataset["view"] !== name;
};

const button = /** @type {HTMLButtonElement} */ (part(".yes"));
part(".no").addEventListener("click", () => window.close());
watchForYes(part(".ask"), button, (verdict) => {
  if (verdict === "early") {
    part(".hint").textContent = part(".hint").dataset["early"] ?? "";
    return;
  }
  const frame = /** @type {Window | null} */ (window.opener);
  frame?.postMessage({ type: "confirmed" }, location.origin);
  show(frame ? "done" : "lost");
  if (frame) window.close();
});
