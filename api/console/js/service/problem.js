/** Errors from the service (RFC 9457), and no response at all. */

export class Problem extends Error {
  constructor(body, status) {
    super(body.detail ?? body.title ?? `The service returned ${status}.`);
    this.type = body.type ?? "about:blank";
    this.title = body.title ?? "The service rejected the request";
    this.status = status;
    this.errors = body.errors ?? [];
  }

  static async of(response) {
    const json = response.headers.get("content-type")?.includes("json");
    const body = json ? await response.json().catch(() => ({})) : {};
    return new Problem(body, response.status);
  }

  /** Whether the same request may succeed in a moment. */
  get passing() {
    return this.status >= 500 || this.status === 408 || this.status === 429;
  }
}

export class Unreachable extends Error {
  constructor(message = "The service is not responding.") {
    super(message);
  }

  get passing() {
    return true;
  }
}
