// The pool of workers, with workers that do not do what they should. Run by `node --test`.

import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { Pool } from "../../static/frame/pool.js";

/** @type {FakeWorker[]} */
let hired = [];

class FakeWorker extends EventTarget {
  sent = [];
  ended = false;
  constructor() {
    super();
    hired.push(this);
  }
  postMessage(message) {
    this.sent.push(message);
  }
  terminate() {
    this.ended = true;
  }
  say(data) {
    this.dispatchEvent(Object.assign(new Event("message"), { data }));
  }
  fail() {
    this.dispatchEvent(new Event("error", { cancelable: true }));
  }
}
globalThis.Worker = FakeWorker;
mock.timers.enable({ apis: ["setTimeout"] });

beforeEach(() => {
  hired = [];
});

/** A pool, and what it has told. */
function poolOf(size) {
  const told = [];
  const tell = (name) => (...values) => told.push([name, ...values]);
  const pool = new Pool(size, {
    onIdle: () => {},
    onDone: tell("done"),
    onCheckpoint: tell("checkpoint"),
    onFailed: tell("failed"),
    onStuck: tell("stuck"),
    onUnable: tell("unable"),
    onProgress: () => {},
    onPace: () => {},
  });
  return { pool, told };
}

const program = { sha256: "0", module: {}, memoryBytes: 1 };
const job = (subJobId) => ({
  subJobId,
  rows: 1,
  chunk: new ArrayBuffer(64),
  program,
  checkpointBytes: 16,
});
const done = (subJobId) => ({ type: "done", subJobId, output: new ArrayBuffer(64), rowsDone: 1 });

test("a worker whose script does not load is not the sub-job's failure", async () => {
  const { pool, told } = poolOf(2);
  const score = pool.measure({ module: {}, chunk: new ArrayBuffer(64) });
  hired[0].fail();
  assert.deepEqual(told, [], "the other seat may still start");
  pool.run(job("sub_1"));
  hired[1].fail();
  assert.equal(await score, 0);
  assert.deepEqual(told, [["stuck", "sub_1"], ["unable"]]);
  assert.equal(pool.hasRoom(), false);
});

test("a worker that never says a word is given up", () => {
  const { pool, told } = poolOf(1);
  void pool.measure();
  mock.timers.tick(20_000);
  assert.deepEqual(told, [["unable"]]);
  assert.equal(hired[0].ended, true);
});

test("a worker that dies at work fails its sub-job and is replaced", () => {
  const { pool, told } = poolOf(1);
  pool.run(job("sub_1"));
  hired[0].say({ type: "ready" });
  hired[0].fail();
  assert.equal(told[0][0], "failed");
  pool.run(job("sub_2"));
  assert.equal(hired.length, 2);
});

test("checkpoints are told while their sub-job runs, and are the rarer the more workers there are", () => {
  for (const [size, everyMs] of [[1, 500], [64, 1280]]) {
    hired = [];
    const { pool, told } = poolOf(size);
    pool.run(job("sub_1"));
    const run = hired[0].sent.find(({ type }) => type === "run");
    assert.deepEqual(run.checkpoint, { bytes: 16, everyMs });
    const output = new ArrayBuffer(64);
    const checkpoint = { type: "checkpoint", subJobId: "sub_1", output, rowsDone: 7, elapsedMs: 1200 };
    hired[0].say(checkpoint);
    pool.cancel("sub_1");
    hired[0].say(checkpoint);
    assert.deepEqual(told, [["checkpoint", "sub_1", output, 7, 1200]]);
  }
});

test("two hundred sub-jobs need one worker, and the program once", () => {
  const { pool, told } = poolOf(1);
  for (let count = 0; count < 200; count++) {
    pool.run(job(`sub_${count}`));
    hired[0].say({ type: "ready" });
    hired[0].say(done(`sub_${count}`));
  }
  assert.equal(told.filter(([name]) => name === "done").length, 200);
  assert.equal(hired.length, 1);
  assert.equal(hired[0].sent.filter(({ type }) => type === "program").length, 1);
});

test("no more workers run than are allowed, and each is told its part of the time", () => {
  const { pool } = poolOf(3);
  pool.allow(2, 0.5);
  pool.run(job("sub_1"));
  assert.equal(pool.hasRoom(), true);
  pool.run(job("sub_2"));
  assert.equal(pool.hasRoom(), false);
  assert.deepEqual(hired[1].sent[0], { type: "duty", duty: 0.5 });
  pool.allow(1, 0.25);
  assert.deepEqual(hired[0].sent.at(-1), { type: "duty", duty: 0.25 });
  hired[0].say(done("sub_1"));
  assert.equal(pool.hasRoom(), false, "the other one still runs");
  hired[1].say(done("sub_2"));
  assert.equal(pool.hasRoom(), true);
  pool.allow(3, 0.25);
  for (const id of ["sub_3", "sub_4", "sub_5"]) pool.run(job(id));
  assert.equal(pool.hasRoom(), false);
});

test("a program that never comes back is ended with its worker, and said to be too long", (t) => {
  const { pool, told } = poolOf(1);
  pool.run(job("sub_1"));
  hired[0].say({ type: "ready" });
  const startedAt = performance.now();
  pool.endSilent();
  assert.deepEqual(told, [], "it may still be at work");
  t.mock.method(performance, "now", () => startedAt + 3_600_000);
  pool.endSilent();
  assert.equal(hired[0].ended, true);
  assert.deepEqual(told.map((each) => each.slice(0, 3)), [["failed", "sub_1", "step_too_long"]]);
  pool.run(job("sub_2"));
  assert.equal(hired.length, 2, "others go on with a new worker");
});
