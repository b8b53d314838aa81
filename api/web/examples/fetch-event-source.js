/**
 * fetch-event-source on a job's events: by GET, and by a POST that makes the job and streams it.
 *
 * The handlers are those of the library's README, strict check of the content type included. Two things
 * are told apart that the README does not: a clean end is the end of the job here, and 204 says that
 * there is nothing behind the `end` that the page has.
 */

import { EventStreamContentType, fetchEventSource } from "./vendor/fetch-event-source/index.js";

class RetriableError extends Error {}
class FatalError extends Error {}

const form = document.getElementById("form");
const text = document.getElementById("text");
const events = document.getElementById("events");
const close = document.getElementById("close");
let control = null;

form.onsubmit = (event) => {
  event.preventDefault();
  run({ get: byGet, post: byPost, wait: withoutStream }[event.submitter.value]);
};
close.onclick = () => {
  control.abort();
  say("closed; the job goes on without a listener");
};

/** Post the job, then GET its events. */
async function byGet() {
  const response = await fetch("../../jobs", { method: "POST", headers: headers(), body: body() });
  const job = await response.json();
  if (!response.ok) throw new FatalError(words(job));
  await stream(job.urls.events, { headers: authorization() });
}

/** One request for both. The key makes a repeat join the job it has made, so a cut can be gone on from. */
async function byPost() {
  const own = { ...headers(), "Idempotency-Key": crypto.randomUUID() };
  await stream("../../jobs", { method: "POST", headers: own, body: body() });
}

async function withoutStream() {
  const own = { ...headers(), Prefer: "wait=60" };
  const response = await fetch("../../jobs", { method: "POST", headers: own, body: body() });
  const job = await response.json();
  if (!response.ok) throw new FatalError(words(job));
  text.textContent = job.result?.answer ?? "";
  say(job.error ? `${job.status}: ${job.error.detail}` : job.status);
}

function stream(url, options) {
  let ended = false;
  let connections = 0;
  return fetchEventSource(url, {
    ...options,
    signal: control.signal,
    async onopen(response) {
      if (response.ok && response.headers.get("content-type") === EventStreamContentType) {
        connections += 1;
        return say(connections > 1 ? `live again, connection ${connections}` : "live");
      }
      if (response.status === 204) throw new FatalError("nothing is left to come");
      if (response.status >= 400 && response.status < 500 && response.status !== 429) {
        throw new FatalError(words(await response.json()));
      }
      throw new RetriableError(`The service answered ${response.status}.`);
    },
    onmessage(message) {
      heard(message);
      if (message.event === "messages") text.textContent += JSON.parse(message.data).message.content;
      if (message.event !== "end") return;
      ended = true;
      const { status, error } = JSON.parse(message.data);
      say(error ? `${status}: ${error.detail}` : status);
    },
    onclose() {
      if (!ended) throw new RetriableError("The line ended before the job.");
    },
    onerror(error) {
      if (error instanceof FatalError) throw error;
      say("the line broke; the library comes back");
    },
  });
}

async function run(way) {
  control?.abort();
  control = new AbortController();
  text.textContent = "";
  events.replaceChildren();
  close.disabled = false;
  say("posting the job");
  try {
    await way();
  } catch (error) {
    say(error.message);
  } finally {
    close.disabled = true;
  }
}

function authorization() {
  const key = form.elements.key.value;
  return key ? { Authorization: `Bearer ${key}` } : {};
}

function headers() {
  return { "Content-Type": "application/json", ...authorization() };
}

function body() {
  return JSON.stringify({ graph: "answer", input: { question: form.elements.question.value } });
}

function words(problem) {
  return `${problem.title}: ${problem.errors?.[0]?.detail ?? problem.detail}`;
}

function heard({ id, event, data }) {
  const row = document.createElement("li");
  row.textContent = `${id} ${event} ${data}`;
  events.append(row);
}

function say(words) {
  document.getElementById("state").textContent = words;
}
