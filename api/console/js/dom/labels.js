/** What the service says in names, in words. Pure. */

/** @type {Record<string, string>} */
const REASONS = {
  retry: "Something that may pass went wrong",
  shutdown: "Its worker was shut down",
  resume: "It was resumed",
  worker_lost: "Its worker was lost",
  store_lost: "The store lost what it had",
};

/** @import { Connection, State } from "../stream/connection.js" */
/** @import { CallFailed } from "../service/problem.js" */
/** @import { Ending, GapEvent, StatusEvent } from "../wire.d.ts" */

/**
 * The mark that a `status` leaves in what the job says; null for the ordinary beginning.
 *
 * @param {StatusEvent} event
 */
export function statusLabel({ status, attempt, reason, resumed }) {
  if (status !== "running" || !reason) return null;
  const why = REASONS[reason] ?? reason;
  const how = resumed ? "it goes on from its last checkpoint." : "it begins anew.";
  return { title: `attempt ${attempt}`, detail: `${why}; ${how}` };
}

/** @param {GapEvent} event */
export function gapLabel({ from, to, reason }) {
  const why = reason === "trimmed" ? "the log does not have them any more" : "the store lost them";
  return { title: "a gap", detail: `Events ${from} to ${to} can't be had: ${why}.` };
}

/**
 * The state of the line: one word, and what is to be said about it.
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
      return ["dropped", `on purpose, after ${last}; back in a moment`];
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
  if (status === "cancelled") return { title: "Cancelled", detail: "What came before the cancel is kept." };
  const hope = error?.retryable ? "The same job may do better later." : "";
  return { title: `Failed: ${error?.type ?? "unknown"}`, detail: [error?.detail, hope].filter(Boolean).join(" ") };
}

/**
 * A time that has passed; a short one in tenths of a second where it is over.
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
