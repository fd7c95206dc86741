// What this browser can give, asked only after a yes. Coarse on purpose: it serves to match work, not to know anyone.
// What an engine does not have is said too (`lacks`): the client then does without.

import { simd } from "./features.js";
import { isMobile } from "./mobile.js";

/** @import { Capabilities } from "../messages.js" */

/** @typedef {{ type?: string, effectiveType?: string }} Connection */
/** @typedef {{ vendor?: string, architecture?: string }} Adapter */
/**
 * @typedef {object} Extras what some engines add to a navigator
 * @property {number} [deviceMemory]
 * @property {Connection} [connection]
 * @property {unknown} [getBattery]
 * @property {{ requestAdapter(options: object): Promise<{ info?: Adapter } | null> }} [gpu]
 */

const GIB = 2 ** 30;
const ADAPTER_MS = 1000; // a driver that takes longer is not waited for

/** How many workers to use: all cores but one, which stays with the page. */
export function poolSize() {
  return Math.max(1, (navigator.hardwareConcurrency || 2) - 1);
}

const extras = () => /** @type {Extras} */ (navigator);

/** The engine's family, and the first number of the browser's version. @param {string} agent */
export function engineOf(agent) {
  const version = (/** @type {string} */ name) =>
    new RegExp(`${name}/(\\d{1,4})`).exec(agent)?.[1] ?? "";
  if (agent.includes("Firefox/")) return { engine: "gecko", engine_version: version("Firefox") };
  if (agent.includes("Chrome/")) return { engine: "blink", engine_version: version("Chrome") };
  if (agent.includes("AppleWebKit/"))
    return { engine: "webkit", engine_version: version("Version") };
  return { engine: "other", engine_version: "" };
}

/** "vendor/architecture" of a GPU, null without one. @param {Adapter | undefined} info @returns {string | null} */
export function gpuOf(info) {
  const word = (/** @type {string | undefined} */ text) =>
    (text ?? "").toLowerCase().replace(/[^a-z0-9_.-]+/g, "-").slice(0, 30);
  return info?.vendor ? `${word(info.vendor)}/${word(info.architecture)}` : null;
}

/** @returns {Promise<Adapter | null>} what WebGPU says of its adapter; null without WebGPU or without one */
async function adapter() {
  const late = new Promise((resolve) => setTimeout(() => resolve(null), ADAPTER_MS));
  try {
    const found = await Promise.race([
      extras().gpu?.requestAdapter({ powerPreference: "low-power" }) ?? null,
      late,
    ]);
    return found ? (found.info ?? {}) : null;
  } catch {
    return null;
  }
}

/** @param {boolean} hasGpu @returns {string[]} what the client would use and this browser does not offer */
function lacking(hasGpu) {
  /** @type {Record<string, unknown>} */
  const offered = {
    battery: extras().getBattery,
    compute_pressure: "PressureObserver" in globalThis,
    connection: extras().connection,
    crypto: globalThis.crypto?.subtle,
    device_memory: extras().deviceMemory,
    locks: navigator.locks,
    storage: hasStorage(),
    user_activation: navigator.userActivation,
    visibility_tracking: "isVisible" in IntersectionObserverEntry.prototype,
    wake_lock: "wakeLock" in navigator,
    webgpu: hasGpu,
  };
  return Object.keys(offered).filter((name) => !offered[name]);
}

function hasStorage() {
  try {
    return Boolean(window.localStorage);
  } catch {
    return false;
  }
}

/**
 * @param {number} score speed of one core, measured by a worker
 * @param {string[] | null} categories kinds of jobs that the visitor helps; null: all
 * @returns {Promise<Capabilities>}
 */
export async function capabilities(score, categories) {
  const { connection, deviceMemory } = extras();
  const gpu = await adapter();
  const kind = connection?.type === "unknown" ? undefined : connection?.type;
  return {
    cores: poolSize(),
    memory_bytes: (deviceMemory ?? 2) * GIB,
    features: WebAssembly.validate(simd) ? ["simd128"] : [],
    mobile: isMobile(),
    score,
    ...engineOf(navigator.userAgent),
    lacks: lacking(gpu !== null),
    gpu: gpu && gpuOf(gpu),
    connection: kind ?? connection?.effectiveType ?? null,
    categories,
  };
}
