// The connection to the hub: says hello, keeps the token fresh, sends and receives the wire's messages.
// Responsible for the connection; not for what the messages lead to.

import {
  HubEvent,
  PROTOCOL,
  Refusal,
  VOLUNTEER_NAMESPACE,
  VolunteerEvent,
} from "../protocol.js";
import { io } from "../vendor/socket.io/socket.io.esm.min.js";

/** @typedef {import("../messages.js").Capabilities} Capabilities */
/** @typedef {import("../messages.js").VolunteerWelcome} VolunteerWelcome */
/** @typedef {import("../messages.js").VolunteerRefused} VolunteerRefused */
/** @typedef {import("../messages.js").LeaseOffer} LeaseOffer */
/** @typedef {import("../messages.js").LeaseRevoke} LeaseRevoke */
/** @typedef {import("../messages.js").ResultAck} ResultAck */
/** @typedef {import("../messages.js").Renewed} Renewed */
/** @typedef {import("../messages.js").SubJobResult} SubJobResult */

/**
 * @typedef {object} Listener
 * @property {(welcome: VolunteerWelcome) => void} onWelcome
 * @property {(offer: LeaseOffer) => void} onOffer
 * @property {(revoke: LeaseRevoke) => void} onRevoke
 * @property {(ack: ResultAck) => void} onAck
 * @property {() => void} onWork
 * @property {() => void} onLost the connection is gone; it will be tried again
 * @property {(refused: VolunteerRefused) => void} onRefused the hub does not want us; it is not tried again
 */

/** Socket.IO's decoder takes at most ten binary values a message: chunks in an offer, outputs in a report. */
const MOST_BINARIES = 10;

const RENEW_TIMEOUT_MS = 10_000;
const STEADY_MS = 60_000; // a connection that lasted this long clears what was held against us
const UPLOAD_TRIES = 3;
const UPLOAD_MS = 120_000;
const RETRY_MS = [1_000, 10_000, 60_000]; // after a refusal that a fresh token or some patience may mend
/** @type {ReadonlySet<string>} */
const FINAL = new Set([Refusal.UNSUPPORTED_PROTOCOL, Refusal.REPLACED, Refusal.BAD_MESSAGE]);
/** @type {ReadonlySet<string>} */
const STALE = new Set([Refusal.BAD_TOKEN, Refusal.TOKEN_EXPIRED]);

export class Client {
  #token;
  #site;
  #capabilities;
  #volunteerToken;
  #leaseIds;
  #listener;
  #refusals = 0;
  /** @type {VolunteerRefused | null} */
  #refused = null;
  /** @type {number | undefined} */
  #retry;
  #closed = false;
  #welcome = false;
  #welcomedAt = 0;
  #socket;

  /**
   * @param {{ token: string, site: string, capabilities: Capabilities, volunteerToken: string | null }} who
   * @param {() => string[]} leaseIds the leases that a new connection goes on with
   * @param {Listener} listener
   */
  constructor({ token, site, capabilities, volunteerToken }, leaseIds, listener) {
    this.#token = token;
    this.#site = site;
    this.#capabilities = capabilities;
    this.#volunteerToken = volunteerToken;
    this.#leaseIds = leaseIds;
    this.#listener = listener;
    this.#socket = io(location.origin + VOLUNTEER_NAMESPACE, {
      transports: ["websocket"],
      forceNew: true,
      autoConnect: false,
      reconnectionDelay: 500,
      reconnectionDelayMax: 30_000,
    });
    this.#hear();
  }

  connect() {
    this.#socket.connect();
  }

  /** Whether the hub has welcomed this connection. */
  get ready() {
    return this.#welcome;
  }

  /** @param {number} subJobs */
  requestLease(subJobs) {
    this.#send(VolunteerEvent.LEASE_REQUEST, {
      sub_jobs: Math.min(subJobs, MOST_BINARIES),
    });
  }

  /** @param {string} leaseId @param {string[] | null} subJobIds null: all of it @param {string} reason */
  release(leaseId, subJobIds, reason) {
    const message = { lease_id: leaseId, sub_job_ids: subJobIds, reason };
    this.#send(VolunteerEvent.LEASE_RELEASE, message);
  }

  /** @param {string} leaseId @param {SubJobResult[]} results */
  report(leaseId, results) {
    for (let first = 0; first < results.length; first += MOST_BINARIES)
      this.#send(VolunteerEvent.RESULT_REPORT, {
        lease_id: leaseId,
        results: results.slice(first, first + MOST_BINARIES),
      });
  }

  /** Keeps leases and the token alive. @param {string[]} leaseIds */
  async renew(leaseIds) {
    if (!this.#welcome) return;
    const message = { token: this.#token, lease_ids: leaseIds.slice(0, 100) };
    try {
      /** @type {Renewed} */
      const renewed = await this.#socket
        .timeout(RENEW_TIMEOUT_MS)
        .emitWithAck(VolunteerEvent.LEASE_RENEW, message);
      this.#token = renewed.token;
    } catch {
      // the connection is slow or lost; the next renewal, or the next welcome, mends it
    }
  }

  /** Sends a large output by HTTP. @param {BufferSource} output @returns {Promise<string>} its SHA-256 */
  async upload(output) {
    for (let attempt = 1; ; attempt++) {
      try {
        const response = await fetch("/volunteer/output", {
          method: "POST",
          credentials: "omit",
          headers: {
            authorization: `Bearer ${this.#token}`,
            "content-type": "application/octet-stream",
          },
          body: output,
          signal: AbortSignal.timeout(UPLOAD_MS),
        });
        if (!response.ok) throw new Error(`the hub answered ${response.status}`);
        return (await response.json()).sha256;
      } catch (error) {
        if (attempt === UPLOAD_TRIES || this.#closed) throw error;
        await new Promise((resume) => setTimeout(resume, 500 * 4 ** attempt));
      }
    }
  }

  close() {
    this.#closed = true;
    this.#welcome = false;
    clearTimeout(this.#retry);
    this.#socket.disconnect();
  }

  #hear() {
    const socket = this.#socket;
    socket.on("connect", () => this.#hello());
    socket.on("disconnect", () => this.#lost());
    socket.on("connect_error", () => this.#lost());
    socket.on(HubEvent.VOLUNTEER_WELCOME, (/** @type {VolunteerWelcome} */ welcome) => {
      this.#token = welcome.token;
      this.#volunteerToken = welcome.volunteer_token;
      this.#welcome = true;
      this.#welcomedAt = performance.now();
      this.#listener.onWelcome(welcome);
    });
    socket.on(HubEvent.VOLUNTEER_REFUSED, (/** @type {VolunteerRefused} */ refused) => {
      this.#refused = refused;
    });
    socket.on(HubEvent.LEASE_OFFER, (offer) => this.#listener.onOffer(offer));
    socket.on(HubEvent.LEASE_REVOKE, (revoke) => this.#listener.onRevoke(revoke));
    socket.on(HubEvent.RESULT_ACK, (ack) => this.#listener.onAck(ack));
    socket.on(HubEvent.WORK_AVAILABLE, () => this.#listener.onWork());
  }

  #hello() {
    this.#socket.emit(VolunteerEvent.VOLUNTEER_HELLO, {
      token: this.#token,
      protocol: PROTOCOL,
      kind: "browser",
      volunteer_token: this.#volunteerToken,
      site: this.#site,
      capabilities: this.#capabilities,
      lease_ids: this.#leaseIds().slice(0, 100),
    });
  }

  #lost() {
    if (this.#welcome && performance.now() - this.#welcomedAt > STEADY_MS) this.#refusals = 0;
    this.#welcome = false;
    if (this.#closed) return;
    const refused = this.#refused;
    this.#refused = null;
    if (refused && (FINAL.has(refused.code) || this.#refusals >= RETRY_MS.length)) {
      this.close();
      this.#listener.onRefused(refused);
      return;
    }
    this.#listener.onLost();
    if (refused || !this.#socket.active) void this.#comeBack(refused);
  }

  /** A connection that the hub itself ended is not tried again by Socket.IO. @param {VolunteerRefused | null} refused */
  async #comeBack(refused) {
    const delay = RETRY_MS[Math.min(this.#refusals++, RETRY_MS.length - 1)];
    await new Promise((resume) => (this.#retry = setTimeout(resume, delay)));
    if (refused && STALE.has(refused.code)) {
      // after a long sleep every token is stale; an unknown identity is replaced by a new one
      if (refused.code === Refusal.BAD_TOKEN) this.#volunteerToken = null;
      this.#token = (await freshToken()) ?? this.#token;
    }
    if (!this.#closed) this.#socket.connect();
  }

  /** @param {string} event @param {object} message */
  #send(event, message) {
    if (this.#welcome) this.#socket.emit(event, { token: this.#token, ...message });
  }
}

/** @returns {Promise<string | null>} the token of a newly loaded frame page */
async function freshToken() {
  try {
    const response = await fetch(location.href, {
      credentials: "omit",
      cache: "no-store",
      signal: AbortSignal.timeout(RENEW_TIMEOUT_MS),
    });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    return frameToken(page);
  } catch {
    return null;
  }
}

/** @param {Document} page @returns {string | null} */
export function frameToken(page) {
  return page.querySelector("meta[name=owc-token]")?.getAttribute("content") ?? null;
}
