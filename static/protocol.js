// Generated from owc/web/messages.py by `python -m owc.web.protocol_js`.

export const PROTOCOL = 2;
export const VOLUNTEER_NAMESPACE = "/volunteer";
export const WATCH_NAMESPACE = "/watch";

/** Events that a volunteer sends. */
export const VolunteerEvent = Object.freeze({
  VOLUNTEER_HELLO: "volunteer_hello",
  LEASE_REQUEST: "lease_request",
  LEASE_RENEW: "lease_renew",
  LEASE_RELEASE: "lease_release",
  RESULT_REPORT: "result_report",
  CHECKPOINT_REPORT: "checkpoint_report",
});

/** Events that the hub sends. */
export const HubEvent = Object.freeze({
  VOLUNTEER_WELCOME: "volunteer_welcome",
  VOLUNTEER_STANDING: "volunteer_standing",
  VOLUNTEER_REFUSED: "volunteer_refused",
  LEASE_OFFER: "lease_offer",
  LEASE_REVOKE: "lease_revoke",
  RESULT_ACK: "result_ack",
  WORK_AVAILABLE: "work_available",
});

/** Events of the live pages. */
export const WatchEvent = Object.freeze({
  WATCH_JOBS: "watch_jobs",
  WATCH_JOB: "watch_job",
  JOB_CHANGED: "job_changed",
});

/** Codes of volunteer_refused. */
export const Refusal = Object.freeze({
  BAD_MESSAGE: "bad_message",
  BAD_TOKEN: "bad_token",
  TOKEN_EXPIRED: "token_expired",
  HELLO_FIRST: "hello_first",
  HELLO_TWICE: "hello_twice",
  UNSUPPORTED_PROTOCOL: "unsupported_protocol",
  UNKNOWN_SITE: "unknown_site",
  REPLACED: "replaced",
  TOO_MANY_MESSAGES: "too_many_messages",
  TOO_MANY_HELLOS: "too_many_hellos",
  INTERNAL_ERROR: "internal_error",
});
