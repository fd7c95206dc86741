// One job's page, live: numbers change in place at once, everything else is rendered anew a little later.

import { WatchEvent } from "./protocol.js";
import { follow, refreshRegions, seldom, showTimes, writeNumbers } from "./pages/live.js";

const LOOK_MS = 20_000; // who is connected changes without a word about the job, and with it who can run it

const article = document.querySelector("article[data-job]");
const jobId = article?.getAttribute("data-job");

if (article && jobId) {
  const refresh = seldom(refreshRegions);
  /** @param {import("./messages.js").JobChanged} job */
  const onChange = (job) => {
    if (job.id !== jobId) return;
    writeNumbers(article, job);
    refresh();
  };
  follow(WatchEvent.WATCH_JOB, { job_id: jobId }, onChange, refresh);
  setInterval(() => {
    const state = article.getAttribute("data-state");
    if ((state === "compiled" || state === "running") && !document.hidden) refresh();
  }, LOOK_MS);
}
showTimes();
setInterval(showTimes, 60_000);
