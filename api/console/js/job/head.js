/** The head of a job's page: its graph, its id, how it is and for how long, and the button that cancels it. */

import { parts } from "../dom/element.js";
import { Clock } from "./clock.js";

/** @import { Job } from "../wire.d.ts" */

export class Head {
  #parts;
  #clock;

  /**
   * @param {HTMLElement} root
   * @param {string} id
   * @param {() => Promise<boolean>} cancel whether the service takes it
   */
  constructor(root, id, cancel) {
    this.#parts = parts(root, {
      graph: HTMLElement,
      id: HTMLElement,
      state: HTMLElement,
      status: HTMLElement,
      time: HTMLElement,
      cancel: HTMLButtonElement,
    });
    this.#clock = new Clock(this.#parts.time);
    this.#parts.id.textContent = id;
    this.#parts.cancel.onclick = () => this.#cancel(cancel);
  }

  /** @param {string} words */
  set title(words) {
    this.#parts.graph.textContent = words;
  }

  focus() {
    this.#parts.graph.focus();
  }

  /**
   * @param {Job | null} job
   * @param {string} status which the log may know before the job's record
   * @param {boolean} final
   */
  show(job, status, final) {
    if (this.#parts.status.textContent !== status) {
      this.#parts.status.textContent = status;
      this.#parts.state.dataset.is = status;
      this.#parts.cancel.hidden = final;
    }
    this.#clock.show(job, status, final);
  }

  /** @param {() => Promise<boolean>} cancel */
  async #cancel(cancel) {
    const button = this.#parts.cancel;
    button.disabled = true;
    button.textContent = "Cancelling…";
    if (await cancel()) return;
    button.disabled = false;
    button.textContent = "Cancel the job";
  }
}
