// What is read of a browser: its family and first version, and no more of its GPU than two words.

import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.localStorage ??= /** @type {any} */ (undefined);
const { engineOf, gpuOf } = await import("../../static/frame/capability.js");

const AGENTS = [
  ["Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0", "gecko", "153"],
  ["Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.7.1 Safari/537.36", "blink", "156"],
  ["Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15", "webkit", "26"],
  ["Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148", "webkit", ""],
  ["Something else", "other", ""],
];

for (const [agent, engine, version] of AGENTS)
  test(`an engine is a family and a number: ${engine} ${version}`, () => {
    assert.deepEqual(engineOf(agent), { engine, engine_version: version });
  });

test("a GPU is a vendor and an architecture", () => {
  assert.equal(gpuOf({ vendor: "NVIDIA", architecture: "Ada Lovelace (AD102)" }), "nvidia/ada-lovelace-ad102-");
  assert.equal(gpuOf({ vendor: "apple", architecture: "" }), "apple/");
  assert.equal(gpuOf({ vendor: "", architecture: "x" }), null);
  assert.equal(gpuOf(undefined), null);
  const long = gpuOf({ vendor: "v".repeat(99), architecture: "a".repeat(99) }) ?? "";
  assert.ok(long.length <= 64);
});
