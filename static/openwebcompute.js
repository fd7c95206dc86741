/*!
 * Open Web Compute, the loader: places one small frame of the hub in this page and passes its state on.
 * It asks nothing, computes nothing and stores nothing; the question and the work live in the hub's frame.
 *
 * <script src="https://HUB/openwebcompute.js" async></script>
 *   data-site    key of this site at the hub (the page's host name if absent)
 *   data-corner  bottom-right (default) | bottom-left | top-right | top-left
 *   data-inside  CSS selector of an element to place the frame in, instead of a corner
 *   data-size    normal (default) | small
 *   data-theme   auto (default) | light | dark
 *   data-lang    language of the card (that of the page around the tag if absent)
 *   data-categories  kinds of jobs that this site helps, such as "medicine biology" (all if absent)
 *   data-ask     now (default) | later: show the question only when the page calls OpenWebCompute.start()
 */
(() => {
  "use strict";
  const GAP = 16; // px between the frame and the edges of the window
  const WIDEST = 400;
  const TALLEST = 480;

  /** @typedef {{ owc: 1, type: string, width?: unknown, height?: unknown, status?: unknown, sub_jobs_done?: unknown, code?: unknown, message?: unknown }} FrameMessage */

  const FAREWELL_MS = 1_500; // that a frame has to give back what it holds, once the page has stopped it
  const SILENCE_MS = 10_000; // a frame that has loaded and says nothing for so long is not ours

  // A script of type "module" is not told which tag it came from.
  const tag = /** @type {HTMLScriptElement | null} */ (
    document.currentScript ?? document.querySelector('script[src*="/openwebcompute.js"]')
  );
  if (!tag || !tag.src || "OpenWebCompute" in window) return;
  const hub = new URL(tag.src).origin;
  const options = { ...tag.dataset };
  const events = new EventTarget();
  let status = "loading";
  let subJobsDone = 0;
  let doneBefore = 0; // in frames before this one
  /** @type {HTMLIFrameElement | undefined} */
  let frame;
  /** @type {HTMLElement | undefined} */
  let spacer;
  /** @type {string[]} what the page asked for before the frame could hear it */
  let early = [];
  let heard = false;
  /** @type {MutationObserver | undefined} */
  let watch;

  /** Ends what listens to this page. @type {AbortController | undefined} */
  let listening;
  /** @type {number | undefined} */
  let stopping;
  /** @type {number | undefined} */
  let silence;

  /** @param {string} code @param {unknown} message */
  const fail = (code, message) => {
    setStatus("unavailable");
    const detail = { code, message: String(message) };
    events.dispatchEvent(new CustomEvent("error", { detail }));
  };

  /** The page must never see an error of ours, but by an event. @param {() => void} action */
  const quietly = (action) => {
    try {
      action();
    } catch (error) {
      fail("loader", error);
    }
  };

  /** While the frame works it is told how busy this page is, and does less.
   * @type {PerformanceObserver | undefined} */
  let load;
  const watchLoad = () => {
    let busy = 0;
    let delay = 0;
    let toldAt = 0;
    load = new PerformanceObserver((list) => {
      for (const entry of list.getEntries())
        if (entry.entryType === "longtask") busy += entry.duration;
        else if ("processingStart" in entry)
          delay = Math.max(delay, Number(entry.processingStart) - entry.startTime);
      const now = performance.now();
      if (now - toldAt < 900) return;
      toldAt = now;
      frame?.contentWindow?.postMessage(
        { owc: 1, type: "load", busy_ms: busy, delay_ms: delay },
        hub,
      );
      busy = delay = 0;
    });
    for (const type of ["longtask", "event"])
      if (PerformanceObserver.supportedEntryTypes.includes(type))
        load.observe(/** @type {any} */ ({ type, durationThreshold: 40 }));
  };

  /** @param {string} now */
  function setStatus(now) {
    if (now === status) return;
    status = now;
    load?.disconnect();
    load = undefined;
    if (now === "working") quietly(watchLoad);
    events.dispatchEvent(new CustomEvent("status", { detail: { status } }));
  }

  /** @param {string} type */
  const tell = (type) =>
    quietly(() => {
      if (frame?.isConnected && heard)
        return frame.contentWindow?.postMessage({ owc: 1, type }, hub);
      early = [...early.slice(-2), type];
    });

  /** To a browser the frame begins where it is held, so that a new size is no layout shift of the page.
   * @param {CSSStyleDeclaration} style */
  const intoCorner = (style) => {
    const corner = options["corner"] || "bottom-right";
    const top = corner.startsWith("top");
    const left = corner.endsWith("left");
    style.position = "fixed";
    style.zIndex = "2147483000";
    style[top ? "top" : "bottom"] = style[left ? "left" : "right"] = `${GAP}px`;
    style.direction = top && left ? "ltr" : "rtl";
    style.writingMode = top ? "horizontal-tb" : left ? "vertical-lr" : "vertical-rl";
    style.maxWidth = `calc(100vw - ${2 * GAP}px)`;
    style.maxHeight = `calc(100dvh - ${2 * GAP}px)`;
    style.boxShadow = "0 1px 2px rgb(0 0 0 / .12), 0 10px 30px rgb(0 0 0 / .16)";
  };

  /** Room at the end of the page, so that its last lines can always be scrolled clear of the frame.
   * @param {number} height */
  const keepClear = (height) => {
    const body = document.body;
    if (frame?.style.position !== "fixed" || (options["corner"] || "").startsWith("top")) return;
    if (!/^(block|flow-root)$/.test(getComputedStyle(body).display)) return;
    if (!spacer || !spacer.isConnected) {
      spacer = document.createElement("div");
      spacer.setAttribute("aria-hidden", "true");
      body.append(spacer);
    }
    spacer.style.height = height ? `${height + 2 * GAP}px` : "0";
  };

  const language = () => {
    const around = tag.closest("[lang]") ?? document.documentElement;
    return options["lang"] || around.getAttribute("lang") || "";
  };

  function place() {
    listen();
    clearTimeout(silence);
    heard = false;
    doneBefore = subJobsDone;
    const url = new URL("/frame", hub);
    url.searchParams.set("site", options["site"] || location.hostname);
    url.searchParams.set("lang", language());
    for (const name of ["theme", "ask", "size", "categories"])
      if (options[name]) url.searchParams.set(name, options[name]);
    frame = document.createElement("iframe");
    frame.title = "Open Web Compute";
    if ("PressureObserver" in window) frame.allow = "compute-pressure"; // others warn of the word
    frame.referrerPolicy = "origin"; // the frame must know whom it stands in, whatever the page's policy
    frame.setAttribute(
      "sandbox", // links to the hub's public pages open in a tab of their own
      "allow-scripts allow-same-origin allow-popups allow-popups-to-escape-sandbox",
    );
    const style = frame.style;
    style.border = "0";
    style.borderRadius = "14px";
    style.width = "340px";
    style.height = "0"; // nothing is seen until the frame has answered with its size
    style.visibility = "hidden";
    style.colorScheme = "light dark";
    const inside = options["inside"] ? document.querySelector(options["inside"]) : null;
    if (inside) style.maxWidth = "100%";
    else intoCorner(style);
    frame.src = url.href;
    frame.onload = () => {
      clearTimeout(silence);
      if (!heard) silence = setTimeout(() => fail("silent", "The frame says nothing."), SILENCE_MS);
    };
    (inside || document.body).append(frame);
    // A page that changes by script replaces its body: the frame goes along. Taken out alone, it stays out.
    watch?.disconnect();
    watch = new MutationObserver(() => quietly(follow));
    watch.observe(document.documentElement, { childList: true });
    watch.observe(inside || document.body, { childList: true });
  }

  function follow() {
    if (!frame || frame.isConnected) return;
    if (frame.parentNode && document.body) place();
    else leave("removed");
  }

  /** @param {FrameMessage} message */
  const resize = ({ width, height }) => {
    if (!frame || typeof width !== "number" || typeof height !== "number") return;
    const shown = height > 0 && width > 0;
    frame.style.visibility = shown ? "visible" : "hidden";
    frame.style.width = `${Math.min(Math.max(width, 1), WIDEST)}px`;
    frame.style.height = `${shown ? Math.min(height, TALLEST) : 0}px`;
    keepClear(shown ? Math.min(height, TALLEST) : 0);
  };

  /** @param {MessageEvent} event */
  const hear = (event) => {
    if (!frame || event.source !== frame.contentWindow || event.origin !== hub) return;
    const message = /** @type {FrameMessage} */ (event.data);
    if (!message || message.owc !== 1) return;
    if (!heard) {
      heard = true;
      clearTimeout(silence);
      const waiting = early;
      early = [];
      waiting.forEach(tell);
    }
    if (message.type === "error") fail(String(message.code), message.message);
    if (message.type === "size") resize(message);
    if (message.type === "status" && typeof message.status === "string") setStatus(message.status);
    if (message.type === "progress" && typeof message.sub_jobs_done === "number") {
      subJobsDone = doneBefore + message.sub_jobs_done;
      events.dispatchEvent(new CustomEvent("progress", { detail: { subJobsDone } }));
    }
  };

  /** Nothing of ours is printed. @param {string} value */
  const display = (value) => {
    for (const element of [frame, spacer]) if (element) element.style.display = value;
  };

  function listen() {
    if (listening) return;
    listening = new AbortController();
    const { signal } = listening;
    addEventListener("beforeprint", () => display("none"), { signal });
    addEventListener("afterprint", () => display(""), { signal });
    addEventListener("message", (event) => quietly(() => hear(event)), { signal });
  }

  /** Leaves the page as it was before us. @param {string} now why */
  function leave(now) {
    listening?.abort();
    watch?.disconnect();
    clearTimeout(silence);
    frame?.remove();
    spacer?.remove();
    listening = frame = spacer = undefined;
    early = [];
    setStatus(now);
  }

  const start = () => {
    clearTimeout(stopping);
    stopping = 0;
    if (!frame?.isConnected && document.body) quietly(place);
    tell("start");
  };

  const stop = () => {
    tell("stop");
    clearTimeout(stopping);
    stopping = setTimeout(leave, frame && heard ? FAREWELL_MS : 0, "stopped");
  };

  Object.defineProperty(window, "OpenWebCompute", {
    value: Object.freeze({
      /** Shows the question, or takes the work up again where the visitor has already said yes. */
      start,
      pause: () => tell("pause"),
      /** Ends the work and takes everything of ours out of this page. */
      stop,
      get status() {
        return status;
      },
      get subJobsDone() {
        return subJobsDone;
      },
      /** Events: "status" ({status}), "progress" ({subJobsDone}), "error" ({code, message}).
       * @param {string} type @param {EventListener} listener */
      addEventListener: (type, listener) => events.addEventListener(type, listener),
      /** @param {string} type @param {EventListener} listener */
      removeEventListener: (type, listener) => events.removeEventListener(type, listener),
    }),
  });
  if (document.body) quietly(place);
  else document.addEventListener("DOMContentLoaded", () => stopping || frame || quietly(place), { once: true });
})();
