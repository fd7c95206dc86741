// What the parts of the frame tell each other. Types only, read by the type checker and never loaded; what the wire
// carries is in messages.d.ts.

import type {
  LeaseOffer,
  LeaseRevoke,
  OfferedJob,
  OfferedProgram,
  OfferedSubJob,
  ResultAck,
  SubJobResult,
  VolunteerRefused,
  VolunteerStanding,
  VolunteerWelcome,
} from "../messages.js";

// The volunteer and who shows it -------------------------------------------------------------------

export type Phase =
  | "connecting"
  | "working"
  | "waiting"
  | "paused"
  | "resting"
  | "offline"
  | "refused"
  | "unable"
  | "elsewhere";

export interface VolunteerListener {
  onPhase(phase: Phase, reason: string): void;
  /** The job that is worked on now. */
  onJob(job: OfferedJob): void;
  /** Results that the hub has acknowledged as useful. */
  onDone(done: Done[]): void;
  onProgress(fractions: number[]): void;
  /** Speed of a worker's core as a part of its best, and by how much it woke up too late. */
  onPace(pace: number, lateMs: number): void;
  /** Came from or went to the hub. */
  onBytes(bytes: number): void;
  /** Speed of one core, measured once. */
  onScore(score: number): void;
  /** To be kept for the next visit. */
  onIdentity(volunteerToken: string): void;
  /** Whether a newer client may be loaded now, as far as the frame knows. */
  mayReload(): boolean;
  /** The hub serves a newer client, and no result is at risk any more. */
  onOutdated(): void;
  onStanding(standing: VolunteerStanding): void;
}

export interface Done {
  job: OfferedJob;
  elapsedMs: number;
}

/** Those who show a volunteer's time at work. */
export interface ShiftListener {
  onPhase(phase: Phase, reason: string): void;
  onJob(job: OfferedJob): void;
  onDone(subJobs: number): void;
  onProgress(fractions: number[]): void;
  onStanding(standing: VolunteerStanding): void;
  mayReload(): boolean;
  onOutdated(): void;
}

// The connection -----------------------------------------------------------------------------------

export interface ClientListener {
  onWelcome(welcome: VolunteerWelcome): void;
  onOffer(offer: LeaseOffer): void;
  onRevoke(revoke: LeaseRevoke): void;
  onAck(ack: ResultAck): void;
  onStanding(standing: VolunteerStanding): void;
  onWork(): void;
  /** The connection is gone; it will be tried again. */
  onLost(): void;
  /** The hub does not want us; it is not tried again. */
  onRefused(refused: VolunteerRefused): void;
}

// Sub-jobs -----------------------------------------------------------------------------------------

export interface SubJob extends OfferedSubJob {
  leaseId: string;
  job: OfferedJob;
  program: OfferedProgram;
  chunk: Uint8Array | null;
}

/** How a sub-job ended: as on the wire, but with its output. */
export type Result = Omit<SubJobResult, "output_bytes"> & { output: ArrayBuffer | null };

export interface Report {
  leaseId: string;
  job: OfferedJob;
  result: Result;
  /** It was sent by a beacon, too. */
  beaconed: boolean;
}

export interface Release {
  leaseId: string;
  subJobIds: string[];
}

/** The hub's program that measures a core, and its input. */
export interface Benchmark {
  module: WebAssembly.Module;
  chunk: ArrayBuffer;
}

// The workers --------------------------------------------------------------------------------------

/** What a worker is given. */
export interface Job {
  subJobId: string;
  rows: number;
  /** Handed over to the worker. */
  chunk: ArrayBuffer;
  program: { sha256: string; module: WebAssembly.Module; memoryBytes: number };
  /** Largest output that is wanted of an unfinished sub-job; 0: none. */
  checkpointBytes: number;
}

export interface PoolListener {
  /** A worker is free. */
  onIdle(): void;
  onDone(
    subJobId: string,
    output: ArrayBuffer,
    rowsDone: number,
    trapSite: number | null,
    elapsedMs: number,
  ): void;
  /** The result so far of a sub-job that still runs. */
  onCheckpoint(subJobId: string, output: ArrayBuffer, rowsDone: number, elapsedMs: number): void;
  onFailed(subJobId: string, error: string, elapsedMs: number): void;
  /** A sub-job was ended because its worker did not start or not pause in time. */
  onStuck(subJobId: string): void;
  /** No worker starts in this browser. */
  onUnable(): void;
  onPace(pace: number, lateMs: number): void;
  /** Part done of each worker's sub-job, 0 to 1; at most a few times a second. */
  onProgress(fractions: number[]): void;
}

/** One worker and what it does. */
export interface Seat {
  worker: Worker | null;
  /** It has said that it is ready. */
  started: boolean;
  /** Of the program that it has loaded. */
  programSha256: string;
  job: Job | null;
  fraction: number;
  /** performance.now() of its last message. */
  heardAt: number;
  /** It has paused. */
  quiet: boolean;
}
