/** One interrupt: its question, and yes, no, a text or any JSON as the resume value. */

import { element } from "../dom/element.js";
import { fromJson } from "../start/field.js";
import { pairs } from "../dom/json.js";

/** @import { Interrupt, Json } from "../wire.d.ts" */

const KINDS = { yes: "Yes", no: "No", text: "Text", json: "JSON" };

export class InterruptForm {
  #kind = "yes";
  #area;

  /** @param {Interrupt} interrupt */
  constructor({ id, value }) {
    this.id = id;
    const { title, rest } = split(value);
    this.#area = element("textarea", { rows: 3, hidden: true, "aria-label": "Resume value" });
    const kinds = Object.entries(KINDS).map(([kind, words]) => this.#choice(kind, words));
    const choices = element("div", { className: "choices" }, ...kinds);
    this.root = element("fieldset", {}, element("legend", {}, title), rest, choices, this.#area);
  }

  /** @returns {Json} */
  get value() {
    if (this.#kind === "text") return this.#area.value;
    return this.#kind === "json" ? fromJson(this.#area.value) : this.#kind === "yes";
  }

  /**
   * @param {string} kind
   * @param {string} words
   */
  #choice(kind, words) {
    const input = element("input", {
      type: "radio",
      name: `value-${this.id}`,
      value: kind,
      checked: kind === this.#kind,
    });
    input.onchange = () => this.#choose(kind);
    return element("label", {}, input, words);
  }

  /** @param {string} kind */
  #choose(kind) {
    this.#kind = kind;
    this.#area.hidden = kind === "yes" || kind === "no";
    this.#area.className = kind === "json" ? "json" : "";
    if (!this.#area.hidden) this.#area.focus();
  }
}

/**
 * An object's `question` is the title; its other fields are shown below.
 *
 * @param {Json} value
 */
function split(value) {
  if (typeof value === "string") return { title: value, rest: null };
  const { question = null, ...rest } =
    typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
  if (typeof question !== "string") return { title: "The graph asks", rest: pairs([["value", value]]) };
  const shown = Object.entries(rest);
  return { title: question, rest: shown.length ? pairs(shown) : null };
}
