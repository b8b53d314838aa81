/**
 * fetch-event-source on a job's events: by GET, and by a POST that creates the job and streams it.
 *
 * The handlers are those of the library's README, including the strict check of the content type. Two cases
 * are added: a clean end is the end of the job here, and 204 means that nothing follows the `end` that the
 * page already has.
 */

import { byId, clear, list, outcome, refusal, say, text } from "./shown.js";
import { EventStreamContentType, fetchEventSource } from "./vendor/fetch-event-source/index.js";

class RetriableError extends Error {}
class FatalError extends Error {}

const form = byId("form", HTMLFormElement);
const question = byId("question", HTMLTextAreaElement);
const key = byId("key", HTMLInputElement);
const close = byId("close", HTMLButtonElement);

/** @typedef {(signal: AbortSignal) => Promise<void>} Way */

/** @type {Record<string, Way>} by the value of the button that was pressed */
const WAYS = { get: byGet, post: byPost, wait: withoutStream };

/** @type {AbortController | null} */
let control = null;

form.onsubmit = (event) => {
  event.preventDefault();
  const way = event.submitter instanceof HTMLButtonElement && WAYS[event.submitter.value];
  if (way) run(way);
};
close.onclick = () => {
  control?.abort();
  say("closed; the job keeps running");
};

/**
 * Post the job, then GET its events.
 *
 * @type {Way}
 */
async function byGet(signal) {
  const job = await posted({ headers: headers(), signal });
  await stream(job.urls.events, { headers: authorization(), signal });
}

/**
 * One request for both. The key makes a repeat join the job it has made, so that a cut can be resumed from.
 *
 * @type {Way}
 */
async function byPost(signal) {
  const own = { ...headers(), "Idempotency-Key": crypto.randomUUID() };
  await stream("../../jobs", { method: "POST", headers: own, body: body(), signal });
}

/** @type {Way} */
async function withoutStream(signal) {
  const job = await posted({ headers: { ...headers(), Prefer: "wait=60" }, signal });
  text.textContent = job.result?.answer ?? "";
  say(outcome(job));
}

/** @param {RequestInit} options */
async function posted(options) {
  const response = await fetch("../../jobs", { method: "POST", body: body(), ...options });
  const job = await response.json();
  if (!response.ok) throw new FatalError(refusal(job));
  return job;
}

/**
 * @param {string} url
 * @param {import("./vendor/fetch-event-source/index.js").FetchEventSourceInit} options
 */
function stream(url, options) {
  let ended = false;
  let connections = 0;
  return fetchEventSource(url, {
    ...options,
    async onopen(response) {
      if (response.ok && response.headers.get("content-type") === EventStreamContentType) {
        connections += 1;
        return say(connections > 1 ? `live again, connection ${connections}` : "live");
      }
      if (response.status === 204) throw new FatalError("there are no more events");
      if (response.status >= 400 && response.status < 500 && response.status !== 429) {
        throw new FatalError(refusal(await response.json()));
      }
      throw new RetriableError(`The service returned ${response.status}.`);
    },
    onmessage({ id, event, data }) {
      list(id, event, data);
      if (event === "messages") text.textContent += JSON.parse(data).message.content;
      if (event !== "end") return;
      ended = true;
      say(outcome(JSON.parse(data)));
    },
    onclose() {
      if (!ended) throw new RetriableError("The connection ended before the job did.");
    },
    onerror(error) {
      if (error instanceof FatalError) throw error;
      say("connection lost; the library reconnects");
    },
  });
}

/** @param {Way} way */
async function run(way) {
  control?.abort();
  const own = new AbortController();
  control = own;
  clear();
  close.disabled = false;
  say("posting the job");
  try {
    await way(own.signal);
  } catch (error) {
    if (!own.signal.aborted) say(error instanceof Error ? error.message : String(error));
  }
  // Another run may have started; the page then belongs to it.
  if (control === own) close.disabled = true;
}

/** @returns {Record<string, string>} */
function authorization() {
  return key.value ? { Authorization: `Bearer ${key.value}` } : {};
}

function headers() {
  return { "Content-Type": "application/json", ...authorization() };
}

function body() {
  return JSON.stringify({ graph: "answer", input: { question: question.value } });
}
