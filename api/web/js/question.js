/** What a waiting job asks, and the answer that it gets. */

import { element } from "./element.js";
import { Asked } from "./asked.js";
import { WrongValue } from "./field.js";

export class Question {
  #form;
  #send;
  #asked = [];
  #wrong = element("p", { className: "wrong", role: "alert" });
  #button = element("button", { className: "primary" }, "Send the answer");

  /** `send` takes the body of the answer; what it throws is shown. */
  constructor(form, send) {
    this.#form = form;
    this.#send = send;
    form.onsubmit = (event) => {
      event.preventDefault();
      this.#answer();
    };
  }

  ask(interrupts) {
    this.#asked = interrupts.map((interrupt) => new Asked(interrupt));
    this.#wrong.textContent = "";
    this.#button.disabled = false;
    this.#form.replaceChildren(...this.#asked.map((asked) => asked.root), this.#button, this.#wrong);
    this.#form.hidden = false;
  }

  /** The job goes on, or has ended. */
  close() {
    this.#form.hidden = true;
  }

  async #answer() {
    this.#wrong.textContent = "";
    this.#button.disabled = true;
    try {
      await this.#send({ values: Object.fromEntries(this.#asked.map((asked) => [asked.id, asked.answer])) });
    } catch (error) {
      if (!(error instanceof WrongValue) && error.status === undefined && !error.passing) throw error;
      this.#wrong.textContent = error.message;
      this.#button.disabled = false;
    }
  }
}
