/** How the job ended. */

import { element } from "../dom/element.js";
import { readable } from "../dom/json.js";
import { outcomeLabel } from "../dom/labels.js";

/** @import { Ending, Json } from "../wire.d.ts" */
/** @typedef {Map<unknown, string>} Said which texts have been said already, and by whom */

/** A result can have a megabyte; the last event has it in full. */
const SHOWN = 20_000;

export class Outcome {
  #root;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
  }

  /**
   * What has been said already is not shown twice.
   *
   * @param {Ending} ending
   * @param {Said} said
   */
  show(ending, said) {
    const { status, result, error } = ending;
    const { title, detail } = outcomeLabel(ending);
    this.#root.className = `outcome ${status}`;
    this.#root.hidden = false;
    /** @type {HTMLElement[]} */
    const parts = [element("h3", {}, title)];
    if (detail) parts.push(element("p", {}, detail));
    if (error?.traceback) parts.push(element("pre", { className: "traceback" }, error.traceback));
    if (result !== undefined) parts.push(listed(result, said));
    this.#root.replaceChildren(...parts);
  }
}

/**
 * @param {Json} result
 * @param {Said} said
 */
function listed(result, said) {
  const named = result !== null && typeof result === "object" && !Array.isArray(result);
  const rows = Object.entries(named ? result : { result }).map(([name, value]) => {
    return element("div", { className: "outcome-row" }, element("dt", {}, name), shown(value, said));
  });
  return element("dl", {}, ...rows);
}

/**
 * @param {Json | undefined} value
 * @param {Said} said
 */
function shown(value, said) {
  const by = said.get(value);
  if (by !== undefined) return element("dd", { className: "said" }, `see ${by} above`);
  const words = readable(value) || "(empty)";
  return element("dd", {}, words.length > SHOWN ? `${words.slice(0, SHOWN)}…` : words);
}
