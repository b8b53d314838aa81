/** Where a waiting job has stopped: what it asks and the answer that it gets, or just the word to go on. */

import { element } from "../dom/element.js";
import { InterruptForm } from "./interrupt_form.js";
import { WrongValue } from "../start/field.js";
import { CallFailed } from "../service/problem.js";

/** @import { StatusEvent } from "../wire.d.ts" */

const BREAKPOINT = "The graph has stopped at a breakpoint. It asks nothing.";

export class Interrupt {
  #form;
  #send;
  /** @type {InterruptForm[]} */
  #asked = [];
  #after = 0;
  #wrong = element("p", { className: "wrong", role: "alert" });
  #button = element("button", { className: "primary" });

  /**
   * @param {HTMLFormElement} form
   * @param {(body: object) => Promise<unknown>} send takes the body of the answer; what it throws is shown
   */
  constructor(form, send) {
    this.#form = form;
    this.#send = send;
    form.onsubmit = (event) => {
      event.preventDefault();
      this.#answer();
    };
  }

  /**
   * @param {StatusEvent} event
   * @param {number} after the stop: the number of the event that tells of it
   */
  ask({ interrupts = [], next = [] }, after) {
    this.#after = after;
    this.#asked = interrupts.map((interrupt) => new InterruptForm(interrupt));
    this.#wrong.textContent = "";
    this.#button.disabled = false;
    this.#button.textContent = this.#asked.length ? "Send the answer" : "Continue";
    const asked = this.#asked.length ? this.#asked.map(({ root }) => root) : [element("p", {}, BREAKPOINT)];
    const following = element("p", { className: "hint", hidden: !next.length }, `Next: ${next.join(", ")}`);
    this.#form.replaceChildren(...asked, following, this.#button, this.#wrong);
    this.#form.hidden = false;
  }

  /** The job goes on, or has ended. */
  close() {
    this.#form.hidden = true;
  }

  #answers() {
    if (!this.#asked.length) return {};
    return { values: Object.fromEntries(this.#asked.map((asked) => [asked.id, asked.answer])) };
  }

  async #answer() {
    this.#wrong.textContent = "";
    this.#button.disabled = true;
    try {
      await this.#send({ ...this.#answers(), after: this.#after });
    } catch (error) {
      if (!(error instanceof WrongValue || error instanceof CallFailed)) throw error;
      this.#wrong.textContent = error.message;
      this.#button.disabled = false;
    }
  }
}
