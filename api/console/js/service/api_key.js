/** The API key: kept for this tab, and asked for if the service requires one. */

import { parts } from "../dom/element.js";

const KEPT_AS = "tailrace-key";

export class ApiKey {
  #form;
  #parts;
  /** @type {Promise<void> | null} */
  #asking = null;

  /** @param {HTMLFormElement} form */
  constructor(form) {
    this.#form = form;
    this.#parts = parts(form, { reason: HTMLElement, value: HTMLInputElement });
  }

  /** @returns {Record<string, string>} */
  get headers() {
    const key = sessionStorage.getItem(KEPT_AS);
    return key ? { Authorization: `Bearer ${key}` } : {};
  }

  /**
   * Show the form with the service's own message; resolves when a key is entered.
   *
   * @param {string} words
   */
  ask(words) {
    this.#asking ??= this.#given(words).then((key) => this.#take(key));
    return this.#asking;
  }

  /**
   * @param {string} words
   * @returns {Promise<string>}
   */
  #given(words) {
    return new Promise((given) => {
      this.#parts.reason.textContent = sessionStorage.getItem(KEPT_AS)
        ? words
        : `Calls are told apart by their keys. ${words}`;
      document.body.dataset.locked = "";
      this.#form.hidden = false;
      this.#parts.value.focus();
      this.#form.onsubmit = (event) => {
        event.preventDefault();
        const key = this.#parts.value.value.trim();
        if (key) given(key);
      };
    });
  }

  /** @param {string} key */
  #take(key) {
    sessionStorage.setItem(KEPT_AS, key);
    this.#asking = null;
    this.#form.reset();
    this.#form.hidden = true;
    delete document.body.dataset.locked;
  }
}
