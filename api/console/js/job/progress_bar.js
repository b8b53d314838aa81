/** The job's progress, as the job reports it. */

import { element } from "../dom/element.js";
import { reading } from "./progress.js";

/** @import { Reading } from "./progress.js" */
/** @import { Json } from "../wire.d.ts" */

export class ProgressBar {
  #root;
  /** @type {Json | undefined} */
  #first;
  /** @type {Reading | null} */
  #now = null;
  #words = element("strong");
  #number = element("span");
  #bar = element("progress", { max: 1, "aria-label": "Progress" });

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
    root.replaceChildren(element("p", {}, this.#words, this.#number), this.#bar);
  }

  get isEmpty() {
    return this.#now === null;
  }

  /** @param {Json} data */
  take(data) {
    this.#first ??= remaining(data);
    this.#now = reading(data, this.#first) ?? this.#now;
  }

  paint() {
    if (this.#now === null) return;
    const { share, number, words } = this.#now;
    this.#root.hidden = false;
    this.#words.textContent = words;
    this.#number.textContent = number;
    this.#bar.hidden = share === null;
    if (share !== null) this.#bar.value = Math.min(Math.max(share, 0), 1);
  }

  /**
   * The job has ended: the last tick of a countdown is not 0.
   *
   * @param {boolean} succeeded
   */
  finish(succeeded) {
    if (succeeded && this.#now?.words === "remaining") this.#now = { ...this.#now, share: 1, number: "0" };
  }
}

/** @param {Json} data */
function remaining(data) {
  return typeof data === "object" && data !== null && "remaining" in data ? data.remaining : undefined;
}
