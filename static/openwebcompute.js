/*!
 * Open Web Compute, the loader: places one small frame of the hub in this page and passes its state on.
 * It asks nothing, computes nothing and stores nothing; the question and the work live in the hub's frame.
 *
 * <script src="https://HUB/openwebcompute.js" async></script>
 *   data-site    key of this site at the hub (the page's host name if absent)
 *   data-corner  bottom-right (default) | bottom-left | top-right | top-left
 *   data-inside  CSS selector of an element to place the frame in, instead of a corner
 *   data-theme   auto (default) | light | dark
 *   data-ask     now (default) | later: show the question only when the page calls OpenWebCompute.start()
 */
(() => {
  "use strict";
  const GAP = 16; // px between the frame and the edges of the window
  const WIDEST = 400;
  const TALLEST = 480;

  /** @typedef {{ owc: 1, type: string, width?: unknown, height?: unknown, status?: unknown, sub_jobs_done?: unknown }} FrameMessage */

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

  /** The page must never see an error of ours. @param {() => void} action */
  const quietly = (action) => {
    try {
      action();
    } catch (error) {
      setStatus("unavailable");
      console.warn("Open Web Compute:", error);
    }
  };

  /** @param {string} now */
  function setStatus(now) {
    if (now === status) return;
    status = now;
    events.dispatchEvent(new CustomEvent("status", { detail: { status } }));
  }

  /** @param {string} type */
  const tell = (type) =>
    quietly(() => {
      if (frame?.isConnected && heard)
        return frame.contentWindow?.postMessage({ owc: 1, type }, hub);
      early = [...early.slice(-2), type];
      if (frame && !frame.isConnected) place();
    });

  /** @param {CSSStyleDeclaration} style */
  const intoCorner = (style) => {
    const corner = options["corner"] || "bottom-right";
    style.position = "fixed";
    style.zIndex = "2147483000";
    style[corner.startsWith("top") ? "top" : "bottom"] = `${GAP}px`;
    style[corner.endsWith("left") ? "left" : "right"] = `${GAP}px`;
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

  function place() {
    heard = false;
    doneBefore = subJobsDone;
    const url = new URL("/frame", hub);
    url.searchParams.set("site", options["site"] || location.hostname);
    if (options["theme"]) url.searchParams.set("theme", options["theme"]);
    if (options["ask"]) url.searchParams.set("ask", options["ask"]);
    frame = document.createElement("iframe");
    frame.title = "Open Web Compute";
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
    const placed = frame;
    placed.src = url.href;
    placed.onload = () =>
      setTimeout(() => frame === placed && !heard && setStatus("unavailable"), SILENCE_MS);
    (inside || document.body).append(placed);
    // A page that changes by script replaces its body: the frame goes along. Taken out alone, it stays out.
    watch?.disconnect();
    watch = new MutationObserver(() => quietly(follow));
    watch.observe(document.documentElement, { childList: true });
    watch.observe(inside || document.body, { childList: true });
  }

  function follow() {
    if (!frame || frame.isConnected) return;
    watch?.disconnect();
    if (frame.parentNode && document.body) place();
    else setStatus("removed");
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
      const waiting = early;
      early = [];
      waiting.forEach(tell);
    }
    if (message.type === "size") resize(message);
    if (message.type === "status" && typeof message.status === "string") setStatus(message.status);
    if (message.type === "progress" && typeof message.sub_jobs_done === "number") {
      subJobsDone = doneBefore + message.sub_jobs_done;
      events.dispatchEvent(new CustomEvent("progress", { detail: { subJobsDone } }));
    }
  };

  Object.defineProperty(window, "OpenWebCompute", {
    value: Object.freeze({
      /** Shows the question, or takes the work up again where the visitor has already said yes. */
      start: () => tell("start"),
      pause: () => tell("pause"),
      stop: () => tell("stop"),
      get status() {
        return status;
      },
      get subJobsDone() {
        return subJobsDone;
      },
      /** Events: "status" ({status}), "progress" ({subJobsDone}).
       * @param {string} type @param {EventListener} listener */
      addEventListener: (type, listener) => events.addEventListener(type, listener),
      /** @param {string} type @param {EventListener} listener */
      removeEventListener: (type, listener) => events.removeEventListener(type, listener),
    }),
  });
  /** Nothing of ours is printed. @param {string} value */
  const display = (value) => {
    for (const element of [frame, spacer]) if (element) element.style.display = value;
  };
  addEventListener("beforeprint", () => display("none"));
  addEventListener("afterprint", () => display(""));
  addEventListener("message", (event) => quietly(() => hear(event)));
  if (document.body) quietly(place);
  else document.addEventListener("DOMContentLoaded", () => quietly(place), { once: true });
})();
