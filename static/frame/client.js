// The connection to the hub: says hello, keeps the token fresh, sends and receives the wire's messages.
// Responsible for the connection; not for what the messages lead to.

import {
  HubEvent,
  PROTOCOL,
  Refusal,
  VOLUNTEER_NAMESPACE,
  VolunteerEvent,
} from "../protocol.js";
import { packFarewell, packResults } from "./packing.js";
import { clientBuild } from "./renewal.js";
import { io } from "../vendor/socket.io/socket.io.esm.min.js";

/** @import { Capabilities, Checkpoint, Renewed, VolunteerRefused, VolunteerWelcome } from "../messages.js" */
/** @import { ClientListener, Release, Report, Result } from "./types.js" */


const MOST_SUB_JOBS = 1000; // of a request
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
   * @param {ClientListener} listener
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
    this.#send(VolunteerEvent.LEASE_REQUEST, { sub_jobs: Math.min(subJobs, MOST_SUB_JOBS) });
  }

  /** @param {string} leaseId @param {string[] | null} subJobIds null: all of it @param {string} reason */
  release(leaseId, subJobIds, reason) {
    const message = { lease_id: leaseId, sub_job_ids: subJobIds, reason };
    this.#send(VolunteerEvent.LEASE_RELEASE, message);
  }

  /** @param {string} leaseId @param {Result[]} results @param {number} wants sub-jobs asked for along with it */
  report(leaseId, results, wants = 0) {
    const messages = packResults(results);
    messages.forEach((packed, index) =>
      this.#send(VolunteerEvent.RESULT_REPORT, {
        lease_id: leaseId,
        ...packed,
        wants: index === messages.length - 1 ? Math.min(wants, MOST_SUB_JOBS) : 0,
      }),
    );
  }

  /**
   * Shows what a sub-job that still runs has made so far. Lost if there is no connection: another one follows.
   * @param {string} leaseId
   * @param {Omit<Checkpoint, "output_bytes">} checkpoint
   * @param {ArrayBuffer} outputs
   */
  checkpoint(leaseId, checkpoint, outputs) {
    const checkpoints = [{ ...checkpoint, output_bytes: outputs.byteLength }];
    this.#send(VolunteerEvent.CHECKPOINT_REPORT, { lease_id: leaseId, checkpoints, outputs });
  }

  /**
   * Keeps leases and the token alive.
   * @param {string[]} leaseIds
   * @returns {Promise<boolean>} whether the hub answered in time
   */
  async renew(leaseIds) {
    if (!this.#welcome) return true;
    const message = { token: this.#token, lease_ids: leaseIds.slice(0, 100) };
    try {
      /** @type {Renewed} */
      const renewed = await this.#socket
        .timeout(RENEW_TIMEOUT_MS)
        .emitWithAck(VolunteerEvent.LEASE_RENEW, message);
      this.#token = renewed.token;
      return true;
    } catch {
      return false; // the connection is slow or lost; the next renewal, or the next welcome, mends it
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

  /**
   * The last words of a page, by a beacon. Results that it took need not be sent so again.
   * @param {Report[]} reports @param {Release[]} releases
   */
  farewell(reports, releases) {
    if (!this.#welcomedAt) return;
    const { body, taken } = packFarewell(this.#token, reports, releases);
    if (!taken.length && !releases.length) return;
    if (navigator.sendBeacon("/volunteer/leave", body))
      for (const report of taken) report.beaconed = true;
  }

  /** A connection that was lost is tried again at once, one that may be dead is tried out. */
  async wake() {
    if (this.#closed) return;
    if (!this.#socket.connected) this.#socket.connect();
    else if (!(await this.renew(this.#leaseIds())) && !this.#closed)
      /** @type {any} */ (this.#socket).io.engine?.close(); // after a sleep a socket can look alive and be dead
  }

  /** Has the hub forget this volunteer, even if the page is left. */
  forget() {
    if (this.#welcomedAt) navigator.sendBeacon("/volunteer/forget", this.#token);
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
    /** @param {VolunteerWelcome} welcome @param {(() => void) | undefined} acknowledge */
    const welcomed = (welcome, acknowledge) => {
      acknowledge?.(); // by which the hub knows how far away we are
      this.#token = welcome.token;
      this.#volunteerToken = welcome.volunteer_token;
      this.#welcome = true;
      this.#welcomedAt = performance.now();
      this.#listener.onWelcome(welcome);
    };
    socket.on(HubEvent.VOLUNTEER_WELCOME, welcomed);
    socket.on(HubEvent.VOLUNTEER_REFUSED, (/** @type {VolunteerRefused} */ refused) => {
      this.#refused = refused;
    });
    socket.on(HubEvent.LEASE_OFFER, (offer) => this.#listener.onOffer(offer));
    socket.on(HubEvent.LEASE_REVOKE, (revoke) => this.#listener.onRevoke(revoke));
    socket.on(HubEvent.RESULT_ACK, (ack) => this.#listener.onAck(ack));
    socket.on(HubEvent.VOLUNTEER_STANDING, (standing) => this.#listener.onStanding(standing));
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
      build: clientBuild(document),
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
    const delay = RETRY_MS[Math.min(this.#refusals++, RETRY_MS.length - 1)] ?? 0;
    await new Promise((resume) => (this.#retry = setTimeout(resume, delay * jitter())));
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

/** Of a delay, so that a crowd does not come back as one: 0.5 to 1.5 */
const jitter = () => 0.5 + Math.random();

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
