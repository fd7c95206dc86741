// The Web Worker: runs one program on one chunk at a time, in slices, and posts what comes out.
// Responsible for the program's memory, its pace and its pause; it has no network and knows no hub.
//
// Messages in:  program {sha256, module, memoryBytes} | run {subJobId, rows, chunk} | pause | resume | measure
// Messages out: ready | measured {score} | paused | progress {subJobId, rowsDone}
//               | done {subJobId, output, rowsDone, trapSite, elapsedMs} | failed {subJobId, error, elapsedMs}
//
// A program exports memory, input(bytes) -> address, step(rows) -> rows still to do (below 0: -(1 + trap site)),
// output() -> address, output_bytes(); it imports nothing. Rows done stand in the output's header.

"use strict";
(() => {
  const SLICE_MS = 50; // a pause or the next message waits at most about this long
  const FIRST_ROWS = 64;
  const MOST_ROWS = 2 ** 30;
  const FASTEST_GROWTH = 8;
  const PROGRESS_MS = 200;
  const HEADER_BYTES = 64;
  const ROWS_DONE_AT = 16; // byte offset in an output's header
  /** @type {Record<string, string>} */
  const EXPORTS = {
    memory: "memory",
    input: "function",
    step: "function",
    output: "function",
    output_bytes: "function",
  };

  /** @typedef {{ memory: WebAssembly.Memory, input(bytes: number): number, step(rows: number): number, output(): number, output_bytes(): number }} Program */
  /** @typedef {{ subJobId: string, rows: number, chunk: ArrayBuffer }} Run */
  /** @typedef {{ type: "program", sha256: string, module: WebAssembly.Module, memoryBytes: number } | ({ type: "run" } & Run) | { type: "pause" | "resume" | "measure" }} Message */

  /** @type {{ sha256: string, module: WebAssembly.Module, memoryBytes: number } | null} */
  let loaded = null;
  /** @type {Program | null} */
  let program = null;
  let rowsAtOnce = FIRST_ROWS;
  let paused = false;
  /** @type {(() => void) | null} */
  let wake = null;

  const breath = new MessageChannel();
  /** Lets waiting messages in; a timer would be slowed down in hidden tabs. */
  const breathe = () =>
    new Promise((resume) => {
      breath.port1.onmessage = resume;
      breath.port2.postMessage(null);
    });

  const whilePaused = async () => {
    while (paused) {
      postMessage({ type: "paused" });
      await new Promise((resume) => (wake = () => resume(undefined)));
    }
  };

  /** @returns {Program} a fresh instance of the loaded module, once it is known to have the right shape */
  const instantiate = () => {
    if (!loaded) throw new Error("no program was loaded");
    const { module } = loaded;
    if (WebAssembly.Module.imports(module).length) throw new Error("the program has imports");
    const kinds = new Map(WebAssembly.Module.exports(module).map(({ name, kind }) => [name, kind]));
    for (const [name, kind] of Object.entries(EXPORTS))
      if (kinds.get(name) !== kind) throw new Error(`the program exports no ${kind} "${name}"`);
    const { exports } = new WebAssembly.Instance(module);
    return /** @type {Program} */ (/** @type {unknown} */ (exports));
  };

  /** @param {Program} of @param {number} address @param {number} bytes */
  const view = (of, address, bytes) => {
    const start = address >>> 0;
    if (bytes < 0 || start + bytes > of.memory.buffer.byteLength)
      throw new Error("the program named a place outside its memory");
    return new Uint8Array(of.memory.buffer, start, bytes);
  };

  /** @param {Program} of @returns {ArrayBuffer} a copy, valid as the result of the rows done so far */
  const readOutput = (of) => {
    const address = of.output();
    const bytes = of.output_bytes();
    if (bytes < HEADER_BYTES) throw new Error("out_of_memory");
    return view(of, address, bytes).slice().buffer;
  };

  /** @param {number} elapsedMs of the slice that did `rowsAtOnce` rows */
  const adapt = (elapsedMs) => {
    const ideal = (rowsAtOnce * SLICE_MS) / Math.max(elapsedMs, 0.1);
    rowsAtOnce = Math.min(Math.max(Math.floor(ideal), 1), rowsAtOnce * FASTEST_GROWTH, MOST_ROWS);
  };

  /** @param {Run} run */
  const compute = async ({ subJobId, rows, chunk }) => {
    const of = (program ??= instantiate());
    const address = of.input(chunk.byteLength);
    if (address === 0) throw new Error("out_of_memory");
    view(of, address, chunk.byteLength).set(new Uint8Array(chunk));
    let elapsedMs = 0;
    let toldAt = performance.now();
    for (;;) {
      const startedAt = performance.now();
      const left = of.step(rowsAtOnce);
      const nowAt = performance.now();
      elapsedMs += nowAt - startedAt;
      if (loaded && of.memory.buffer.byteLength > loaded.memoryBytes)
        throw new Error("out_of_memory");
      if (left <= 0) {
        const output = readOutput(of);
        const rowsDone = new DataView(output).getUint32(ROWS_DONE_AT, true);
        const trapSite = left < 0 ? -left - 1 : null;
        postMessage({ type: "done", subJobId, output, rowsDone, trapSite, elapsedMs }, [output]);
        return;
      }
      adapt(nowAt - startedAt);
      if (nowAt - toldAt > PROGRESS_MS) {
        toldAt = nowAt;
        postMessage({ type: "progress", subJobId, rowsDone: rows - left });
      }
      await breathe();
      await whilePaused();
    }
  };

  /** @param {Run} run */
  const runAndReport = async (run) => {
    const startedAt = performance.now();
    try {
      await whilePaused();
      await compute(run);
    } catch (error) {
      program = null; // an instance that failed half-way is not used again
      const elapsedMs = performance.now() - startedAt;
      postMessage({ type: "failed", subJobId: run.subJobId, error: describe(error), elapsedMs });
    }
  };

  /** @param {unknown} error @returns {string} */
  const describe = (error) => {
    if (!(error instanceof Error)) return String(error);
    if (error.name === "RangeError" && /memory/i.test(error.message)) return "out_of_memory";
    return error.name === "Error" ? error.message : `${error.name}: ${error.message}`;
  };

  /** Millions of steps a second of a small integer loop: a rough speed of this core. */
  const measure = () => {
    let value = 1;
    let steps = 0;
    const startedAt = performance.now();
    let elapsedMs = 0;
    while (elapsedMs < 20) {
      for (let i = 0; i < 20_000; i++) value = (Math.imul(value, 1664525) + 1013904223) | 0;
      steps += 20_000;
      elapsedMs = performance.now() - startedAt;
    }
    return { type: "measured", score: Math.round(steps / elapsedMs / 10) / 100, value };
  };

  onmessage = (/** @type {MessageEvent<Message>} */ { data: message }) => {
    if (message.type === "run") void runAndReport(message);
    if (message.type === "pause") paused = true;
    if (message.type === "measure") postMessage(measure());
    if (message.type === "resume") {
      paused = false;
      wake?.();
      wake = null;
    }
    if (message.type === "program") {
      loaded = message;
      program = null;
      rowsAtOnce = FIRST_ROWS;
    }
  };
  postMessage({ type: "ready" });
})();
