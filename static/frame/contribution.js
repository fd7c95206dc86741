// What this volunteer has done: parts, core time, which jobs. Pure; memory.js keeps it between visits.

/** @typedef {{ id: string, name: string, subJobs: number }} HelpedJob */

const MOST_JOBS = 20;
const WATTS_PER_CORE = { desktop: 6, mobile: 1.5 }; // of a busy core, beyond an idle device
const JOULES_PER_WH = 3600;

export class Contribution {
  subJobs = 0;
  seconds = 0;
  /** @type {HelpedJob[]} the latest first */
  jobs = [];

  /** @param {Kept | null} kept what JSON made of one, or anything else */
  constructor(kept = null) {
    if (typeof kept?.subJobs === "number") this.subJobs = kept.subJobs;
    if (typeof kept?.seconds === "number") this.seconds = kept.seconds;
    if (Array.isArray(kept?.jobs))
      this.jobs = kept.jobs
        .filter((job) => typeof job?.id === "string" && typeof job?.subJobs === "number")
        .slice(0, MOST_JOBS);
  }

  /** @param {{ id: string, name: string }} job @param {number} elapsedMs of one core */
  add({ id, name }, elapsedMs) {
    this.subJobs += 1;
    this.seconds += elapsedMs / 1000;
    const known = this.jobs.find((job) => job.id === id);
    if (known) known.subJobs += 1;
    const job = known ?? { id, name, subJobs: 1 };
    this.jobs = [job, ...this.jobs.filter((other) => other !== job)].slice(0, MOST_JOBS);
  }
}

/** @typedef {{ subJobs?: unknown, seconds?: unknown, jobs?: HelpedJob[] }} Kept */

/** @param {boolean} mobile @returns {number} assumed of one busy core */
export function wattsPerCore(mobile) {
  return mobile ? WATTS_PER_CORE.mobile : WATTS_PER_CORE.desktop;
}

/** @param {number} seconds of busy cores @param {boolean} mobile @returns {number} Wh, by that assumption */
export function wattHours(seconds, mobile) {
  return (seconds * wattsPerCore(mobile)) / JOULES_PER_WH;
}
