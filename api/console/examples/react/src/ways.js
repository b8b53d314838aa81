/**
 * Four ways to run a job and follow it. Each takes the job, `heard(name, data)`, `told(state)` and an
 * AbortSignal, and resolves at the job's end, or when the signal is aborted.
 */

import { EventStreamContentType, fetchEventSource } from "@microsoft/fetch-event-source";

const JSON_TYPE = { "Content-Type": "application/json" };
const NAMES = ["status", "updates", "messages", "custom", "gap", "end"];

class FatalError extends Error {}
class RetriableError extends Error {}

export async function withoutStream(job, { heard, signal }) {
  const done = await post(job, signal, { Prefer: "wait=60" });
  const node = job.graph;
  if (done.result) heard("messages", { node, message: { content: done.result.answer } });
  heard("end", done);
}

export async function byEventSource(job, { heard, told, signal }) {
  const { urls } = await post(job, signal);
  const source = new EventSource(urls.events);
  await new Promise((resolve, reject) => {
    signal.addEventListener("abort", resolve);
    source.onopen = () => told("live");
    // It reconnects by itself, after the last event; closing here, as many examples do, would prevent that.
    source.onerror = () => {
      if (source.readyState === EventSource.CLOSED) reject(new FatalError("The service rejected the stream."));
      else told("connection lost; the browser reconnects");
    };
    for (const name of NAMES) source.addEventListener(name, (event) => heard(name, JSON.parse(event.data)));
    source.addEventListener("end", resolve);
  }).finally(() => source.close());
}

export async function byFetchGet(job, listener) {
  const { urls } = await post(job, listener.signal);
  await stream(urls.events, {}, listener);
}

/** With the key, a repeated POST rejoins the job that the first one created. */
export async function byFetchPost(job, listener) {
  const headers = { ...JSON_TYPE, "Idempotency-Key": crypto.randomUUID() };
  await stream("/jobs", { method: "POST", headers, body: JSON.stringify(job) }, listener);
}

async function stream(url, options, { heard, told, signal }) {
  let ended = false;
  await fetchEventSource(url, {
    ...options,
    signal,
    async onopen(response) {
      if (response.ok && response.headers.get("content-type") === EventStreamContentType) return told("live");
      if (response.status === 204) throw new FatalError("There are no more events.");
      if (response.status >= 400 && response.status < 500 && response.status !== 429) throw await refusal(response);
      throw new RetriableError(`The service returned ${response.status}.`);
    },
    onmessage({ event, data }) {
      heard(event, JSON.parse(data));
      ended ||= event === "end";
    },
    onclose() {
      if (!ended) throw new RetriableError("The connection ended before the job did.");
    },
    onerror(error) {
      if (error instanceof FatalError) throw error;
      told("connection lost; the library reconnects");
    },
  });
}

async function post(job, signal, headers = {}) {
  const own = { ...JSON_TYPE, ...headers };
  const response = await fetch("/jobs", { method: "POST", headers: own, body: JSON.stringify(job), signal });
  if (!response.ok) throw await refusal(response);
  return response.json();
}

async function refusal(response) {
  const { title, detail, errors } = await response.json();
  return new FatalError(`${title}: ${errors?.[0]?.detail ?? detail}`);
}
