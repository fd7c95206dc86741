// The pure rules of the browser side: consent, visibility, memory, messages, downloads. Run by `node --test`.

import assert from "node:assert/strict";
import { test } from "node:test";

import { FOCUS_STEADY_MS, PressJudge } from "../../static/frame/consent.js";
import { readLoad, readWish } from "../../static/frame/embed.js";
import { simd } from "../../static/frame/features.js";
import { packFarewell } from "../../static/frame/packing.js";
import { Memory } from "../../static/frame/memory.js";
import { fetchBytes } from "../../static/frame/programs.js";
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

test("what the page says of its load counts only from the page itself, and within bounds", () => {
  const origin = "https://site.example";
  const data = { owc: 1, type: "load", busy_ms: 300, delay_ms: 20 };
  const message = { data, origin, fromParent: true };
  assert.deepEqual(readLoad(message, origin), { busyMs: 300, delayMs: 20 });
  assert.equal(readLoad({ ...message, fromParent: false }, origin), null);
  assert.equal(readLoad({ ...message, origin: "https://other.example" }, origin), null);
  for (const bad of [null, "load", { owc: 1, type: "start" }, { type: "load" }])
    assert.equal(readLoad({ ...message, data: bad }, origin), null);
  const wild = { ...data, busy_ms: 1e300, delay_ms: "soon" };
  assert.deepEqual(readLoad({ ...message, data: wild }, origin), { busyMs: 10_000, delayMs: 0 });
});

/** A report of a sub-job with so many bytes of output. */
const reportOf = (id, bytes, leaseId = "lease_a") => ({
  leaseId,
  job: { id: "job_1", name: "", about: "" },
  beaconed: false,
  result: { sub_job_id: id, output: new Uint8Array(bytes).fill(id.length).buffer, error: null },
});

test("a farewell is a line of JSON and the outputs, as many as fit a beacon", () => {
  const reports = [reportOf("sub_1", 10), reportOf("sub_22", 20, "lease_b"), reportOf("sub_333", 5)];
  const { body, taken } = packFarewell("t", reports, [{ leaseId: "lease_a", subJobIds: ["sub_4"] }]);
  assert.equal(taken.length, 3);
  const end = body.indexOf(10);
  const said = JSON.parse(new TextDecoder().decode(body.subarray(0, end)));
  assert.deepEqual(
    said.reports.map(({ lease_id, results }) => [lease_id, results.map((r) => r.output_bytes)]),
    [["lease_a", [10, 5]], ["lease_b", [20]]],
  );
  assert.deepEqual(said.releases, [{ lease_id: "lease_a", sub_job_ids: ["sub_4"] }]);
  assert.equal("output" in said.reports[0].results[0], false);
  assert.deepEqual([...body.subarray(end + 1)], [...Array(10).fill(5), ...Array(5).fill(7), ...Array(20).fill(6)]);
});

test("a farewell is never larger than browsers let a beacon be", () => {
  const many = Array.from({ length: 300 }, (_, n) => reportOf(`sub_${n}`, 1000));
  const { body, taken } = packFarewell("t".repeat(300), many, []);
  assert.ok(body.byteLength < 60_000 && taken.length > 30, `${body.byteLength}`);
  assert.equal(packFarewell("t", [reportOf("sub_1", 60_000)], []).taken.length, 0);
});
