// Gets programs and chunks from the hub and proves that they are what their SHA-256 says.
// Responsible for fetching, checking and compiling; not for running.

/** @import { OfferedProgram, OfferedSubJob } from "../messages.js" */

const KEPT_PROGRAMS = 4;
const SILENCE_MS = 20_000; // programs with shared inputs have up to 20 MB: a slow line is given the time it needs

/** @param {BufferSource} bytes @returns {Promise<string | null>} null where the page is not secure and has no crypto */
export async function sha256(bytes) {
  if (!globalThis.crypto?.subtle) return null;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * @param {BufferSource} bytes
 * @param {string} expected
 * @param {string} what for the error's text
 */
export async function verify(bytes, expected, what) {
  const found = await sha256(bytes);
  if (found !== null && found !== expected)
    throw new Error(`the ${what} is not what its SHA-256 says`);
}

/** @param {string} url relative to the hub @returns {Promise<ArrayBuffer>} given up when nothing comes for a while */
export async function fetchBytes(url) {
  const absolute = new URL(url, location.origin);
  if (absolute.origin !== location.origin) throw new Error("the hub named a foreign address");
  const patience = new AbortController();
  const silence = () =>
    setTimeout(() => patience.abort(new Error("the hub went silent")), SILENCE_MS);
  let timer = silence();
  try {
    const response = await fetch(absolute, { credentials: "omit", signal: patience.signal });
    if (!response.ok || !response.body) throw new Error(`the hub answered ${response.status}`);
    /** @type {Uint8Array<ArrayBuffer>[]} */
    const parts = [];
    const reader = response.body.getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      clearTimeout(timer);
      timer = silence();
      parts.push(part.value);
    }
    return await new Blob(parts).arrayBuffer();
  } finally {
    clearTimeout(timer);
  }
}

/** @param {OfferedSubJob & { chunk: Uint8Array | null }} subJob @returns {Promise<ArrayBuffer>} a buffer of its own, to be handed to a worker */
export async function chunkOf(subJob) {
  let bytes;
  if (subJob.chunk && subJob.chunk.byteLength === subJob.chunk_bytes)
    bytes = subJob.chunk.slice().buffer;
  else if (subJob.chunk_url) bytes = await fetchBytes(subJob.chunk_url);
  else throw new Error("the hub offered a sub-job without its chunk");
  if (subJob.chunk_sha256) await verify(bytes, subJob.chunk_sha256, "chunk");
  return bytes;
}

export class Programs {
  /** @type {Map<string, Promise<WebAssembly.Module>>} */
  #modules = new Map();
  #onBytes;

  /** @param {(bytes: number) => void} onBytes came over the network, or out of the cache */
  constructor(onBytes = () => {}) {
    this.#onBytes = onBytes;
  }

  /** @param {OfferedProgram} program @returns {Promise<WebAssembly.Module>} */
  module(program) {
    let module = this.#modules.get(program.sha256);
    if (!module) {
      module = this.#load(program);
      this.#modules.set(program.sha256, module);
      module.catch(() => this.#modules.delete(program.sha256)); // the next sub-job tries again
      for (const oldest of this.#modules.keys())
        if (this.#modules.size > KEPT_PROGRAMS) this.#modules.delete(oldest);
    }
    return module;
  }

  /** @param {OfferedProgram} program */
  async #load(program) {
    const bytes = await fetchBytes(program.url);
    this.#onBytes(bytes.byteLength);
    await verify(bytes, program.sha256, "program");
    return WebAssembly.compile(bytes);
  }
}
