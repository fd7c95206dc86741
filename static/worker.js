// The Web Worker: runs one program on one chunk at a time, in slices, and posts what comes out.
// Responsible for the program's memory, its pace and its pause; it has no network and knows no hub.
//
// Messages in:  program {sha256, module, memoryBytes} | run {subJobId, rows, chunk, checkpoint: {bytes, everyMs}}
//               | pause | resume | measure {module, chunk} | duty {duty: the part of the time that may be spent}
// Messages out: ready | measured {score} | paused | progress {subJobId, rowsDone}
//               | pace {pace: speed of this core as a part of its best, lateMs: by how much it woke up too late}
//               | checkpoint {subJobId, output, rowsDone, elapsedMs}
//               | done {subJobId, output, rowsDone, trapSite, elapsedMs} | failed {subJobId, error, elapsedMs}
//
// A program exports memory, input(bytes) -> address, step(rows) -> rows still to do (below 0: -(1 + trap site)),
// output() -> address, output_bytes(); it imports nothing. Rows done stand in the output's header.

"use strict";
(() => {
  const MOST_REST_MS = 2000;
  const SLICE_MS = 50; // a pause or the next message waits at most about this long
  const FIRST_ROWS = 64;
  const MOST_ROWS = 2 ** 30;
  const FASTEST_GROWTH = 8;
  const PROGRESS_MS = 200;
  const CHECKPOINT_MS = 1000; // of work in a sub-job before its first
  const CHECKPOINT_COST = 0.05; // the part of the work that making them may take
  const MEASURE_MS = 400;
  const WARM_MS = 200; // until the engine has optimised a program
  const MEASURE_SLICE_MS = 16; // clocks of browsers tick in milliseconds
  const PACE_MS = 1000; // between two looks at the speed of this core
  const PACE_STEPS = 1_000_000; // of a look, about a millisecond
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
  /** @typedef {{ subJobId: string, rows: number, chunk: ArrayBuffer, checkpoint: { bytes: number, everyMs: number } }} Run */
  /** @typedef {{ module: WebAssembly.Module, chunk: ArrayBuffer }} Benchmark */
  /** @typedef {{ type: "program", sha256: string, module: WebAssembly.Module, memoryBytes: number } | ({ type: "run" } & Run) | ({ type: "measure" } & Benchmark) | { type: "pause" | "resume" } | { type: "duty", duty: number }} Message */

  /** @type {{ sha256: string, module: WebAssembly.Module, memoryBytes: number } | null} */
  let loaded = null;
  /** @type {Program | null} */
  let program = null;
  let rowsAtOnce = FIRST_ROWS;
  let paused = false;
  let duty = 1;
  let bestMs = Infinity; // of a look at the speed
  let lookedAt = 0;
  let lateMs = 0;
  let restUntil = 0;
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

  /** After a slice the core is left to others, as the duty says, also between two sub-jobs. @param {number} busyMs @param {number} nowAt */
  const owe = (busyMs, nowAt) => {
    restUntil = nowAt + Math.min((busyMs * (1 - duty)) / duty, MOST_REST_MS);
  };

  const rest = async () => {
    const until = restUntil;
    const restMs = until - performance.now();
    if (restMs <= 0) return;
    await new Promise((resume) => {
      wake = () => resume(undefined);
      setTimeout(wake, restMs);
    });
    lateMs = Math.max(performance.now() - until, 0);
  };

  /** @param {WebAssembly.Module} module @returns {Program} a fresh instance, once it is known to have the right shape */
  const instantiate = (module) => {
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

  /** @param {Program} of @param {ArrayBuffer} chunk */
  const giveInput = (of, chunk) => {
    const address = of.input(chunk.byteLength);
    if (address === 0) throw new Error("out_of_memory");
    view(of, address, chunk.byteLength).set(new Uint8Array(chunk));
  };

  /** @param {Program} of @returns {Uint8Array} in its memory: the valid result of the rows done so far */
  const makeOutput = (of) => {
    const address = of.output();
    const bytes = of.output_bytes();
    if (bytes < HEADER_BYTES) throw new Error("out_of_memory");
    return view(of, address, bytes);
  };

  /** Posts a copy of an output. @param {Uint8Array} made @param {object} message the rest of it */
  const postOutput = (made, message) => {
    const output = made.slice().buffer;
    const rowsDone = new DataView(output).getUint32(ROWS_DONE_AT, true);
    postMessage({ ...message, output, rowsDone }, [output]);
  };

  /**
   * Posts the output so far, if it is small and there is room in memory to make one.
   * @param {Program} of @param {Run} run @param {number} elapsedMs
   * @returns {number} elapsedMs of the next one; an output that is too large ends them, for outputs grow
   */
  const postCheckpoint = (of, { subJobId, checkpoint: { bytes, everyMs } }, elapsedMs) => {
    if (!loaded || of.memory.buffer.byteLength * 2 > loaded.memoryBytes) return Infinity;
    const startedAt = performance.now();
    const made = makeOutput(of);
    if (made.byteLength > bytes) return Infinity;
    postOutput(made, { type: "checkpoint", subJobId, elapsedMs });
    return elapsedMs + Math.max(everyMs, (performance.now() - startedAt) / CHECKPOINT_COST);
  };

  /** @param {number} elapsedMs of the slice that did `rowsAtOnce` rows */
  const adapt = (elapsedMs) => {
    const ideal = (rowsAtOnce * SLICE_MS) / Math.max(elapsedMs, 0.1);
    rowsAtOnce = Math.min(Math.max(Math.floor(ideal), 1), rowsAtOnce * FASTEST_GROWTH, MOST_ROWS);
  };

  /** @param {Run} run */
  const compute = async (run) => {
    const { subJobId, rows, chunk } = run;
    if (!loaded) throw new Error("no program was loaded");
    const of = (program ??= instantiate(loaded.module));
    giveInput(of, chunk);
    let elapsedMs = 0;
    let toldAt = performance.now();
    let checkpointMs = run.checkpoint.bytes ? CHECKPOINT_MS : Infinity;
    for (;;) {
      const startedAt = performance.now();
      const left = of.step(rowsAtOnce);
      const nowAt = performance.now();
      elapsedMs += nowAt - startedAt;
      owe(nowAt - startedAt, nowAt);
      if (loaded && of.memory.buffer.byteLength > loaded.memoryBytes)
        throw new Error("out_of_memory");
      if (left <= 0) {
        const trapSite = left < 0 ? -left - 1 : null;
        return postOutput(makeOutput(of), { type: "done", subJobId, trapSite, elapsedMs });
      }
      adapt(nowAt - startedAt);
      if (nowAt - toldAt > PROGRESS_MS) {
        toldAt = nowAt;
        postMessage({ type: "progress", subJobId, rowsDone: rows - left });
      }
      if (elapsedMs >= checkpointMs) checkpointMs = postCheckpoint(of, run, elapsedMs);
      if (nowAt - lookedAt > PACE_MS) look(nowAt);
      await breathe();
      await rest();
      await whilePaused();
    }
  };

  /** @param {Run} run */
  const runAndReport = async (run) => {
    const startedAt = performance.now();
    try {
      await rest();
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

  /**
   * Rows of the benchmark that this core does in a millisecond, once the engine has warmed up; the best slices count,
   * since a core that something else uses too is as fast as one that is free.
   * @param {Benchmark} benchmark @returns {Promise<number>} 0 if it cannot be run
   */
  const measure = async ({ module, chunk }) => {
    try {
      const of = instantiate(module);
      giveInput(of, chunk);
      const paces = [];
      let rows = FIRST_ROWS;
      const begunAt = performance.now();
      for (let left = 1; left > 0; ) {
        const startedAt = performance.now();
        left = of.step(rows);
        const nowAt = performance.now();
        const tookMs = nowAt - startedAt;
        if (nowAt - begunAt > WARM_MS && tookMs > 0) paces.push(rows / tookMs);
        if (nowAt - begunAt > MEASURE_MS) break;
        rows = Math.ceil(Math.min((rows * MEASURE_SLICE_MS) / Math.max(tookMs, 1), rows * FASTEST_GROWTH));
        await breathe();
      }
      paces.sort((one, other) => other - one);
      return Math.round(paces[paces.length >> 2] ?? 0);
    } catch {
      return 0;
    }
  };

  let value = 1;
  /** A small integer loop, whose outcome is of no use. @param {number} steps */
  const spin = (steps) => {
    for (let i = 0; i < steps; i++) value = (Math.imul(value, 1664525) + 1013904223) | 0;
  };

  /** How fast this core is now: a hot one is slowed down, a contended one is shared. @param {number} nowAt */
  const look = (nowAt) => {
    lookedAt = nowAt;
    const startedAt = performance.now();
    spin(PACE_STEPS);
    const elapsedMs = Math.max(performance.now() - startedAt, 0.1);
    bestMs = Math.min(bestMs, elapsedMs);
    postMessage({ type: "pace", pace: bestMs / elapsedMs, lateMs });
  };

  onmessage = (/** @type {MessageEvent<Message>} */ { data: message }) => {
    if (message.type === "run") void runAndReport(message);
    if (message.type === "duty") duty = message.duty;
    if (message.type === "pause") {
      paused = true;
      wake?.(); // from a rest between slices
    }
    if (message.type === "measure")
      void measure(message).then((score) => postMessage({ type: "measured", score }));
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
