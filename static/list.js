// The list of jobs, live: numbers change in place, a new job or a new state brings a new rendering.

import { WatchEvent } from "./protocol.js";
import { follow, refreshRegions, seldom, showTimes, writeNumbers } from "./pages/live.js";

const refresh = seldom(refreshRegions);

/** @param {import("./messages.js").JobChanged} job */
function onChange(job) {
  const row = document.querySelector(`[data-job="${CSS.escape(job.id)}"]`);
  if (row) writeNumbers(row, job);
  const isNewest = !new URLSearchParams(location.search).has("before");
  if (row ? row.getAttribute("data-state") !== job.state : isNewest) refresh();
}

follow(WatchEvent.WATCH_JOBS, {}, onChange, refresh);
showTimes();
setInterval(showTimes, 60_000);
