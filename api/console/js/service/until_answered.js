/** Patience with a service that does not answer in this moment. */

import { CallFailed } from "./problem.js";

const LOOK_AGAIN_MS = 2000;

/**
 * What a call brings, as soon as the service answers it.
 *
 * @template Result
 * @param {() => Promise<Result>} call
 * @param {(error: CallFailed) => void} failed is told each time before the call is tried again
 * @returns {Promise<Result>}
 */
export async function untilAnswered(call, failed) {
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
