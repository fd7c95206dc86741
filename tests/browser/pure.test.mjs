// The pure rules of the browser side: consent, visibility, memory, messages, the ledger. Run by `node --test`.

import assert from "node:assert/strict";
import { test } from "node:test";

import { FOCUS_STEADY_MS, PressJudge } from "../../static/frame/consent.js";
import { readWish } from "../../static/frame/embed.js";
import { simd } from "../../static/frame/features.js";
import { Ledger } from "../../static/frame/ledger.js";
import { Memory } from "../../static/frame/memory.js";
import { chunkOf, fetchBytes } from "../../static/frame/programs.js";
import { STEADY_MS, VisibilityGate } from "../../static/frame/visibility.js";

const WHOLE = { ratio: 1, uncovered: true };
const CARD = { width: 300, height: 200 };

/** Animation frames every 16 ms. */
function frames(gate, fromMs, toMs, size = CARD) {
  for (let nowMs = fromMs; nowMs <= toMs; nowMs += 16) gate.frame(nowMs, size);
}

test("gate opens after a second of whole, live visibility and not before", () => {
  const gate = new VisibilityGate();
  gate.see(WHOLE);
  frames(gate, 0, 900);
  assert.equal(gate.isOpen(900), false);
  frames(gate, 900, STEADY_MS + 100);
  assert.equal(gate.isOpen(STEADY_MS + 100), true);
});

test("gate stays closed while anything of the question is hidden or covered", () => {
  for (const flaw of [{ ratio: 0.9 }, { uncovered: false }]) {
    const gate = new VisibilityGate();
    gate.see({ ...WHOLE, ...flaw });
    frames(gate, 0, 3000);
    assert.equal(gate.isOpen(3000), false, JSON.stringify(flaw));
  }
});

test("gate closes when the question becomes tiny, even if all of it stays in view", () => {
  for (const flaw of [{ width: 100 }, { height: 40 }]) {
    const gate = new VisibilityGate();
    gate.see(WHOLE);
    frames(gate, 0, 2000);
    assert.equal(gate.isOpen(2000), true);
    frames(gate, 2016, 2032, { ...CARD, ...flaw });
    assert.equal(gate.isOpen(2040), false, JSON.stringify(flaw));
    frames(gate, 2048, 2500);
    assert.equal(gate.isOpen(2500), false);
  }
});

test("gate begins anew when the question was covered for a moment", () => {
  const gate = new VisibilityGate();
  gate.see(WHOLE);
  frames(gate, 0, 2000);
  gate.see({ ...WHOLE, uncovered: false });
  assert.equal(gate.isOpen(2000), false);
  gate.see(WHOLE);
  frames(gate, 2016, 2500);
  assert.equal(gate.isOpen(2500), false);
  frames(gate, 2500, 3100);
  assert.equal(gate.isOpen(3100), true);
});

test("gate closes when animation frames stall, as in a hidden frame", () => {
  const gate = new VisibilityGate();
  gate.see(WHOLE);
  frames(gate, 0, 2000);
  assert.equal(gate.isOpen(2600), false);
  gate.frame(9000, CARD);
  assert.equal(gate.isOpen(9000), false);
});

const OPEN = { isOpen: () => true };
const CLOSED = { isOpen: () => false };
const POINTER = { isTrusted: true, isPrimary: true, button: 0 };
const ENTER = { isTrusted: true, repeat: false, key: "Enter" };
const CLICK = { isTrusted: true };

test("a trusted pointer press on a visible question is a yes", () => {
  const judge = new PressJudge(OPEN);
  judge.pointerDown(POINTER, 5);
  assert.equal(judge.click(CLICK, 60, true), "yes");
});

test("a click that did not begin in the frame is no yes", () => {
  assert.equal(new PressJudge(OPEN).click(CLICK, 60, true), "no");
});

test("one press gives one click", () => {
  const judge = new PressJudge(OPEN);
  judge.pointerDown(POINTER, 5);
  judge.click(CLICK, 60, true);
  assert.equal(judge.click(CLICK, 70, true), "no");
});

test("untrusted, secondary and unactivated presses are no yes", () => {
  for (const flaw of [{ isTrusted: false }, { isPrimary: false }, { button: 2 }]) {
    const judge = new PressJudge(OPEN);
    judge.pointerDown({ ...POINTER, ...flaw }, 5);
    assert.equal(judge.click(CLICK, 60, true), "no", JSON.stringify(flaw));
  }
  const forged = new PressJudge(OPEN);
  forged.pointerDown(POINTER, 5);
  assert.equal(forged.click({ isTrusted: false }, 60, true), "no");
  const unactivated = new PressJudge(OPEN);
  unactivated.pointerDown(POINTER, 5);
  assert.equal(unactivated.click(CLICK, 60, false), "no");
});

test("a press on a question that was not yet visible is early, even if released later", () => {
  let open = false;
  const judge = new PressJudge({ isOpen: () => open });
  judge.pointerDown(POINTER, 5);
  open = true;
  assert.equal(judge.click(CLICK, 60, true), "early");
  const covered = new PressJudge(CLOSED);
  covered.pointerDown(POINTER, 5);
  assert.equal(covered.click(CLICK, 60, true), "early");
});

test("a key press counts only once the focus has settled in the frame", () => {
  const judge = new PressJudge(OPEN);
  judge.focus(true, 0);
  judge.keyDown(ENTER, 100);
  assert.equal(judge.click(CLICK, 101, true), "early");
  judge.keyDown(ENTER, FOCUS_STEADY_MS + 1);
  assert.equal(judge.click(CLICK, FOCUS_STEADY_MS + 2, true), "yes");
  judge.focus(false, 2000);
  judge.keyDown(ENTER, 3000);
  assert.equal(judge.click(CLICK, 3001, true), "early");
});

test("other keys and held keys begin no press", () => {
  const judge = new PressJudge(OPEN);
  judge.focus(true, 0);
  for (const flaw of [{ key: "Tab" }, { repeat: true }, { isTrusted: false }]) {
    judge.keyDown({ ...ENTER, ...flaw }, 5000);
    assert.equal(judge.click(CLICK, 5001, true), "no", JSON.stringify(flaw));
  }
});

test("only well-formed wishes of the page around us are heard, and a yes is not among them", () => {
  const message = (data, origin = "https://site.example", fromParent = true) =>
    readWish({ data, origin, fromParent }, "https://site.example");
  assert.equal(message({ owc: 1, type: "start" }), "start");
  assert.equal(message({ owc: 1, type: "stop" }), "stop");
  for (const type of ["yes", "consent", "work", "", null, {}, ["start"]])
    assert.equal(message({ owc: 1, type }), null);
  for (const data of [null, undefined, 7, "start", [], { type: "start" }])
    assert.equal(message(data), null);
  assert.equal(message({ owc: 1, type: "start" }, "https://other.example"), null);
  assert.equal(message({ owc: 1, type: "start" }, "https://site.example", false), null);
});

/** A Storage of one test. */
function storage() {
  const kept = new Map();
  return {
    kept,
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, value),
    removeItem: (key) => kept.delete(key),
  };
}

const DAY_MS = 24 * 3600 * 1000;

test("a no is remembered for thirty days, a yes until it is withdrawn, each for its own site", () => {
  const shared = storage();
  const one = new Memory("https://one.example", shared);
  const other = new Memory("https://other.example", shared);
  assert.equal(one.answer(0), "unasked");
  one.keepAnswer("no", 0);
  assert.equal(one.answer(29 * DAY_MS), "no");
  assert.equal(one.answer(31 * DAY_MS), "unasked");
  one.keepAnswer("yes", 0);
  assert.equal(one.answer(900 * DAY_MS), "yes");
  assert.equal(other.answer(0), "unasked");
});

test("broken, foreign or forbidden storage reads as unasked and never throws", () => {
  for (const text of ["{", "null", "7", '"yes"', '{"answer":"maybe"}', '{"answer":"no"}', "[]"]) {
    const broken = storage();
    broken.setItem("owc.answer s", text);
    assert.equal(new Memory("s", broken).answer(5), "unasked", text);
  }
  const forbidden = {
    getItem: () => assert.fail("forbidden"),
    setItem: () => assert.fail("forbidden"),
    removeItem: () => assert.fail("forbidden"),
  };
  const memory = new Memory("s", forbidden);
  memory.keepAnswer("yes", 0);
  memory.forgetVolunteer();
  assert.equal(memory.answer(0), "unasked");
  assert.equal(new Memory("s", null).volunteerToken(), null);
});

/** An offer of one lease. */
function offer(leaseId, ...subJobIds) {
  return {
    lease_id: leaseId,
    lease_seconds: 60,
    job: { id: "job_a", name: "A", about: "" },
    program: { sha256: "0".repeat(64), url: "/blob/0", memory_bytes: 1 },
    sub_jobs: subJobIds.map((id, index) => ({
      sub_job_id: id,
      first_row: index,
      rows: 1,
      chunk: null,
      chunk_url: null,
      chunk_sha256: null,
    })),
  };
}

/** How a sub-job ended. */
function ended(id, change = {}) {
  return {
    sub_job_id: id,
    output: new ArrayBuffer(64),
    output_sha256: null,
    rows_done: 1,
    trap_site: null,
    error: null,
    elapsed_ms: 1000,
    ...change,
  };
}

/** A receipt of the hub. */
function receipt(id, status = "stored") {
  return { sub_job_id: id, status, message: "" };
}

test("ledger runs sub-jobs in the order of their offers and keeps reports until acknowledged", () => {
  const ledger = new Ledger(2);
  assert.equal(ledger.accept(offer("lease_a", "sub_1", "sub_2")), 2);
  assert.equal(ledger.next()?.sub_job_id, "sub_1");
  assert.equal(ledger.next()?.sub_job_id, "sub_2");
  assert.equal(ledger.next(), undefined);
  assert.equal(ledger.finish(ended("sub_1"))?.leaseId, "lease_a");
  assert.deepEqual(ledger.leaseIds(), ["lease_a"]);
  assert.equal(ledger.unacknowledged().length, 1);
  ledger.acknowledge([receipt("sub_1")]);
  assert.equal(ledger.unacknowledged().length, 0);
  assert.equal(ledger.done, 1);
});

test("ledger counts no acknowledgement twice, and late or refused results not at all", () => {
  const ledger = new Ledger(1);
  ledger.accept(offer("lease_a", "sub_1", "sub_2", "sub_3"));
  for (const id of ["sub_1", "sub_2", "sub_3"]) {
    ledger.next();
    ledger.finish(ended(id));
  }
  ledger.acknowledge([receipt("sub_1"), receipt("sub_1"), receipt("sub_unknown")]);
  ledger.acknowledge([receipt("sub_1"), receipt("sub_2", "too_late")]);
  ledger.acknowledge([receipt("sub_3", "refused")]);
  assert.equal(ledger.done, 1);
});

test("ledger takes an empty offer as no work and a repeated one only once", () => {
  const ledger = new Ledger(1);
  const nothing = { lease_id: null, lease_seconds: 0, job: null, program: null, sub_jobs: [] };
  assert.equal(ledger.accept(nothing), 0);
  assert.equal(ledger.accept(offer("lease_a", "sub_1")), 1);
  assert.equal(ledger.accept(offer("lease_b", "sub_1")), 0);
});

test("a revoked lease stops its running sub-jobs and their late results find no place", () => {
  const ledger = new Ledger(2);
  ledger.accept(offer("lease_a", "sub_1", "sub_2"));
  ledger.accept(offer("lease_b", "sub_3"));
  ledger.next();
  assert.deepEqual(ledger.revoke("lease_a"), ["sub_1"]);
  assert.equal(ledger.finish(ended("sub_1")), null);
  assert.equal(ledger.next()?.sub_job_id, "sub_3");
  assert.deepEqual(ledger.leaseIds(), ["lease_b"]);
});

test("stopping gives back everything undone by lease, and nothing that is done", () => {
  const ledger = new Ledger(1);
  ledger.accept(offer("lease_a", "sub_1", "sub_2"));
  ledger.accept(offer("lease_b", "sub_3"));
  ledger.next();
  ledger.finish(ended("sub_1"));
  ledger.next();
  assert.deepEqual(ledger.releaseWaiting(), [{ leaseId: "lease_b", subJobIds: ["sub_3"] }]);
  assert.deepEqual(ledger.releaseAll(), [{ leaseId: "lease_a", subJobIds: ["sub_2"] }]);
  assert.deepEqual(ledger.leaseIds(), ["lease_a"], "its result is not yet acknowledged");
  assert.equal(ledger.unacknowledged().length, 1);
  ledger.acknowledge([receipt("sub_1")]);
  assert.deepEqual(ledger.leaseIds(), []);
});

test("a result that found no way out goes back as undone, once", () => {
  const ledger = new Ledger(1);
  ledger.accept(offer("lease_a", "sub_1"));
  ledger.next();
  ledger.finish(ended("sub_1"));
  assert.deepEqual(ledger.retract("sub_1"), { leaseId: "lease_a", subJobIds: ["sub_1"] });
  assert.equal(ledger.retract("sub_1"), null);
  assert.deepEqual(ledger.unacknowledged(), []);
});

test("ledger asks for one sub-job a worker first, more when they are short, none while it has enough", () => {
  const ledger = new Ledger(4);
  assert.equal(ledger.wants(), 4);
  ledger.accept(offer("lease_a", ...Array.from({ length: 12 }, (_, index) => `sub_${index}`)));
  assert.equal(ledger.wants(), 0);
  for (let index = 0; index < 12; index++) {
    ledger.next();
    ledger.finish(ended(`sub_${index}`, { elapsed_ms: 100 }));
  }
  assert.ok(ledger.wants() > 4);
});

test("ledger asks for nothing while results pile up unsent", () => {
  const ledger = new Ledger(1);
  ledger.accept(offer("lease_a", "sub_1"));
  ledger.next();
  ledger.finish(ended("sub_1", { output: new ArrayBuffer(20 * 2 ** 20) }));
  assert.equal(ledger.wants(), 0);
  ledger.acknowledge([receipt("sub_1")]);
  assert.equal(ledger.wants(), 1);
});

test("a chunk that is not what its hash says is not computed", async () => {
  const chunk = new TextEncoder().encode("rows");
  const offered = { ...offer("lease_a", "sub_1").sub_jobs[0], chunk, chunk_sha256: "0".repeat(64) };
  await assert.rejects(chunkOf(offered), /chunk is not what its SHA-256 says/);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", chunk));
  const hex = Buffer.from(digest).toString("hex");
  assert.equal((await chunkOf({ ...offered, chunk_sha256: hex })).byteLength, 4);
});

test("a slow download is waited for as long as something comes, a silent one is given up", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  /** @type {ReadableStreamDefaultController<Uint8Array>} */
  let hub;
  t.mock.method(globalThis, "fetch", async (/** @type {URL} */ url, { signal }) => {
    assert.equal(url.href, "https://hub.example/blob/1");
    const stream = new ReadableStream({ start: (controller) => void (hub = controller) });
    signal.addEventListener("abort", () => hub.error(signal.reason));
    return new Response(stream);
  });
  const before = Object.getOwnPropertyDescriptor(globalThis, "location");
  t.after(() => before && Object.defineProperty(globalThis, "location", before));
  Object.defineProperty(globalThis, "location", {
    value: { origin: "https://hub.example" },
    configurable: true,
  });
  const turn = () => new Promise((resume) => setImmediate(resume));

  const slow = fetchBytes("/blob/1");
  for (let part = 0; part < 10; part++) {
    await turn();
    t.mock.timers.tick(15_000);
    hub.enqueue(new Uint8Array([part]));
    await turn();
  }
  hub.close();
  assert.deepEqual([...new Uint8Array(await slow)], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);

  const silent = fetchBytes("/blob/1");
  await turn();
  hub.enqueue(new Uint8Array(1));
  await turn();
  t.mock.timers.tick(21_000);
  await assert.rejects(silent, /went silent/);
  await assert.rejects(fetchBytes("https://elsewhere.example/blob/1"), /foreign address/);
});

test("the probe for SIMD is a valid module", () => {
  assert.equal(WebAssembly.validate(simd), true);
});
