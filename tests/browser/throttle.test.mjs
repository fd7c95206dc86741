// How much may be done: the throttle's decisions, its answer to strain, the count of data. Run by `node --test`.

import assert from "node:assert/strict";
import { test } from "node:test";

import { agreedCategories, defaultChoices, readChoices } from "../../static/frame/choices.js";
import { Contribution, wattHours } from "../../static/frame/contribution.js";
import {
  AT_EASE,
  COOL_MS,
  DataMeter,
  Governor,
  LEAST,
  STEP_MS,
  decide,
  median,
} from "../../static/frame/throttle.js";

const CHOICES = defaultChoices({ dataMb: 50, mobile: false });
const FINE = { cores: 8, battery: null, metered: false, hidden: false, bytes: 0 };
const EASY = { factor: 1, isHot: false };

/** @param {object} conditions @param {object} choices @param {object} governor */
const decided = (conditions = {}, choices = {}, governor = {}) =>
  decide({ ...FINE, ...conditions }, { ...CHOICES, ...choices }, { ...EASY, ...governor });

test("by default one worker fewer than the cores, half of their time", () => {
  assert.deepEqual(decided(), { workers: 7, duty: 0.5, rest: null });
  assert.deepEqual(decided({ cores: 1 }), { workers: 1, duty: 0.5, rest: null });
  assert.deepEqual(decided({ cores: 2 }), { workers: 1, duty: 0.5, rest: null });
});

test("the visitor may give more, or less, but never more cores than there are", () => {
  assert.deepEqual(decided({}, { cores: 8, share: 1 }), { workers: 8, duty: 1, rest: null });
  assert.deepEqual(decided({}, { cores: 2, share: 0.1 }), { workers: 2, duty: 0.1, rest: null });
  assert.equal(decided({ cores: 4 }, { cores: 64 }).workers, 4);
});

test("on battery half of it, and nothing when it is low, unless the visitor wants otherwise", () => {
  const charging = { level: 0.2, charging: true };
  const full = { level: 0.9, charging: false };
  const low = { level: 0.5, charging: false };
  assert.equal(decided({ battery: charging }).rest, null);
  const { workers, duty, rest } = decided({ battery: full });
  assert.equal(rest, null);
  assert.ok(Math.abs(workers * duty - 3.5 / 2) < 1e-9);
  assert.equal(decided({ battery: low }).rest, "battery");
  assert.equal(decided({ battery: low }, { batteryAbove: 30 }).rest, null);
  assert.equal(decided({ battery: { level: 0, charging: false } }, { batteryAbove: 0 }).rest, null);
  assert.equal(decided({ battery: full }, { batteryAbove: 100 }).rest, "battery");
  assert.equal(decided({ battery: { level: 1, charging: false } }, { batteryAbove: 100 }).rest, "battery");
});

test("nothing on metered connections, in hidden tabs and beyond the data limit, unless chosen", () => {
  assert.equal(decided({ metered: true }).rest, "metered");
  assert.equal(decided({ metered: true }, { metered: true }).rest, null);
  assert.equal(decided({ hidden: true }).rest, null);
  assert.equal(decided({ hidden: true }, { hidden: false }).rest, "hidden");
  assert.equal(defaultChoices({ dataMb: 50, mobile: true }).hidden, false);
  assert.equal(decided({ bytes: 49e6 }).rest, null);
  assert.equal(decided({ bytes: 50e6 }).rest, "data");
  assert.equal(decided({ bytes: 50e6 }, { dataMb: 51 }).rest, null);
});

test("whatever comes, a decision is within what is allowed", () => {
  for (const cores of [1, 2, 3, 8, 64])
    for (const share of [0.1, 0.5, 1])
      for (const factor of [LEAST, 0.3, 0.75, 1]) {
        const { workers, duty } = decided({ cores }, { share }, { factor });
        assert.ok(workers >= 1 && workers <= cores, `${workers} of ${cores}`);
        assert.ok(duty > 0 && duty <= share + 1e-9, `${duty} over ${share}`);
        const allowed = Math.max(cores - 1, 1) * share * factor;
        assert.ok(Math.abs(workers * duty - allowed) < 1e-9);
      }
});

for (const [sign, strain] of Object.entries({
  "a page with long tasks": { busyMs: 300 },
  "inputs that wait": { delayMs: 150 },
  "cores that slow down": { pace: 0.4 },
  "workers that wake up late": { lateMs: 60 },
  "serious pressure": { pressure: "serious" },
}))
  test(`${sign} halve what is done, down to a rest of it, and it comes back in steps`, () => {
    const governor = new Governor();
    governor.observe({ ...AT_EASE, ...strain }, 0.4, 0);
    assert.equal(governor.factor, 0.5);
    governor.observe({ ...AT_EASE, ...strain }, 0.4, STEP_MS - 1);
    assert.equal(governor.factor, 0.5, "the effect of a step is awaited");
    for (let step = 1; step < 9; step++) governor.observe({ ...AT_EASE, ...strain }, 0.4, step * STEP_MS);
    assert.equal(governor.factor, LEAST);
    governor.observe(AT_EASE, 0.1, 20 * STEP_MS);
    assert.ok(governor.factor > LEAST && governor.factor < 0.5);
    for (let step = 21; step < 40; step++) governor.observe(AT_EASE, 0.1, step * STEP_MS);
    assert.equal(governor.factor, 1);
    assert.equal(governor.isHot(40 * STEP_MS), false);
  });

test("critical pressure that does not give way ends everything for a while", () => {
  const governor = new Governor();
  const pressed = { ...AT_EASE, pressure: "critical" };
  let nowMs = 0;
  for (; governor.factor > LEAST; nowMs += STEP_MS) governor.observe(pressed, 0.4, nowMs);
  assert.equal(governor.isHot(nowMs), false, "less is tried first");
  governor.observe(pressed, 0.1, nowMs);
  assert.equal(governor.isHot(nowMs + COOL_MS - 1), true);
  assert.equal(decided({}, {}, { isHot: true }).rest, "hot");
  assert.equal(governor.isHot(nowMs + COOL_MS), false);
});

test("pressure that is mostly our own, by the visitor's choice, is no strain", () => {
  const governor = new Governor();
  for (const pressure of ["serious", "critical"])
    for (let nowMs = 0; nowMs < 20_000; nowMs += STEP_MS)
      governor.observe({ ...AT_EASE, pressure }, 0.9, nowMs);
  assert.equal(governor.factor, 1);
});

test("data is counted by the hour, and outlives the page", () => {
  const hour = 3_600_000;
  const meter = new DataMeter();
  meter.add(10, 0);
  meter.add(20, hour / 2);
  assert.equal(meter.used(hour / 2), 30);
  const later = new DataMeter(JSON.parse(JSON.stringify(meter)));
  assert.equal(later.used(hour / 2), 30);
  assert.equal(later.used(hour + 61_000), 20);
  assert.equal(later.used(2 * hour), 0);
  for (const nonsense of [null, 7, "x", [1], [["a", "b"]], {}])
    assert.equal(new DataMeter(nonsense).used(0), 0);
});

test("choices that make no sense are those of a newcomer", () => {
  const kept = { cores: -1, share: 7, dataMb: "x", batteryAbove: null, hidden: 1, categories: 5 };
  assert.deepEqual(readChoices(kept, CHOICES), CHOICES);
  assert.deepEqual(readChoices(null, CHOICES), CHOICES);
  const mine = { ...CHOICES, cores: 2, share: 0.2, hidden: false, categories: ["physics"] };
  assert.deepEqual(readChoices(JSON.parse(JSON.stringify(mine)), CHOICES), mine);
});

test("jobs that are helped are of kinds that both the visitor and the site chose", () => {
  assert.equal(agreedCategories(null, []), null);
  assert.deepEqual(agreedCategories(["physics"], []), ["physics"]);
  assert.deepEqual(agreedCategories(null, ["physics", "biology"]), ["physics", "biology"]);
  assert.deepEqual(agreedCategories(["physics"], ["physics", "biology"]), ["physics"]);
  assert.deepEqual(agreedCategories(["medicine"], ["physics"]), []);
});

test("a contribution counts parts, core time and jobs, the latest first", () => {
  const contribution = new Contribution();
  for (let n = 0; n < 30; n++) contribution.add({ id: `job_${n}`, name: `Job ${n}` }, 1000);
  contribution.add({ id: "job_20", name: "Job 20" }, 500);
  assert.equal(contribution.subJobs, 31);
  assert.equal(contribution.seconds, 30.5);
  assert.equal(contribution.jobs.length, 20);
  assert.deepEqual(contribution.jobs[0], { id: "job_20", name: "Job 20", subJobs: 2 });
  const kept = new Contribution(JSON.parse(JSON.stringify(contribution)));
  assert.deepEqual(kept, contribution);
  assert.equal(new Contribution({ jobs: [{}, null] }).jobs.length, 0);
  assert.equal(wattHours(3600, false), 6);
});

test("the middle of few values is not their mean", () => {
  assert.equal(median([1, 0.1, 0.9], 1), 0.9);
  assert.equal(median([], 7), 7);
});
