/** Where a waiting job has stopped: its interrupts and their resume values, or only a button to continue. */

import { element } from "../dom/element.js";
import { InterruptForm } from "./interrupt_form.js";
import { WrongValue } from "../start/field.js";
import { CallFailed } from "../service/problem.js";

/** @import { StatusEvent } from "../wire.d.ts" */

const BREAKPOINT = "The graph has stopped at a breakpoint. It needs no input.";

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
   * @param {(body: object) => Promise<unknown>} send takes the body of the resume request; what it throws is shown
   */
  constructor(form, send) {
    this.#form = form;
    this.#send = send;
    form.onsubmit = (event) => {
      event.preventDefault();
      this.#resume();
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
    this.#button.textContent = this.#asked.length ? "Resume" : "Continue";
    const asked = this.#asked.length ? this.#asked.map(({ root }) => root) : [element("p", {}, BREAKPOINT)];
    const following = element("p", { className: "hint", hidden: !next.length }, `Next: ${next.join(", ")}`);
    this.#form.replaceChildren(...asked, following, this.#button, this.#wrong);
    this.#form.hidden = false;
  }

  /** The job has been resumed, or has ended. */
  close() {
    this.#form.hidden = true;
  }

  #values() {
    if (!this.#asked.length) return {};
    return { values: Object.fromEntries(this.#asked.map((asked) => [asked.id, asked.value])) };
  }

  async #resume() {
    this.#wrong.textContent = "";
    this.#button.disabled = true;
    try {
      await this.#send({ ...this.#values(), after: this.#after });
    } catch (error) {
      if (!(error instanceof WrongValue || error instanceof CallFailed)) throw error;
      this.#wrong.textContent = error.message;
      this.#button.disabled = false;
    }
  }
}
