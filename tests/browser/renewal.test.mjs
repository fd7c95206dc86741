// When a frame may load a newer client: once in a while, never in a loop.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Renewal } from "../../static/frame/renewal.js";

const MINUTE_MS = 60_000;

/** @returns {any} a tab's storage */
function storage() {
  const kept = new Map();
  return {
    getItem: (/** @type {string} */ key) => kept.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) => void kept.set(key, value),
  };
}

test("a tab that was never reloaded may be", () => {
  assert.equal(new Renewal(storage()).isDue, true);
});

test("a tab that was reloaded a moment ago is not reloaded again", () => {
  const kept = storage();
  let nowMs = 0;
  assert.equal(new Renewal(kept, () => nowMs).begin(0), true);
  const after = new Renewal(kept, () => nowMs);
  assert.equal(after.isDue, false);
  nowMs = 9 * MINUTE_MS;
  assert.equal(after.isDue, false);
  nowMs = 10 * MINUTE_MS;
  assert.equal(after.isDue, true);
});

test("a clock that was set back blocks no reload for long", () => {
  const kept = storage();
  new Renewal(kept, () => 100 * MINUTE_MS).begin(0);
  assert.equal(new Renewal(kept, () => 1).isDue, true);
});

test("what was done before a reload is told once", () => {
  const kept = storage();
  assert.equal(new Renewal(kept).takeDone(), 0);
  new Renewal(kept).begin(12);
  const after = new Renewal(kept);
  assert.equal(after.takeDone(), 12);
  assert.equal(after.takeDone(), 0);
  assert.equal(after.isDue, false, "when it was is still known");
});

test("without storage nothing is reloaded", () => {
  const denied = /** @type {any} */ ({
    getItem: () => null,
    setItem: () => {
      throw new DOMException("denied", "QuotaExceededError");
    },
  });
  assert.equal(new Renewal(null).isDue, false);
  assert.equal(new Renewal(null).begin(1), false);
  assert.equal(new Renewal(denied).begin(1), false);
  assert.equal(new Renewal(denied).takeDone(), 0);
});

test("what else stands in the storage does no harm", () => {
  const kept = storage();
  for (const text of ["null", "[]", "7", "{", '{"at":"x","done":"y"}']) {
    kept.setItem("owc.renewal", text);
    assert.equal(new Renewal(kept).takeDone(), 0);
    assert.equal(new Renewal(kept).isDue, true);
  }
});

test("tabs reload at different times", () => {
  const waits = new Set(Array.from({ length: 20 }, () => new Renewal(null).waitMs));
  assert.ok(waits.size > 1);
  assert.ok(Math.max(...waits) <= 5000);
});
