// The frame of the hub in another site's page: asks the visitor, and after a yes lets the volunteer work.
// Responsible for the order of question, work, pause and farewell. Nothing of the work is even loaded before a yes.

import { isMobile } from "./frame/capability.js";
import { Card } from "./frame/card.js";
import { watchForYes } from "./frame/consent.js";
import { Embed, embeddingOrigin } from "./frame/embed.js";
import { Memory, siteStorage } from "./frame/memory.js";
import { takeTurn } from "./frame/turn.js";

/** @typedef {import("./frame/volunteer.js").Volunteer} Volunteer */
/** @typedef {import("./frame/volunteer.js").Phase} Phase */

/** @type {Record<Phase | "elsewhere", string>} */
const WORDS = {
  connecting: "Connecting",
  working: "Working",
  waiting: "Waiting for work",
  paused: "Paused",
  offline: "Reconnecting",
  refused: "The hub ended it",
  unable: "Cannot run in this browser",
  elsewhere: "Working in another tab",
};

const CAPABLE = typeof WebAssembly === "object" && typeof Worker === "function";
const TOO_EARLY = "One moment, then please press again.";
const HIDDEN = "This page hides part of this card, so a yes cannot count here.";

class Frame {
  #query = new URLSearchParams(location.search);
  #memory = new Memory(embeddingOrigin(), siteStorage());
  #embed = new Embed((wish) => this.#onWish(wish));
  #card = new Card(document, (width, height) => this.#embed.size(width, height));
  /** @type {Volunteer | null} */
  #volunteer = null;
  /** @type {AbortController | null} ends the work, or the wait for our turn */
  #working = null;
  /** @type {"visitor" | "page" | null} */
  #pausedBy = null;
  /** @type {(() => void) | null} */
  #endAsking = null;
  #done = 0; // since the frame was opened
  #doneBefore = 0; // by volunteers before this one
  #turnAwaited = false; // another tab works
  #over = false; // the work has ended by itself and can only be begun anew

  begin() {
    const theme = this.#query.get("theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset["theme"] = theme;
    if (window.top === window.self) {
      this.#card.show("alone");
      return;
    }
    this.#card.button(".no").addEventListener("click", () => this.#refuse());
    this.#card.button(".pause").addEventListener("click", () => this.#togglePause());
    this.#card.button(".stop").addEventListener("click", () => this.#stop());
    this.#card.button(".again").addEventListener("click", () => this.#ask());
    this.#card.button(".close").addEventListener("click", () => this.#card.show("nothing"));
    addEventListener("pagehide", () => this.#leave());
    document.addEventListener("freeze", () => this.#leave());
    document.addEventListener("resume", () => this.#return());
    if (isMobile()) document.addEventListener("visibilitychange", () => this.#onVisibility());
    addEventListener("pageshow", (event) => event.persisted && this.#return());
    this.#open();
  }

  #open() {
    const answer = this.#memory.answer(Date.now());
    if (!CAPABLE) this.#rest("unavailable"); // a question that could not be honoured is not asked
    else if (answer === "yes") void this.#work();
    else if (answer === "no") this.#rest("declined");
    else if (this.#query.get("ask") === "later") this.#rest("ready");
    else this.#ask();
  }

  /** @param {import("./frame/embed.js").Wish} wish of the page; it can never be a yes */
  #onWish(wish) {
    if (!CAPABLE) return;
    if (wish === "stop" && (this.#working || this.#endAsking)) {
      this.#leave();
      this.#rest("stopped");
    }
    if (wish === "pause" && this.#working && !this.#over && !this.#pausedBy) this.#pause("page");
    if (wish !== "start") return;
    if (this.#over) this.#startOver();
    else if (this.#pausedBy === "page" && this.#working) this.#resume();
    else if (!this.#working && this.#memory.answer(Date.now()) === "yes") void this.#work();
    else if (!this.#working) this.#ask();
  }

  #ask() {
    this.#card.hint("");
    this.#card.show("ask");
    this.#embed.status("asking");
    this.#endAsking?.();
    let early = 0;
    this.#endAsking = watchForYes(this.#card.part(".ask"), this.#card.button(".yes"), (verdict) => {
      if (verdict === "early") {
        this.#card.hint(early++ ? HIDDEN : TOO_EARLY);
        return;
      }
      this.#endAsking = null;
      this.#memory.keepAnswer("yes", Date.now());
      void this.#work();
    });
  }

  #refuse() {
    this.#memory.keepAnswer("no", Date.now());
    this.#rest("declined");
  }

  /** Shows nothing and does nothing. @param {string} status */
  #rest(status) {
    this.#pausedBy = null;
    this.#endAsking?.();
    this.#endAsking = null;
    this.#card.show("nothing");
    this.#embed.status(status);
  }

  /** A visitor's pause outlives a page that slept. */
  async #work() {
    const working = new AbortController();
    const { signal } = working;
    this.#working = working;
    this.#endAsking?.();
    this.#endAsking = null;
    this.#over = false;
    this.#card.done(this.#done);
    this.#card.show("badge");
    this.#onPhase(this.#pausedBy ? "paused" : "connecting");
    try {
      const [{ Volunteer }, giveTurnBack] = await Promise.all([
        import("./frame/volunteer.js"),
        takeTurn(signal, () => this.#awaitTurn()),
      ]);
      this.#turnAwaited = false;
      if (signal.aborted) return giveTurnBack();
      this.#volunteer = new Volunteer({
        onPhase: (phase, reason) => !signal.aborted && this.#onPhase(phase, reason),
        onJob: (job) => this.#card.job(job),
        onDone: (subJobs) => this.#onDone(subJobs),
        onProgress: (fractions) => this.#card.progress(fractions),
        onIdentity: (token) => !signal.aborted && this.#memory.keepVolunteerToken(token),
      });
      signal.addEventListener("abort", giveTurnBack);
      if (this.#pausedBy) this.#volunteer.pause();
      await this.#volunteer.start({
        token: document.querySelector("meta[name=owc-token]")?.getAttribute("content") ?? "",
        site: this.#query.get("site") ?? "",
        volunteerToken: this.#memory.volunteerToken(),
      });
    } catch (error) {
      console.warn("Open Web Compute cannot work:", error);
      if (!signal.aborted) this.#onPhase("unable");
    }
  }

  #awaitTurn() {
    this.#turnAwaited = true;
    if (!this.#pausedBy) this.#onPhase("elsewhere");
  }

  #startOver() {
    this.#leave();
    this.#pausedBy = null;
    void this.#work();
  }

  /** Ends the work at once; what was finished has already left. */
  #leave() {
    this.#working?.abort();
    this.#working = null;
    this.#volunteer?.end();
    this.#volunteer = null;
    this.#doneBefore = this.#done;
    this.#turnAwaited = false;
    this.#over = false;
  }

  /** The page came back from the browser's back/forward cache or from being frozen. */
  #return() {
    if (!this.#working && !this.#endAsking && this.#memory.answer(Date.now()) === "yes")
      void this.#work();
  }

  /** A phone freezes or ends hidden pages without a word: its work goes back in time. */
  #onVisibility() {
    if (document.visibilityState === "hidden") this.#leave();
    else this.#return();
  }

  #stop() {
    this.#leave();
    this.#memory.keepAnswer("no", Date.now());
    this.#memory.forgetVolunteer();
    this.#pausedBy = null;
    this.#card.done(this.#done);
    this.#card.show("farewell");
    this.#embed.status("stopped");
  }

  #togglePause() {
    if (this.#over) this.#startOver();
    else if (this.#pausedBy) this.#resume();
    else this.#pause("visitor");
  }

  /** @param {"visitor" | "page"} by a page cannot undo the visitor's pause */
  #pause(by) {
    this.#pausedBy = by;
    this.#onPhase("paused");
    this.#volunteer?.pause();
  }

  #resume() {
    this.#pausedBy = null;
    this.#onPhase(this.#turnAwaited ? "elsewhere" : "connecting");
    this.#volunteer?.resume();
  }

  /** @param {Phase | "elsewhere"} phase @param {string} reason */
  #onPhase(phase, reason = "") {
    this.#over = phase === "refused" || phase === "unable";
    const words = phase === "refused" && reason === "replaced" ? WORDS.elsewhere : WORDS[phase];
    const resting = phase !== "working";
    this.#card.phase(reason && reason !== "replaced" ? reason : words, {
      resting,
      paused: phase === "paused" || this.#over,
    });
    this.#embed.status(phase);
  }

  /** @param {number} subJobs done by this volunteer */
  #onDone(subJobs) {
    this.#done = this.#doneBefore + subJobs;
    this.#card.done(this.#done);
    this.#embed.progress(this.#done);
  }
}

new Frame().begin();
