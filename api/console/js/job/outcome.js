/** How the job ended. */

import { element } from "../dom/element.js";
import { readable } from "../dom/json.js";
import { outcomeLabel } from "../dom/labels.js";

/** A result can have a megabyte; the last event has it in full. */
const SHOWN = 20_000;

export class Outcome {
  #root;

  constructor(root) {
    this.#root = root;
  }

  /** `said` maps the texts that have already been shown to their nodes: they are not shown twice. */
  show({ status, result, error }, said) {
    const { title, detail } = outcomeLabel({ status, error });
    this.#root.className = `outcome ${status}`;
    this.#root.hidden = false;
    const parts = [element("h3", {}, title)];
    if (detail) parts.push(element("p", {}, detail));
    if (error?.traceback) parts.push(element("pre", { className: "traceback" }, error.traceback));
    if (result !== undefined) parts.push(listed(result, said));
    this.#root.replaceChildren(...parts);
  }
}

function listed(result, said) {
  const named = result !== null && typeof result === "object" && !Array.isArray(result);
  const entries = named ? Object.entries(result) : [["result", result]];
  const rows = entries.map(([name, value]) => {
    return element("div", { className: "outcome-row" }, element("dt", {}, name), shown(value, said));
  });
  return element("dl", {}, ...rows);
}

function shown(value, said) {
  const by = said.get(value);
  if (by !== undefined) return element("dd", { className: "said" }, `see ${by} above`);
  const words = readable(value) || "(empty)";
  return element("dd", {}, words.length > SHOWN ? `${words.slice(0, SHOWN)}…` : words);
}
