/** Requests to the service. Knows the protocol, and nothing of the page except who has the key. */

import { Problem, Unreachable } from "./problem.js";

const JSON_TYPE = { "Content-Type": "application/json" };
/** Longer than a restart takes; a request that hangs counts as failed. */
const PATIENCE_MS = 15_000;

export class Service {
  #key;

  constructor(key) {
    this.#key = key;
  }

  async graphs() {
    return (await this.#json("graphs")).graphs;
  }

  /** `ready`, or what is missing. */
  async readiness() {
    const response = await this.#fetch("readyz");
    return (await read(response)).status;
  }

  /** A repeat with the same `key` is the same job. */
  create(body, key) {
    return this.#post("jobs", body, { "Idempotency-Key": key });
  }

  job(id) {
    return this.#json(`jobs/${encodeURIComponent(id)}`);
  }

  cancel(id) {
    return this.#post(`jobs/${encodeURIComponent(id)}/cancel`);
  }

  resume(id, body) {
    return this.#post(`jobs/${encodeURIComponent(id)}/resume`, body);
  }

  /** The job with a fresh URL for EventSource. EventSource never says why it failed, so this finds out. */
  async listening(id) {
    const job = await this.#json(`jobs/${encodeURIComponent(id)}?ticket=true`);
    const head = await this.#fetch(job.urls.events, { method: "HEAD" });
    // The job is ours, so the ticket must have expired.
    if (head.status === 401) throw new Unreachable("The stream ticket expired before it was used.");
    if (head.status === 410) throw new Problem({ type: "events-expired", title: "The events are gone" }, 410);
    if (!head.ok) throw await Problem.of(head);
    return job;
  }

  #post(path, body, headers) {
    const content = body === undefined ? {} : { headers: { ...JSON_TYPE, ...headers }, body: JSON.stringify(body) };
    return this.#json(path, { method: "POST", ...content });
  }

  async #json(path, options = {}) {
    const response = await this.#fetch(path, options);
    if (response.ok) return read(response);
    const problem = await Problem.of(response);
    if (problem.status !== 401) throw problem;
    await this.#key.ask(problem.message);
    return this.#json(path, options);
  }

  async #fetch(path, { headers, ...options } = {}) {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const own = { headers: { ...headers, ...this.#key.headers }, cache: "no-store", signal };
    try {
      return await fetch(new URL(path, document.baseURI), { ...options, ...own });
    } catch {
      throw new Unreachable();
    }
  }
}

/** The body of a response; one that is cut off, or that is a proxy's own page, counts as none. */
async function read(response) {
  try {
    return await response.json();
  } catch {
    throw new Unreachable();
  }
}
