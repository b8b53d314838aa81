/** The API key: kept for this tab, and asked for if the service requires one. */

import { parts } from "../dom/element.js";

const KEPT_AS = "tailrace-key";

export class ApiKey {
  #form;
  #parts;
  #asking = null;

  constructor(form) {
    this.#form = form;
    this.#parts = parts(form);
  }

  get headers() {
    const key = sessionStorage.getItem(KEPT_AS);
    return key ? { Authorization: `Bearer ${key}` } : {};
  }

  /** Show the form with the service's own message; resolves when a key is entered. */
  ask(words) {
    this.#asking ??= new Promise((given) => {
      this.#parts.reason.textContent = sessionStorage.getItem(KEPT_AS) ? words : "Each request needs your API key. " + words;
      document.body.dataset.locked = "";
      this.#form.hidden = false;
      this.#form.elements.key.focus();
      this.#form.onsubmit = (event) => {
        event.preventDefault();
        const key = this.#form.elements.key.value.trim();
        if (key) given(key);
      };
    }).then((key) => this.#take(key));
    return this.#asking;
  }

  #take(key) {
    sessionStorage.setItem(KEPT_AS, key);
    this.#asking = null;
    this.#form.reset();
    this.#form.hidden = true;
    delete document.body.dataset.locked;
  }
}
