/** Requests to the service. Knows the protocol, and nothing of the page except who has the key. */

import { Problem, Unreachable } from "./problem.js";

/** @import { ApiKey } from "./api_key.js" */
/** @import { Graph, Job } from "../wire.d.ts" */

const JSON_TYPE = { "Content-Type": "application/json" };
/** Longer than a restart takes; a request that hangs counts as failed. */
const PATIENCE_MS = 15_000;

export class Service {
  #key;

  /** @param {ApiKey} key */
  constructor(key) {
    this.#key = key;
  }

  /** @returns {Promise<Graph[]>} */
  async graphs() {
    return (await this.#json("graphs")).graphs;
  }

  /**
   * `ready`, or what is missing.
   *
   * @returns {Promise<string>}
   */
  async readiness() {
    const response = await this.#fetch("readyz");
    return (await read(response)).status;
  }

  /**
   * A repeat with the same `key` is the same job.
   *
   * @param {object} body
   * @param {string} key
   * @returns {Promise<Job>}
   */
  create(body, key) {
    return this.#post("jobs", body, { "Idempotency-Key": key });
  }

  /**
   * @param {string} id
   * @returns {Promise<Job>}
   */
  job(id) {
    return this.#json(`jobs/${encodeURIComponent(id)}`);
  }

  /** @param {string} id */
  cancel(id) {
    return this.#post(`jobs/${encodeURIComponent(id)}/cancel`);
  }

  /**
   * @param {string} id
   * @param {object} body
   */
  resume(id, body) {
    return this.#post(`jobs/${encodeURIComponent(id)}/resume`, body);
  }

  /**
   * The job with a fresh URL for EventSource. EventSource never says why it failed, so this finds out.
   *
   * @param {string} id
   * @returns {Promise<Job>}
   */
  async listening(id) {
    /** @type {Job} */
    const job = await this.#json(`jobs/${encodeURIComponent(id)}?ticket=true`);
    const head = await this.#fetch(job.urls.events, { method: "HEAD" });
    // The job is ours, so the ticket must have expired.
    if (head.status === 401) throw new Unreachable("The stream ticket expired before it was used.");
    if (head.status === 410) throw new Problem({ type: "events-expired", title: "The events are gone" }, 410);
    if (!head.ok) throw await Problem.of(head);
    return job;
  }

  /**
   * @param {string} path
   * @param {object} [body]
   * @param {Record<string, string>} [headers]
   */
  #post(path, body, headers) {
    const content = body === undefined ? {} : { headers: { ...JSON_TYPE, ...headers }, body: JSON.stringify(body) };
    return this.#json(path, { method: "POST", ...content });
  }

  /**
   * @param {string} path
   * @param {RequestInit} [options]
   * @returns {Promise<any>} whatever the service promises for this path
   */
  async #json(path, options = {}) {
    const response = await this.#fetch(path, options);
    if (response.ok) return read(response);
    const problem = await Problem.of(response);
    if (problem.status !== 401) throw problem;
    await this.#key.ask(problem.message);
    return this.#json(path, options);
  }

  /**
   * @param {string} path
   * @param {RequestInit} [options]
   */
  async #fetch(path, { headers, ...options } = {}) {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const own = { ...headers, ...this.#key.headers };
    try {
      return await fetch(new URL(path, document.baseURI), { ...options, headers: own, cache: "no-store", signal });
    } catch {
      throw new Unreachable();
    }
  }
}

/**
 * The body of a response; one that is cut off, or that is a proxy's own page, counts as none.
 *
 * @param {Response} response
 */
async function read(response) {
  try {
    return await response.json();
  } catch {
    throw new Unreachable();
  }
}
