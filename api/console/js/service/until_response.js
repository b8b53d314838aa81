/** Retries while the service is not responding. */

import { CallFailed } from "./problem.js";

const LOOK_AGAIN_MS = 2000;

/**
 * The result of a call, as soon as the service responds.
 *
 * @template Result
 * @param {() => Promise<Result>} call
 * @param {(error: CallFailed) => void} failed is called each time before the call is retried
 * @returns {Promise<Result>}
 */
export async function untilResponse(call, failed) {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof CallFailed && error.passing)) throw error;
      failed(error);
    }
    await new Promise((resume) => setTimeout(resume, LOOK_AGAIN_MS));
  }
}
