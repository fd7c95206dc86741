// The frame of the hub in another site's page: asks the visitor, and after a yes lets the volunteer work.
// Responsible for the order of question, work, pause and farewell. Nothing of the work is even loaded before a yes.

import { Card } from "./frame/card.js";
import { askInWindow } from "./frame/confirm.js";
import { watchForYes } from "./frame/consent.js";
import { Embed, embeddingOrigin } from "./frame/embed.js";
import { Memory, siteStorage } from "./frame/memory.js";
import { isMobile } from "./frame/mobile.js";
import { readTold } from "./frame/told.js";

/** @import { Panel } from "./frame/panel.js" */
/** @import { Renewal } from "./frame/renewal.js" */
/** @import { Shift } from "./frame/shift.js" */
/** @import { Phase } from "./frame/types.js" */

const CAPABLE = typeof WebAssembly === "object" && typeof Worker === "function";

class Frame {
  #query = new URLSearchParams(location.search);
  #told = readTold(document);
  #words = this.#told.words;
  #memory = new Memory(embeddingOrigin(), siteStorage());
  #embed = new Embed(
    (wish) => this.#onWish(wish),
    (load) => this.#shift?.bear(load),
  );
  #card = new Card(document, this.#words, (width, height) => this.#embed.size(width, height));
  /** @type {Shift | null} */
  #shift = null;
  /** @type {Panel | null} */
  #panel = null;
  /** @type {AbortController | null} ends the work, or the wait for our turn */
  #working = null;
  /** @type {"visitor" | "page" | null} */
  #pausedBy = null;
  /** @type {(() => void) | null} */
  #endAsking = null;
  #done = 0; // since the frame was opened
  /** @type {number | undefined} a timer; the frame will load itself anew */
  #renewing;
  /** @type {Phase} */
  #phase = "connecting";
  #over = false; // the work has ended by itself and can only be begun anew

  begin() {
    if (window.top === window.self) {
      this.#card.show("alone");
      return;
    }
    this.#card.button(".no").addEventListener("click", () => this.#refuse());
    this.#card.button(".settings").addEventListener("click", () => void this.#openPanel());
    this.#card.button(".pause").addEventListener("click", () => this.#togglePause());
    this.#card.button(".stop").addEventListener("click", () => this.#stop());
    this.#card.button(".again").addEventListener("click", () => this.#ask());
    this.#card.button(".close").addEventListener("click", () => this.#card.show("nothing"));
    addEventListener("pagehide", () => this.#leave(true));
    document.addEventListener("freeze", () => this.#leave(true));
    document.addEventListener("resume", () => this.#return());
    document.addEventListener("visibilitychange", () => this.#onVisibility());
    addEventListener("online", () => this.#shift?.wake());
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
        this.#card.hint((early++ ? this.#words["covered"] : this.#words["early"]) ?? "");
        return;
      }
      this.#endAsking = null;
      if (this.#told.confirm) this.#confirm();
      else this.#accept();
    });
  }

  #accept() {
    this.#memory.keepAnswer("yes", Date.now());
    void this.#work();
  }

  /** The operator wants the yes once more, in a window of the hub's own; meanwhile the question stands. */
  #confirm() {
    this.#ask();
    const endWindow = askInWindow({
      site: embeddingOrigin() || (this.#query.get("site") ?? ""),
      onConfirmed: () => this.#accept(),
    });
    const endAsking = this.#endAsking;
    this.#endAsking = () => {
      endAsking?.();
      endWindow?.();
    };
    this.#card.hint(this.#words[endWindow ? "window" : "blocked"] ?? "");
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
      const [{ Shift }, { defaultChoices }, { renewal }] = await Promise.all([
        import("./frame/shift.js"),
        import("./frame/choices.js"),
        import("./frame/renewal.js"),
      ]);
      if (signal.aborted) return;
      const doneBefore = renewal.takeDone();
      if (doneBefore) this.#onDone(doneBefore);
      const shift = new Shift({
        memory: this.#memory,
        site: this.#query.get("site") ?? "",
        siteCategories: this.#told.categories ?? [],
        defaults: defaultChoices({ dataMb: this.#told.data_mb, mobile: isMobile() }),
        listener: {
          onPhase: (phase, reason) => !signal.aborted && this.#onPhase(phase, reason),
          onJob: (job) => this.#card.job(job),
          onDone: (subJobs) => this.#onDone(subJobs),
          onProgress: (fractions) => this.#card.progress(fractions),
          onStanding: () => this.#panel?.refresh(shift),
          mayReload: () => renewal.isDue && this.#memory.answer(Date.now()) === "yes",
          onOutdated: () => !signal.aborted && this.#renew(renewal, signal),
        },
      });
      this.#shift = shift;
      const token = document.querySelector("meta[name=owc-token]")?.getAttribute("content") ?? "";
      await shift.begin(token, this.#pausedBy !== null);
    } catch (error) {
      if (signal.aborted) return;
      console.warn("Open Web Compute cannot work:", error);
      this.#onPhase("unable");
    }
  }

  /** Loads the hub's newer client in a while; it goes on as this one did. @param {Renewal} renewal @param {AbortSignal} signal */
  #renew(renewal, signal) {
    this.#renewing ??= setTimeout(() => {
      this.#renewing = undefined;
      if (signal.aborted || this.#pausedBy) return;
      if (renewal.isDue && renewal.begin(this.#done)) location.reload();
    }, renewal.waitMs);
  }

  #startOver() {
    this.#leave();
    this.#pausedBy = null;
    void this.#work();
  }

  /** Ends the work at once; what was finished has left or leaves now. @param {boolean} gone the page may be gone */
  #leave(gone = false) {
    this.#working?.abort();
    this.#working = null;
    this.#shift?.end(gone);
    this.#shift = null;
    this.#panel?.close();
    this.#over = false;
  }

  /** The page came back from the browser's back/forward cache, from being frozen or hidden. */
  #return() {
    if (!this.#working && !this.#endAsking && this.#memory.answer(Date.now()) === "yes")
      void this.#work();
  }

  /** A phone freezes or ends hidden pages without a word: its work goes back in time. */
  #onVisibility() {
    if (document.visibilityState === "visible") this.#return();
    else if (this.#shift && !this.#shift.choices.hidden) {
      this.#leave(true);
      this.#onPhase("resting", "hidden");
    } else this.#shift?.sendRest();
  }

  #stop() {
    this.#leave();
    this.#memory.keepAnswer("no", Date.now());
    this.#memory.forgetVolunteer();
    this.#sayFarewell();
  }

  #forget() {
    this.#shift?.forget();
    this.#stop();
  }

  #sayFarewell() {
    this.#pausedBy = null;
    this.#card.done(this.#done);
    this.#card.show("farewell");
    this.#embed.status("stopped");
  }

  async #openPanel() {
    try {
      const { Panel } = await import("./frame/panel.js");
      this.#panel ??= await Panel.load(this.#card, {
        onChoices: (choices) => this.#shift?.choose(choices),
        onBack: () => this.#working && this.#card.show("badge"),
        onForget: () => this.#forget(),
      });
      if (this.#shift) this.#panel.open(this.#shift);
    } catch (error) {
      console.warn("Open Web Compute cannot show its panel:", error);
      this.#card.phase(this.#words["unreachable"] ?? "", this.#look());
    }
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
    this.#shift?.hold(true);
  }

  #resume() {
    this.#pausedBy = null;
    this.#onPhase(this.#shift?.awaitsTurn ? "elsewhere" : "connecting");
    this.#shift?.hold(false);
  }

  /** @param {Phase} phase @param {string} reason */
  #onPhase(phase, reason = "") {
    this.#phase = phase;
    this.#over = phase === "refused" || phase === "unable";
    const key = phase === "refused" && reason === "replaced" ? "elsewhere" : reason || phase;
    this.#card.phase(this.#words[key] ?? reason, this.#look());
    this.#embed.status(phase);
  }

  #look() {
    return { resting: this.#phase !== "working", paused: this.#pausedBy !== null || this.#over };
  }

  /** @param {number} subJobs more than before */
  #onDone(subJobs) {
    this.#done += subJobs;
    this.#card.done(this.#done);
    this.#embed.progress(this.#done);
    if (this.#shift) this.#panel?.refresh(this.#shift);
  }
}

new Frame().begin();
