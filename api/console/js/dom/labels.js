/** The words for the names that the service uses. Pure. */

/** @type {Record<string, string>} */
const REASONS = {
  retry: "A transient error occurred",
  shutdown: "Its worker was shut down",
  resume: "It was resumed",
  worker_lost: "Its worker was lost",
  store_lost: "The store lost data",
};

/** @import { Connection, State } from "../stream/connection.js" */
/** @import { CallFailed } from "../service/problem.js" */
/** @import { Ending, GapEvent, StatusEvent } from "../wire.d.ts" */

/**
 * The mark that a `status` leaves in the job's output; null for an ordinary start.
 *
 * @param {StatusEvent} event
 */
export function statusLabel({ status, attempt, reason, resumed }) {
  if (status !== "running" || !reason) return null;
  const why = REASONS[reason] ?? reason;
  const how = resumed ? "it resumes from its last checkpoint." : "it starts from the beginning.";
  return { title: `attempt ${attempt}`, detail: `${why}; ${how}` };
}

/** @param {GapEvent} event */
export function gapLabel({ from, to, reason }) {
  const why = reason === "trimmed" ? "the log no longer has them" : "the store lost them";
  return { title: "gap", detail: `Events ${from} to ${to} are missing: ${why}.` };
}

/**
 * The state of the connection: one word, and a detail.
 *
 * @param {State} state
 * @param {Pick<Connection, "resumes" | "last">} line
 * @param {CallFailed | null} error
 * @returns {[string, string]}
 */
export function connectionLabel(state, { resumes, last }, error) {
  const after = resumes.at(-1);
  switch (state) {
    case "connecting":
      return ["connecting…", ""];
    case "live":
      return after === undefined ? ["live", ""] : [`resumed after ${after}`, "and live"];
    case "dropped":
      return ["disconnected", `on purpose, after ${last}; reconnects in a moment`];
    case "reconnecting":
      return ["reconnecting…", last ? `has everything up to ${last}` : ""];
    case "ended":
      return ["ended", times(resumes.length)];
    case "stopped":
      return ["stopped", error?.message ?? ""];
    default:
      return ["", ""];
  }
}

/** @param {number} count */
function times(count) {
  if (count === 0) return "on one connection";
  return count === 1 ? "reconnected once" : `reconnected ${count} times`;
}

/** @param {Ending} ending */
export function outcomeLabel({ status, error }) {
  if (status === "succeeded") return { title: "Succeeded", detail: "" };
  if (status === "cancelled") return { title: "Cancelled", detail: "Everything before the cancellation is kept." };
  const hope = error?.retryable ? "The same job may succeed later." : "";
  return { title: `Failed: ${error?.type ?? "unknown"}`, detail: [error?.detail, hope].filter(Boolean).join(" ") };
}

/**
 * An elapsed time; a short one in tenths of a second once it is over.
 *
 * @param {number} ms
 * @param {boolean} over
 */
export function duration(ms, over) {
  const s = Math.max(ms, 0) / 1000;
  if (s < 10 && over) return `${s.toFixed(1)} s`;
  if (s < 60) return `${Math.floor(s)} s`;
  const whole = Math.floor(s);
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** @type {Record<string, string>} announced to screen readers; for any other status, its name is */
export const ANNOUNCED = {
  waiting: "The job is waiting for you.",
  succeeded: "The job succeeded.",
  failed: "The job failed.",
  cancelled: "The job was cancelled.",
};
/** @type {Record<string, string>} shown in place of the output as long as there is none */
export const QUIET = { queued: "Queued: no worker has taken it yet.", running: "Running: no output yet." };
