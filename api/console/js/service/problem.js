/** What the service refuses (RFC 9457), and that no answer can be had in this moment. */

/** @import { ProblemBody } from "../wire.d.ts" */

/** A call that did not do what it was for. Anything else that is thrown is a bug of this page. */
export class CallFailed extends Error {
  /** Whether the same call may do better in a moment. */
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
    super(body.detail ?? body.title ?? `The service answered ${status}.`);
    this.type = body.type ?? "about:blank";
    this.title = body.title ?? "The service refuses";
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
  constructor(message = "The service does not answer.") {
    super(message);
  }
}
