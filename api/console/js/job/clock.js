/** How long the job has been running, or how long it ran. */

import { duration } from "../dom/labels.js";

/** @import { Job } from "../wire.d.ts" */

const TICK_MS = 1000;

export class Clock {
  #root;
  /** @type {Job | null} */
  #job = null;
  #status = "";
  #final = false;
  #ticking = 0;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
  }

  /**
   * @param {Job | null} job
   * @param {string} status which the log may know before the job's record
   * @param {boolean} final
   */
  show(job, status, final) {
    this.#job = job;
    this.#status = status;
    this.#final = final;
    if (job?.ended_at) clearInterval(this.#ticking);
    else if (job) this.#ticking ||= setInterval(() => this.#tick(), TICK_MS);
    this.#tick();
  }

  #tick() {
    const { started_at: started, ended_at: ended } = this.#job ?? {};
    // Only the record has the time of the end: until it arrives, the clock stops.
    if (this.#final && !ended) return;
    const running = started && this.#status !== "waiting" ? Date.parse(started) : null;
    const until = ended ? Date.parse(ended) : Date.now();
    const passed = running === null ? "" : duration(until - running, ended !== undefined);
    this.#root.textContent = passed && `${ended ? "after" : "for"} ${passed}`;
  }
}
