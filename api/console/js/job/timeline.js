/** The log as a bar, with a notch at each reconnect. */

import { element } from "../dom/element.js";

export class Timeline {
  #root;

  constructor(root) {
    this.#root = root;
  }

  paint({ resumes, last }) {
    this.#root.dataset.is = last ? "here" : "waiting";
    while (this.#root.childElementCount < resumes.length) this.#root.append(element("i"));
    resumes.forEach((after, index) => {
      this.#root.children[index].style.left = `${last ? (100 * after) / last : 0}%`;
    });
  }
}
