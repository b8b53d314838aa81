/** The log as a bar, with a notch at each reconnect. */

import { element } from "../dom/element.js";

/** @import { Connection } from "../stream/connection.js" */

export class Timeline {
  #root;
  /** @type {{ notch: HTMLElement, after: number }[]} */
  #notches = [];

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
  }

  /** @param {Pick<Connection, "resumes" | "last">} line */
  paint({ resumes, last }) {
    this.#root.dataset.is = last ? "here" : "waiting";
    for (const after of resumes.slice(this.#notches.length)) {
      const notch = element("i");
      this.#notches.push({ notch, after });
      this.#root.append(notch);
    }
    for (const { notch, after } of this.#notches) notch.style.left = `${last ? (100 * after) / last : 0}%`;
  }
}
