// Keeps a public page true while it is open. Responsible for following the hub's events and refreshing what the
// server rendered; the server stays the only one that renders, so a page looks the same with and without scripts.

import { WATCH_NAMESPACE, WatchEvent } from "../protocol.js";
import { io } from "../vendor/socket.io/socket.io.esm.min.js";

/** @import { JobChanged } from "../messages.js" */

const REFRESH_MS = 1_500; // at most one new rendering in this time

/** What the server last rendered for each live region, before any number or time was written into it.
 * @type {Map<string, string>} */
const rendered = new Map();
for (const region of document.querySelectorAll("[data-live]"))
  rendered.set(region.getAttribute("data-live") ?? "", region.innerHTML);

/**
 * @param {string} event watch_jobs or watch_job
 * @param {object} message
 * @param {(job: JobChanged) => void} onChange
 * @param {() => void} onReturn the connection is back after a gap, in which anything may have happened
 */
export function follow(event, message, onChange, onReturn) {
  const socket = io(location.origin + WATCH_NAMESPACE, { transports: ["websocket"] });
  const badge = document.querySelector(".live");
  /** @param {boolean} on */
  const tell = (on) => {
    badge?.setAttribute("data-live-state", on ? "on" : "off");
    if (badge) badge.textContent = on ? "Live" : "Reconnecting";
  };
  let connections = 0;
  socket.on("connect", () => {
    tell(true);
    socket.emit(event, message);
    if (connections++) onReturn();
  });
  socket.on("disconnect", () => tell(false));
  socket.on(WatchEvent.JOB_CHANGED, onChange);
}

/**
 * Writes a job's numbers into the elements that carry them.
 * @param {Element} root
 * @param {JobChanged} job
 */
export function writeNumbers(root, job) {
  /** @param {string} field @param {string} text */
  const write = (field, text) => {
    const element = root.querySelector(`[data-field="${field}"]`);
    if (element && element.textContent !== text) element.textContent = text;
  };
  write("rows_settled", job.rows_settled.toLocaleString("en"));
  write("sub_jobs_settled", job.sub_jobs_settled.toLocaleString("en"));
  write("volunteers_at_work", job.volunteers_at_work.toLocaleString("en"));
  if (!job.rows_total) return;
  const done = job.rows_settled + job.rows_skipped;
  write("percent", `${Math.floor((100 * done) / job.rows_total)} %`);
  const progress = root.querySelector("progress");
  if (progress) {
    progress.max = job.rows_total;
    progress.value = done;
  }
}

/** Calls `refresh` soon, however often it is asked. @param {() => Promise<void>} refresh @returns {() => void} */
export function seldom(refresh) {
  let due = false;
  let running = false;
  const run = async () => {
    running = true;
    due = false;
    try {
      await refresh();
    } catch {
      // the hub is not there; when it is back, its first word brings a refresh
    } finally {
      setTimeout(() => {
        running = false;
        if (due) void run();
      }, REFRESH_MS);
    }
  };
  return () => {
    due = true;
    if (!running) void run();
  };
}

/**
 * Remembers where a reader is in a region: the link or table that has the focus, how far tables are scrolled.
 * @param {Element} region
 * @returns {() => void} gives it back to what stands there now
 */
function keepPlace(region) {
  /** @param {Element} element */
  const nameOf = (element) => element.getAttribute("href") ?? element.getAttribute("aria-label");
  const focused = document.activeElement;
  const focusedName = focused && region.contains(focused) ? nameOf(focused) : null;
  const tables = new Map(
    [...region.querySelectorAll(".scroll")].map((table) => [
      nameOf(table),
      { left: table.scrollLeft, top: table.scrollTop },
    ]),
  );
  return () => {
    for (const table of region.querySelectorAll(".scroll")) table.scrollTo(tables.get(nameOf(table)) ?? {});
    for (const element of focusedName ? region.querySelectorAll("a, [tabindex]") : [])
      if (element instanceof HTMLElement && nameOf(element) === focusedName)
        return element.focus({ preventScroll: true });
  };
}

/** Takes the live regions from a new rendering of this page. A job that is gone shows as the hub says it. */
export async function refreshRegions() {
  const response = await fetch(location.href, { headers: { accept: "text/html" } });
  if (response.status === 404 || response.status === 410) location.reload();
  if (!response.ok) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const region of document.querySelectorAll("[data-live]")) {
    const name = region.getAttribute("data-live") ?? "";
    const fresh = page.querySelector(`[data-live="${name}"]`);
    if (!fresh || fresh.innerHTML === rendered.get(name)) continue;
    rendered.set(name, fresh.innerHTML);
    const giveBack = keepPlace(region);
    region.replaceChildren(...document.adoptNode(fresh).childNodes);
    giveBack();
  }
  const state = page.querySelector("article")?.getAttribute("data-state");
  if (state) document.querySelector("article")?.setAttribute("data-state", state);
  showTimes();
}

/** Writes times the way people speak of them; the exact time stays in the title. */
export function showTimes() {
  const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  /** @type {[Intl.RelativeTimeFormatUnit, number][]} */
  const units = [
    ["day", 86_400],
    ["hour", 3_600],
    ["minute", 60],
  ];
  for (const element of document.querySelectorAll("time")) {
    const ahead = (Date.parse(element.dateTime) - Date.now()) / 1000;
    const seconds = element.hasAttribute("data-ahead") ? ahead : Math.min(ahead, 0); // clocks differ
    const unit = units.find(([, size]) => Math.abs(seconds) >= size);
    element.title ||= element.textContent ?? "";
    element.textContent = unit ? words.format(Math.round(seconds / unit[1]), unit[0]) : seconds > 0 ? "within a minute" : "just now";
  }
}
