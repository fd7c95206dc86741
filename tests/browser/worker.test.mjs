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

/** A worker, and a way to await its messages. */
async function hire(base64 = COUNTER, memoryBytes = 2 ** 17) {
  const heard = [];
  let wake = () => {};
  const context = vm.createContext({
    Error,
    MessageChannel: Channel,
    WebAssembly,
    performance,
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
  worker.send({ type: "run", subJobId: "sub_1", rows, chunk: chunk(rows, mode, bytes) });
  return worker.hear("done", "failed");
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
  worker.send({ type: "run", subJobId: "sub_1", rows: 10, chunk: chunk(10) });
  await worker.hear("paused");
  worker.send({ type: "resume" });
  assert.equal((await worker.hear("done", "failed")).rowsDone, 10);
});

test("worker measures its speed", async () => {
  const worker = await hire();
  worker.send({ type: "measure" });
  assert.ok((await worker.hear("measured")).score > 0);
});
