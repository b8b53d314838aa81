/** Errors from the service (RFC 9457), and no response at all. */

/** @import { ProblemBody } from "../wire.d.ts" */

/** A call that did not do what it was for. Anything else that is thrown is a bug of this page. */
export class CallFailed extends Error {
  /** Whether the same request may succeed in a moment. */
  get passing() {
    return true;
  }
}

export class Problem extends CallFailed {
  /**
   * @param {ProblemBody} body
   * @param {number} status
   */
  constructor(body, status) {
    super(body.detail ?? body.title ?? `The service returned ${status}.`);
    this.type = body.type ?? "about:blank";
    this.title = body.title ?? "The service rejected the request";
    this.status = status;
    this.errors = body.errors ?? [];
  }

  /** @param {Response} response */
  static async of(response) {
    const json = response.headers.get("content-type")?.includes("json");
    const body = json ? await response.json().catch(() => ({})) : {};
    return new Problem(body, response.status);
  }

  /** @override */
  get passing() {
    return this.status >= 500 || this.status === 408 || this.status === 429;
  }
}

export class Unreachable extends CallFailed {
  constructor(message = "The service is not responding.") {
    super(message);
  }
}
