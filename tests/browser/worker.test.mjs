// static/worker.js run as it is, against small hand-written programs. Run by `node --test`.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import vm from "node:vm";

const SOURCE = await readFile(new URL("../../static/worker.js", import.meta.url), "utf8");

// Counts rows. The chunk's byte 60 chooses its end: 1 traps at site 7 after five rows, 2 runs into unreachable,
// 3 names an output outside its memory, 4 grows its memory, 5 has no room for its output. Refuses chunks over 4 KB.
const COUNTER = `
AGFzbQEAAAABCgJgAX8Bf2AAAX8DBQQAAAEBBQQBAQEEBgsCfwFBfwt/AUEACwcxBQZtZW1vcnkCAAVpbnB1dAAABHN0ZXAAAQZvdXRwdXQAAg
xvdXRwdXRfYnl0ZXMAAwqkAQQWAEF/JABBACQBQQBBgAggAEGAIEsbC10BAX8jAEF/RgRAQYwIKAIAJAALQbwILQAAIQEgAUEBRgRAQQUkAUF4
DwsgAUECRgRAAAsgAUEERgRAQQJAABoLIAAjAEsEQCMAIQALIwAgAGskACMBIABqJAEjAAsbAEGQwAAjATYCAEFAQYDAAEG8CC0AAEEDRhsLEQ
BBAEHAAEG8CC0AAEEFRhsLAC4EbmFtZQIYAgABAAVieXRlcwECAARyb3dzAQRtb2RlBw0CAARsZWZ0AQRkb25l
`;
const WITH_IMPORT = "AGFzbQEAAAABBAFgAAACBwEBYQFiAAA=";
const WITHOUT_STEP = "AGFzbQEAAAAFAwEAAQcKAQZtZW1vcnkCAA==";

/** A MessageChannel that does not keep the test's process alive. */
class Channel {
  port1 = { onmessage: () => {} };
  port2 = { postMessage: () => setImmediate(() => this.port1.onmessage()) };
}

/** A clock that only a program moves, by what its rows and its outputs are said to cost. */
class Costs {
  nowMs = 0;
  outputs = 0;
  constructor({ rowMs, outputMs = 0 }) {
    this.performance = { now: () => this.nowMs };
    const costs = this;
    class Instance {
      constructor(module) {
        const { exports } = new WebAssembly.Instance(module);
        const step = (rows) => {
          costs.nowMs += rows * rowMs;
          return exports.step(rows);
        };
        const output = () => {
          costs.nowMs += outputMs;
          costs.outputs++;
          return exports.output();
        };
        this.exports = { ...exports, step, output };
      }
    }
    this.WebAssembly = { Module: WebAssembly.Module, Instance };
  }
}

/** A worker, and a way to await its messages. */
async function hire(base64 = COUNTER, memoryBytes = 2 ** 17, world = { WebAssembly, performance }) {
  const heard = [];
  let wake = () => {};
  const context = vm.createContext({
    Error,
    MessageChannel: Channel,
    WebAssembly: world.WebAssembly,
    performance: world.performance,
    setTimeout: world.setTimeout ?? setTimeout,
    postMessage: (message) => {
      heard.push(message);
      wake();
    },
  });
  vm.runInContext(SOURCE, context);
  const send = (data) => context.onmessage({ data });
  const hear = async (...types) => {
    for (;;) {
      const index = heard.findIndex((message) => types.includes(message.type));
      if (index >= 0) return heard.splice(0, index + 1).at(-1);
      await new Promise((resolve) => (wake = resolve));
    }
  };
  const module = await WebAssembly.compile(Buffer.from(base64, "base64"));
  send({ type: "program", sha256: "0", module, memoryBytes });
  return { send, hear };
}

/** A chunk header of table bytes. */
function chunk(rows, mode = 0, bytes = 64) {
  const header = new Uint8Array(bytes);
  new DataView(header.buffer).setUint32(12, rows, true);
  header[60] = mode;
  return header.buffer;
}

/** Runs one sub-job to its end. */
async function run(worker, rows, mode, bytes) {
  worker.send(order(rows, { mode, bytes }));
  return worker.hear("done", "failed");
}

/** The message that starts a sub-job. */
function order(rows, { mode = 0, bytes = 64, checkpointBytes = 0 } = {}) {
  const checkpoint = { bytes: checkpointBytes, everyMs: 500 };
  return { type: "run", subJobId: "sub_1", rows, chunk: chunk(rows, mode, bytes), checkpoint };
}

/** Runs one sub-job to its end and tells of its checkpoints too. */
async function watch(worker, rows, checkpointBytes) {
  worker.send(order(rows, { checkpointBytes }));
  const checkpoints = [];
  for (;;) {
    const heard = await worker.hear("checkpoint", "done", "failed");
    if (heard.type !== "checkpoint") return { checkpoints, end: heard };
    checkpoints.push(heard);
  }
}

test("worker runs a sub-job to its last row in growing slices", async () => {
  const worker = await hire();
  const done = await run(worker, 1_000_000);
  assert.equal(done.type, "done");
  assert.equal(done.rowsDone, 1_000_000);
  assert.equal(done.trapSite, null);
  assert.equal(done.output.byteLength, 64);
  assert.equal((await run(worker, 0)).rowsDone, 0);
});

test("a trap is a result: its site and the rows before it", async () => {
  const done = await run(await hire(), 100, 1);
  assert.equal(done.type, "done");
  assert.equal(done.trapSite, 7);
  assert.equal(done.rowsDone, 5);
});

test("a program that dies, oversteps its memory or has no room is an error, and the worker serves on", async () => {
  const worker = await hire();
  for (const [mode, expected] of [
    [2, /RuntimeError: .*unreachable/],
    [3, /outside its memory/],
    [4, /out_of_memory/],
    [5, /out_of_memory/],
  ]) {
    const failed = await run(worker, 100, mode);
    assert.equal(failed.type, "failed", `mode ${mode}`);
    assert.match(failed.error, expected);
    assert.equal((await run(worker, 100)).rowsDone, 100);
  }
  assert.match((await run(worker, 100, 0, 8192)).error, /out_of_memory/);
});

test("programs with imports or without the five exports are not run", async () => {
  assert.match((await run(await hire(WITH_IMPORT), 1)).error, /has imports/);
  assert.match((await run(await hire(WITHOUT_STEP), 1)).error, /exports no function "input"/);
});

test("a paused worker answers and goes on where it was", async () => {
  const worker = await hire();
  worker.send({ type: "pause" });
  worker.send(order(10));
  await worker.hear("paused");
  worker.send({ type: "resume" });
  assert.equal((await worker.hear("done", "failed")).rowsDone, 10);
});

test("a long sub-job posts the output so far after a second of work and every half second", async () => {
  const { checkpoints, end } = await watch(await hire(COUNTER, 2 ** 17, new Costs({ rowMs: 1 })), 2200, 64);
  assert.deepEqual(checkpoints.map(({ rowsDone }) => rowsDone), [1014, 1514, 2014]);
  assert.deepEqual(checkpoints.map(({ elapsedMs }) => elapsedMs), [1014, 1514, 2014]);
  for (const { subJobId, output, rowsDone } of checkpoints) {
    assert.equal(subJobId, "sub_1");
    assert.equal(new DataView(output).getUint32(16, true), rowsDone);
  }
  assert.equal(end.rowsDone, 2200);
  const { end: plain } = await watch(await hire(), 2200, 0);
  assert.deepEqual(new Uint8Array(end.output), new Uint8Array(plain.output));
});

test("a sub-job that ends within a second posts no checkpoint", async () => {
  const { checkpoints, end } = await watch(await hire(COUNTER, 2 ** 17, new Costs({ rowMs: 1 })), 1000, 64);
  assert.equal(end.rowsDone, 1000);
  assert.deepEqual(checkpoints, []);
});

test("an output that is too large is made once and then left alone until the end", async () => {
  for (const [checkpointBytes, outputs] of [[63, 2], [0, 1]]) {
    const costs = new Costs({ rowMs: 1 });
    const { checkpoints } = await watch(await hire(COUNTER, 2 ** 17, costs), 5000, checkpointBytes);
    assert.deepEqual(checkpoints, []);
    assert.equal(costs.outputs, outputs, `${checkpointBytes} bytes`);
  }
});

test("outputs that take long to make are made rarely", async () => {
  const costs = new Costs({ rowMs: 1, outputMs: 100 });
  const { checkpoints } = await watch(await hire(COUNTER, 2 ** 17, costs), 5200, 64);
  assert.deepEqual(checkpoints.map(({ rowsDone }) => rowsDone), [1014, 3014, 5014]);
});

test("a program that uses most of its memory is left alone until the end", async () => {
  const costs = new Costs({ rowMs: 1 });
  const { checkpoints } = await watch(await hire(COUNTER, 2 ** 17 - 1, costs), 5000, 64);
  assert.deepEqual(checkpoints, []);
  assert.equal(costs.outputs, 1);
});

test("worker measures its core by the hub's benchmark, in less than half a second", async () => {
  const worker = await hire();
  const read = (name) => readFile(new URL(`../../static/benchmark.${name}`, import.meta.url));
  const module = await WebAssembly.compile(await read("wasm"));
  const { buffer: chunk } = Uint8Array.from(await read("chunk"));
  const startedAt = performance.now();
  worker.send({ type: "measure", module, chunk });
  const { score } = await worker.hear("measured");
  assert.ok(score > 10, `${score} rows a millisecond`);
  assert.ok(performance.now() - startedAt < 1000, "half a second, and as much on a busy machine");
});

test("a benchmark that cannot be run gives no score", async () => {
  const worker = await hire();
  const module = await WebAssembly.compile(Buffer.from(WITHOUT_STEP, "base64"));
  worker.send({ type: "measure", module, chunk: new ArrayBuffer(64) });
  assert.equal((await worker.hear("measured")).score, 0);
});

/** Time goes on only while a program works or a worker rests. */
class RestingCosts extends Costs {
  rests = [];
  setTimeout = (resume, ms) => {
    this.rests.push(ms);
    this.nowMs += ms;
    setImmediate(resume);
  };
}

for (const [duty, part] of [[0.5, 0.5], [0.2, 0.2], [1, 1]])
  test(`worker works ${duty * 100} % of the time where it may spend no more`, async () => {
    const costs = new RestingCosts({ rowMs: 1 });
    const worker = await hire(COUNTER, 2 ** 17, costs);
    worker.send({ type: "duty", duty });
    const startedMs = costs.nowMs;
    const { elapsedMs, rowsDone } = await run(worker, 5_000);
    assert.equal(rowsDone, 5_000);
    assert.ok(elapsedMs >= 5_000 && elapsedMs < 5_100, `rest is no work: ${elapsedMs}`);
    const busy = elapsedMs / (costs.nowMs - startedMs);
    assert.ok(Math.abs(busy - part) < 0.05, `${busy}`);
    assert.equal(costs.rests.length > 0, duty < 1);
  });

test("worker rests between sub-jobs that are shorter than a slice, and results do not wait for it", async () => {
  const costs = new RestingCosts({ rowMs: 1 });
  const worker = await hire(COUNTER, 2 ** 17, costs);
  worker.send({ type: "duty", duty: 0.25 });
  const startedMs = costs.nowMs;
  let busyMs = 0;
  for (let part = 0; part < 10; part++) {
    const { elapsedMs } = await run(worker, 20);
    busyMs += elapsedMs;
    if (part === 0) assert.equal(costs.rests.length, 0);
  }
  const share = busyMs / (costs.nowMs - startedMs);
  assert.ok(share < 0.3, `${share}`);
});

test("a pause ends a worker's rest at once", async () => {
  const costs = new RestingCosts({ rowMs: 1 });
  let rested = () => {};
  const resting = new Promise((resolve) => (rested = resolve));
  costs.setTimeout = () => rested(undefined); // and never comes back
  const worker = await hire(COUNTER, 2 ** 17, costs);
  worker.send({ type: "duty", duty: 0.1 });
  worker.send(order(5_000));
  await resting;
  worker.send({ type: "pause" });
  await worker.hear("paused");
});

test("worker tells now and then how fast its core is, as a part of its best", async () => {
  const costs = new RestingCosts({ rowMs: 1 });
  const worker = await hire(COUNTER, 2 ** 17, costs);
  worker.send(order(6_000));
  const { pace, lateMs } = await worker.hear("pace");
  assert.equal(pace, 1, "the first look is the best so far");
  assert.equal(lateMs, 0);
  await worker.hear("pace");
  await worker.hear("done");
});
