// What the swarm measures: lists of milliseconds by name, and counters. Times are of the monotonic
// clock that Python's time.monotonic() reads too, so that the driver can compare them with its own.

import { monitorEventLoopDelay } from "node:perf_hooks";

const MOST_KEPT = 1_000_000;

/** Milliseconds of the machine's monotonic clock. */
export function clock() {
  return Number(process.hrtime.bigint()) / 1e6;
}

export class Measures {
  #loop = monitorEventLoopDelay({ resolution: 1 });
  #lists = new Map();
  #counts = new Map();

  record(name, value) {
    let list = this.#lists.get(name);
    if (!list) this.#lists.set(name, (list = []));
    if (list.length < MOST_KEPT) list.push(value);
  }

  constructor() {
    this.#loop.enable();
  }

  count(name, by = 1) {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + by);
  }

  counted(name) {
    return this.#counts.get(name) ?? 0;
  }

  listed(name) {
    return this.#lists.get(name)?.length ?? 0;
  }

  forget() {
    this.#lists.clear();
    this.#counts.clear();
    this.#loop.reset();
  }

  /** Everything so far: the counters, of each list its percentiles, and how late the swarm itself is. */
  summary() {
    const lists = {};
    for (const [name, values] of this.#lists) lists[name] = percentiles(values);
    const late = (share) => Math.max(0, this.#loop.percentile(share) / 1e6 - 1);
    const swarm = { late_p50_ms: late(50), late_p99_ms: late(99) };
    return { counts: Object.fromEntries(this.#counts), lists, swarm };
  }
}

function percentiles(values) {
  const sorted = Float64Array.from(values).sort();
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];
  return {
    count: sorted.length,
    min: sorted[0],
    p50: at(0.5),
    p90: at(0.9),
    p99: at(0.99),
    max: sorted[sorted.length - 1],
  };
}
