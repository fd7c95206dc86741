// The ledger of sub-jobs, and how chunks and outputs are packed for the wire. Run by `node --test`.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Ledger } from "../../static/frame/ledger.js";
import { pack, packResults, unpack } from "../../static/frame/packing.js";
import { chunkOf } from "../../static/frame/programs.js";

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
      chunk_bytes: null,
      chunk_url: null,
      chunk_sha256: null,
    })),
    chunks: null,
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
  const [done] = ledger.acknowledge([receipt("sub_1")]);
  assert.equal(ledger.unacknowledged().length, 0);
  assert.equal(typeof done?.job.id, "string");
});

test("a sub-job that failed is acknowledged and not counted as done; one that trapped is", () => {
  const ledger = new Ledger(2);
  ledger.accept(offer("lease_a", "sub_1", "sub_2"));
  for (const change of [{ error: "out_of_memory", output: null }, { trap_site: 7, output: null }])
    ledger.finish(ended(ledger.next()?.sub_job_id, change));
  assert.equal(ledger.acknowledge([receipt("sub_1"), receipt("sub_2")]).length, 1);
  assert.equal(ledger.unacknowledged().length, 0);
});

test("ledger counts no acknowledgement twice, and late or refused results not at all", () => {
  const ledger = new Ledger(1);
  ledger.accept(offer("lease_a", "sub_1", "sub_2", "sub_3"));
  for (const id of ["sub_1", "sub_2", "sub_3"]) {
    ledger.next();
    ledger.finish(ended(id));
  }
  const done = [
    ...ledger.acknowledge([receipt("sub_1"), receipt("sub_1"), receipt("sub_unknown")]),
    ...ledger.acknowledge([receipt("sub_1"), receipt("sub_2", "too_late")]),
    ...ledger.acknowledge([receipt("sub_3", "refused")]),
  ];
  assert.equal(done.length, 1);
});

test("ledger takes an empty offer as no work and a repeated one only once", () => {
  const ledger = new Ledger(1);
  const nothing = { lease_id: null, lease_seconds: 0, job: null, program: null, sub_jobs: [], chunks: null };
  assert.equal(ledger.accept(nothing), 0);
  assert.equal(ledger.accept(offer("lease_a", "sub_1")), 1);
  assert.equal(ledger.accept(offer("lease_b", "sub_1")), 0);
});

test("a revoked lease stops its running sub-jobs and their late results find no place", () => {
  const ledger = new Ledger(2);
  ledger.accept(offer("lease_a", "sub_1", "sub_2"));
  ledger.accept(offer("lease_b", "sub_3"));
  ledger.next();
  assert.deepEqual(ledger.revoke("lease_a", null), ["sub_1"]);
  assert.equal(ledger.finish(ended("sub_1")), null);
  assert.equal(ledger.next()?.sub_job_id, "sub_3");
  assert.deepEqual(ledger.leaseIds(), ["lease_b"]);
});

test("a revocation that names sub-jobs takes these and leaves the rest of the lease", () => {
  const ledger = new Ledger(2);
  ledger.accept(offer("lease_a", "sub_1", "sub_2", "sub_3", "sub_4"));
  ledger.next();
  ledger.next();
  assert.deepEqual(ledger.revoke("lease_a", ["sub_2", "sub_3", "sub_9"]), ["sub_2"]);
  assert.equal(ledger.isRunning("sub_1"), true);
  assert.equal(ledger.next()?.sub_job_id, "sub_4");
  assert.equal(ledger.next(), undefined);
});

test("ledger knows the lease of what runs, and of nothing else", () => {
  const ledger = new Ledger(1);
  ledger.accept(offer("lease_a", "sub_1", "sub_2"));
  assert.equal(ledger.leaseOf("sub_1"), undefined, "it has not begun");
  ledger.next();
  assert.equal(ledger.leaseOf("sub_1"), "lease_a");
  ledger.finish(ended("sub_1"));
  assert.equal(ledger.leaseOf("sub_1"), undefined, "its result is on the way");
  ledger.next();
  ledger.revoke("lease_a", ["sub_2"]);
  assert.equal(ledger.leaseOf("sub_2"), undefined, "it was revoked");
});

test("ledger cuts the chunks of an offer apart, whichever of its sub-jobs are new", async () => {
  const ledger = new Ledger(2);
  const offered = offer("lease_a", "sub_1", "sub_2", "sub_3");
  [2, null, 3].forEach((bytes, index) => (offered.sub_jobs[index].chunk_bytes = bytes));
  ledger.accept(offer("lease_b", "sub_1"));
  assert.equal(ledger.accept({ ...offered, chunks: new Uint8Array([1, 2, 3, 4, 5]).buffer }), 2);
  assert.equal(ledger.next()?.leaseId, "lease_b");
  assert.equal(ledger.next()?.chunk, null);
  const last = ledger.next();
  assert.deepEqual([...new Uint8Array(await chunkOf(last))], [3, 4, 5]);
});

test("parts are packed into one binary and found again, empty ones and none apart", () => {
  const parts = [new Uint8Array([1, 2]).buffer, null, new ArrayBuffer(0), new Uint8Array([3]).buffer];
  const packed = pack(parts);
  assert.deepEqual([...packed], [1, 2, 3]);
  const lengths = parts.map((part) => part?.byteLength ?? null);
  assert.deepEqual(
    unpack(packed, lengths).map((part) => part && [...part]),
    [[1, 2], null, [], [3]],
  );
  assert.equal(pack([null, null]), null);
  assert.deepEqual(unpack(null, [null, 0]).map((part) => part?.byteLength ?? null), [null, 0]);
});

test("results go into as many messages as their number and bytes need, each once and in order", () => {
  const many = Array.from({ length: 250 }, (_, index) => ended(`sub_${index}`));
  assert.deepEqual(packResults(many).map(({ results }) => results.length), [100, 100, 50]);
  const large = [300, 300, 100, 900, 1].map((kib, index) =>
    ended(`sub_${index}`, { output: new Uint8Array(kib * 1024).fill(index).buffer }),
  );
  const messages = packResults([...large, ended("sub_5", { output: null, error: "out_of_memory" })]);
  assert.deepEqual(
    messages.map(({ results }) => results.map((result) => result.sub_job_id)),
    [["sub_0"], ["sub_1", "sub_2"], ["sub_3"], ["sub_4", "sub_5"]],
  );
  const { results, outputs } = messages[1];
  assert.deepEqual(results.map((result) => result.output_bytes), [300 * 1024, 100 * 1024]);
  assert.equal("output" in results[0], false);
  assert.deepEqual([outputs.length, outputs[0], outputs.at(-1)], [400 * 1024, 1, 2]);
  assert.deepEqual(packResults([]), []);
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
  const [first] = offer("lease_a", "sub_1").sub_jobs;
  const offered = { ...first, chunk, chunk_bytes: 4, chunk_sha256: "0".repeat(64) };
  await assert.rejects(chunkOf(offered), /chunk is not what its SHA-256 says/);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", chunk));
  const hex = Buffer.from(digest).toString("hex");
  assert.equal((await chunkOf({ ...offered, chunk_sha256: hex })).byteLength, 4);
  await assert.rejects(chunkOf({ ...offered, chunk_bytes: 5 }), /without its chunk/);
});
