// Binaries travel as one in each message: cut apart when they come, joined when they leave. Pure.

/** @import { SubJobResult } from "../messages.js" */
/** @import { Release, Report, Result } from "./types.js" */

const MOST_RESULTS = 100; // of a message
const MOST_BYTES = 512 * 1024;
const MOST_FAREWELL_BYTES = 48 * 1024; // browsers take 64 KB of beacons in all
const MOST_LEASES = 100; // of a farewell
const RESULT_BYTES = 300; // of one in JSON, without its error

/**
 * @param {ArrayBuffer | Uint8Array | null} packed
 * @param {readonly (number | null)[]} lengths of the parts, in order
 * @returns {(Uint8Array | null)[]} the parts; null where there is none
 */
export function unpack(packed, lengths) {
  const bytes = packed ? new Uint8Array(packed) : new Uint8Array();
  let at = 0;
  return lengths.map((length) =>
    length === null ? null : bytes.subarray(at, (at += length)),
  );
}

/** @param {readonly (ArrayBuffer | null)[]} parts @returns {Uint8Array | null} null if there is none */
export function pack(parts) {
  const there = parts.filter((part) => part !== null);
  if (!there.length) return null;
  const packed = new Uint8Array(there.reduce((bytes, part) => bytes + part.byteLength, 0));
  let at = 0;
  for (const part of there) {
    packed.set(new Uint8Array(part), at);
    at += part.byteLength;
  }
  return packed;
}

/** @param {Result} result @returns {SubJobResult} without its output */
const withoutOutput = ({ output, ...rest }) => ({ ...rest, output_bytes: output?.byteLength ?? null });

/**
 * The body of a farewell: a line of JSON, then outputs. It takes as many reports, in their order, as fit.
 * @param {string} token
 * @param {readonly Report[]} reports
 * @param {readonly Release[]} releases
 * @returns {{ body: Uint8Array<ArrayBuffer>, taken: Report[] }}
 */
export function packFarewell(token, reports, releases) {
  /** @type {Report[]} */
  const taken = [];
  /** @type {Map<string, Result[]>} */
  const leases = new Map();
  let bytes = 0;
  for (const report of reports) {
    const { leaseId, result } = report;
    bytes += RESULT_BYTES + (result.output?.byteLength ?? 0) + (result.error?.length ?? 0) * 3;
    if (bytes > MOST_FAREWELL_BYTES || taken.length === MOST_RESULTS) break;
    taken.push(report);
    leases.set(leaseId, [...(leases.get(leaseId) ?? []), result]);
  }
  const line = JSON.stringify({
    token,
    reports: [...leases].map(([lease_id, results]) => ({
      lease_id,
      results: results.map(withoutOutput),
    })),
    releases: releases.slice(0, MOST_LEASES).map(({ leaseId, subJobIds }) => ({
      lease_id: leaseId,
      sub_job_ids: subJobIds,
    })),
  });
  const outputs = [...leases.values()].flat().map(({ output }) => output);
  const head = new TextEncoder().encode(`${line}\n`);
  const body = new Uint8Array(head.byteLength + (pack(outputs)?.byteLength ?? 0));
  body.set(head);
  body.set(pack(outputs) ?? [], head.byteLength);
  return { body, taken };
}

/** Results, packed into as many messages as they need. @param {readonly Result[]} results @returns {{ results: SubJobResult[], outputs: Uint8Array | null }[]} */
export function packResults(results) {
  /** @type {Result[][]} */
  const groups = [];
  let bytes = 0;
  for (const result of results) {
    const size = result.output?.byteLength ?? 0;
    const group = groups.at(-1);
    if (group && group.length < MOST_RESULTS && bytes + size <= MOST_BYTES) group.push(result);
    else {
      groups.push([result]);
      bytes = 0;
    }
    bytes += size;
  }
  return groups.map((group) => ({
    results: group.map(withoutOutput),
    outputs: pack(group.map(({ output }) => output)),
  }));
}
