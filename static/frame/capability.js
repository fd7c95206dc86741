// What this browser can give, asked only after a yes. Coarse on purpose: it serves to match work, not to know anyone.

import { simd } from "./features.js";

/** @typedef {import("../messages.js").Capabilities} Capabilities */

const GIB = 2 ** 30;

/** How many workers to use: all cores but one, which stays with the page. */
export function poolSize() {
  return Math.max(1, (navigator.hardwareConcurrency || 2) - 1);
}

export function isMobile() {
  const data = /** @type {{ userAgentData?: { mobile?: boolean } }} */ (navigator).userAgentData;
  return data?.mobile ?? /Mobi|Android|iPhone|iPad/.test(navigator.userAgent);
}

/** @returns {string} the engine's family, without a version */
export function engine() {
  const agent = navigator.userAgent;
  if (agent.includes("Firefox/")) return "gecko";
  if (agent.includes("Chrome/")) return "blink";
  return agent.includes("AppleWebKit/") ? "webkit" : "other";
}

/**
 * @param {number} score speed of one core, measured by a worker
 * @returns {Capabilities}
 */
export function capabilities(score) {
  const deviceGib = /** @type {{ deviceMemory?: number }} */ (navigator).deviceMemory ?? 2;
  return {
    cores: poolSize(),
    memory_bytes: deviceGib * GIB,
    features: WebAssembly.validate(simd) ? ["simd128"] : [],
    mobile: isMobile(),
    score,
    engine: engine(),
  };
}
