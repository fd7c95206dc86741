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
    onFailed: tell("failed"),
    onStuck: tell("stuck"),
    onUnable: tell("unable"),
    onProgress: () => {},
  });
  return { pool, told };
}

const program = { sha256: "0", module: {}, memoryBytes: 1 };
const job = (subJobId) => ({ subJobId, rows: 1, chunk: new ArrayBuffer(64), program });
const done = (subJobId) => ({ type: "done", subJobId, output: new ArrayBuffer(64), rowsDone: 1 });

test("a worker whose script does not load is not the sub-job's failure", async () => {
  const { pool, told } = poolOf(2);
  const score = pool.measure();
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
