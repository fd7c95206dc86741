// The speed of one core, measured after a yes by the hub's own benchmark, which takes less than half a second.
// Responsible for fetching the benchmark and for not measuring anew at every visit; a worker runs it.

import { SCORE, siteStorage } from "./memory.js";
import { fetchBytes } from "./programs.js";
import { clientBuild } from "./renewal.js";

/** @import { Benchmark } from "./types.js" */

const LASTS_MS = 7 * 24 * 3600 * 1000;

/**
 * @param {(benchmark: Benchmark) => Promise<number>} measure
 * @returns {Promise<number>} rows of the benchmark in a millisecond; 0 if it cannot be measured
 */
export async function scoreOf(measure) {
  const storage = siteStorage();
  const of = clientBuild(document); // another version may have another benchmark
  const kept = keptScore(storage, of, Date.now());
  if (kept) return kept;
  try {
    const [wasm, chunk] = await Promise.all([
      fetchBytes("/static/benchmark.wasm"),
      fetchBytes("/static/benchmark.chunk"),
    ]);
    const score = await measure({ module: await WebAssembly.compile(wasm), chunk });
    if (score) storage?.setItem(SCORE, JSON.stringify({ score, of, at: Date.now() }));
    return score;
  } catch {
    return 0;
  }
}

/**
 * @param {Storage | null} storage
 * @param {string | null} of
 * @param {number} nowMs
 * @returns {number} 0 if there is none
 */
export function keptScore(storage, of, nowMs) {
  try {
    const { score, of: keptOf, at } = JSON.parse(storage?.getItem(SCORE) ?? "{}");
    return score > 0 && keptOf === of && nowMs - at < LASTS_MS && nowMs >= at ? score : 0;
  } catch {
    return 0;
  }
}
