// The page of a device that is lent as a whole: an old phone, a computer in a lab. The same volunteer as in the frame,
// begun by a press on the page itself, which is the hub's own and in nobody else's page.

import { defaultChoices } from "./frame/choices.js";
import { Memory, siteStorage } from "./frame/memory.js";
import { isMobile } from "./frame/mobile.js";
import { Panel } from "./frame/panel.js";
import { renewal } from "./frame/renewal.js";
import { Shift } from "./frame/shift.js";
import { fill, formatNumber, readTold } from "./frame/told.js";

/** @import { Phase } from "./frame/types.js" */

const MINUTE_MS = 60_000;
const PACE_MS = 1_000;
const LEAST_BATTERY = 30;

/** @typedef {Event & { prompt(): Promise<void> }} InstallPrompt */

class Agent {
  #told = readTold(document);
  #words = this.#told.words;
  #memory = new Memory("agent", siteStorage());
  /** @type {Shift | null} */
  #shift = null;
  /** @type {Panel | null} */
  #panel = null;
  #paused = false;
  #done = 0;
  /** @type {{ atMs: number, subJobs: number }[]} of the last minute */
  #lately = [];
  #startedAt = 0;
  /** @type {WakeLockSentinel | null} */
  #awake = null;
  #over = false;

  begin() {
    this.#button(".start").addEventListener("click", () => this.#start());
    this.#button(".pause").addEventListener("click", () => this.#togglePause());
    this.#button(".stop").addEventListener("click", () => this.#stop());
    const device = /** @type {HTMLInputElement} */ (this.#part("[name=device]"));
    device.value = String(this.#memory.kept("device")?.["name"] ?? "");
    device.addEventListener("change", () => {
      this.#memory.keep("device", { name: device.value });
      this.#nameTab();
    });
    this.#part(".over-http").hidden = window.isSecureContext;
    this.#nameTab();
    this.#offerToInstall();
    setInterval(() => this.#showPace(), PACE_MS);
    addEventListener("pagehide", () => this.#leave(true));
    document.addEventListener("freeze", () => this.#leave(true));
    document.addEventListener("resume", () => this.#open());
    addEventListener("pageshow", (event) => event.persisted && this.#open());
    addEventListener("online", () => this.#shift?.wake());
    document.addEventListener("visibilitychange", () => this.#onVisibility());
    if (typeof WebAssembly !== "object" || typeof Worker !== "function") {
      this.#show("idle", this.#words["unable"] ?? "");
      this.#button(".start").hidden = true;
    } else this.#open();
  }

  /** What was begun before goes on: a lab's machines start by themselves after a night. */
  #open() {
    if (!this.#shift && this.#memory.answer(Date.now()) === "yes") void this.#work();
  }

  #start() {
    this.#memory.keepAnswer("yes", Date.now());
    void this.#work();
  }

  async #work() {
    const defaults = {
      ...defaultChoices({ dataMb: this.#told.data_mb, mobile: isMobile() }),
      share: 1,
      batteryAbove: LEAST_BATTERY,
    };
    this.#startedAt = performance.now();
    this.#lately = [];
    /** @type {Shift} */
    const shift = new Shift({
      memory: this.#memory,
      site: "",
      siteCategories: [],
      defaults,
      listener: {
        onPhase: (phase, reason) => this.#shift === shift && this.#onPhase(phase, reason),
        onJob: (job) => {
          const link = /** @type {HTMLAnchorElement} */ (this.#part(".job"));
          link.textContent = job.name;
          link.href = `/job/${encodeURIComponent(job.id)}`;
          this.#part(".on-job").hidden = false;
        },
        onDone: (subJobs) => this.#onDone(subJobs),
        onProgress: () => {},
        onStanding: () => this.#panel?.refresh(shift),
        mayReload: () => renewal.isDue,
        onOutdated: () => this.#shift === shift && this.#renew(),
      },
    });
    this.#shift = shift;
    this.#paused = false;
    this.#onPhase("connecting", "");
    void this.#stayAwake();
    const token = document.querySelector("meta[name=owc-token]")?.getAttribute("content") ?? "";
    try {
      this.#panel ??= await Panel.load(null, {
        onChoices: (choices) => this.#shift?.choose(choices),
        onBack: () => {},
        onForget: () => {
          this.#shift?.forget();
          this.#stop();
        },
      });
      this.#panel.open(shift);
      await shift.begin(token, false);
    } catch (error) {
      console.warn("Open Web Compute cannot work:", error);
      if (this.#shift === shift) this.#onPhase("unable", "");
    }
  }

  /** Loads the hub's newer client in a while, and goes on. */
  #renew() {
    setTimeout(() => {
      if (this.#shift && !this.#paused && renewal.isDue && renewal.begin(this.#done))
        location.reload();
    }, renewal.waitMs);
  }

  #togglePause() {
    if (this.#over) {
      this.#leave();
      void this.#work();
      return;
    }
    this.#paused = !this.#paused;
    if (this.#paused) void this.#awake?.release();
    else void this.#stayAwake();
    this.#shift?.hold(this.#paused);
    this.#onPhase(this.#paused ? "paused" : "connecting", "");
  }

  #stop() {
    this.#leave();
    this.#memory.keepAnswer("no", Date.now());
    this.#memory.forgetVolunteer();
    this.#panel?.hide();
    const { thanks = "", nothing = "" } = this.#words;
    this.#show("idle", this.#done ? fill(thanks, { n: this.#done }) : nothing);
  }

  /** @param {boolean} gone the page may be gone in a moment */
  #leave(gone = false) {
    this.#shift?.end(gone);
    this.#shift = null;
    void this.#awake?.release();
  }

  #onVisibility() {
    if (document.visibilityState === "visible") {
      this.#open();
      if (this.#shift && !this.#paused) void this.#stayAwake(); // the lock is lost when a page is hidden
    } else if (this.#shift && !this.#shift.choices.hidden) this.#leave(true);
    else this.#shift?.sendRest();
  }

  /** @param {Phase} phase @param {string} reason */
  #onPhase(phase, reason) {
    this.#over = phase === "refused" || phase === "unable";
    const key = phase === "refused" && reason === "replaced" ? "elsewhere" : reason || phase;
    this.#show(phase, this.#words[key] ?? reason);
  }

  /** @param {string} state @param {string} words */
  #show(state, words) {
    document.body.dataset["state"] = state;
    const line = this.#part(".phase");
    if (line.textContent !== words) line.textContent = words;
    const isIdle = state === "idle";
    this.#button(".start").hidden = !isIdle;
    this.#part(".at-work").hidden = isIdle;
    const isHeld = this.#paused || this.#over;
    const pause = this.#button(".pause");
    pause.textContent = this.#words[isHeld ? "resume" : "pause"] ?? "";
    this.#showFigures();
  }

  /** @param {number} subJobs */
  #onDone(subJobs) {
    this.#done += subJobs;
    this.#lately.push({ atMs: performance.now(), subJobs });
    this.#showFigures();
    if (this.#shift) this.#panel?.refresh(this.#shift);
  }

  #showFigures() {
    this.#part(".count").textContent = formatNumber(this.#done);
    const score = this.#shift?.score;
    if (score) this.#part(".score").textContent = formatNumber(score, { maximumFractionDigits: 2 });
  }

  #showPace() {
    const nowMs = performance.now();
    this.#lately = this.#lately.filter(({ atMs }) => nowMs - atMs < MINUTE_MS);
    const subJobs = this.#lately.reduce((sum, each) => sum + each.subJobs, 0);
    const minutes = Math.min(Math.max(nowMs - this.#startedAt, 1), MINUTE_MS) / MINUTE_MS;
    const pace = this.#shift ? subJobs / minutes : 0;
    this.#part(".pace").textContent = formatNumber(pace, { maximumSignificantDigits: 2 });
    this.#showFigures();
  }

  /** Keeps the screen on where the browser allows it, and says whether it does. */
  async #stayAwake() {
    try {
      this.#awake = (await navigator.wakeLock?.request("screen")) ?? null;
    } catch {
      this.#awake = null; // the battery is low, says the browser, or the page is hidden
    }
    this.#part(".awake").hidden = !this.#awake;
    this.#part(".asleep").hidden = Boolean(this.#awake);
  }

  #offerToInstall() {
    addEventListener("beforeinstallprompt", (event) => {
      event.preventDefault();
      const button = this.#button(".install");
      button.hidden = false;
      button.onclick = () => void /** @type {InstallPrompt} */ (event).prompt();
    });
    addEventListener("appinstalled", () => (this.#button(".install").hidden = true));
  }

  /** A lab's tabs and screens are told apart by their names. */
  #nameTab() {
    const name = this.#memory.kept("device")?.["name"];
    document.title = [name, document.title.split(" · ").at(-1)].filter(Boolean).join(" · ");
  }

  /** @param {string} selector */
  #button(selector) {
    return /** @type {HTMLButtonElement} */ (this.#part(selector));
  }

  /** @param {string} selector @returns {HTMLElement} */
  #part(selector) {
    const element = document.querySelector(selector);
    if (!(element instanceof HTMLElement)) throw new Error(`the page has no ${selector}`);
    return element;
  }
}

new Agent().begin();
