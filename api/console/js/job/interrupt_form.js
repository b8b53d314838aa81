/** One interrupt: its question, and yes, no, a text or any JSON as the resume value. */

import { element } from "../dom/element.js";
import { WrongValue } from "../start/field.js";
import { pairs } from "../dom/json.js";

const KINDS = { yes: "Yes", no: "No", text: "Text", json: "JSON" };

export class InterruptForm {
  #kind = "yes";
  #area;

  constructor({ id, value }) {
    this.id = id;
    const { title, rest } = split(value);
    this.#area = element("textarea", { rows: 3, hidden: true, "aria-label": "Resume value" });
    const kinds = Object.entries(KINDS).map(([kind, words]) => this.#choice(kind, words));
    const choices = element("div", { className: "choices" }, ...kinds);
    this.root = element("fieldset", {}, element("legend", {}, title), rest, choices, this.#area);
  }

  get value() {
    if (this.#kind === "text") return this.#area.value;
    if (this.#kind !== "json") return this.#kind === "yes";
    try {
      return JSON.parse(this.#area.value);
    } catch (error) {
      throw new WrongValue(`This is not JSON: ${error.message}`);
    }
  }

  #choice(kind, words) {
    const input = element("input", { type: "radio", name: `value-${this.id}`, value: kind, checked: kind === this.#kind });
    input.onchange = () => this.#choose(kind);
    return element("label", {}, input, words);
  }

  #choose(kind) {
    this.#kind = kind;
    this.#area.hidden = kind === "yes" || kind === "no";
    this.#area.className = kind === "json" ? "json" : "";
    if (!this.#area.hidden) this.#area.focus();
  }
}

/** An object's `question` is the title; its other fields are shown below. */
function split(value) {
  if (typeof value === "string") return { title: value, rest: null };
  if (typeof value?.question !== "string") return { title: "The graph asks", rest: pairs([["value", value]]) };
  const { question, ...rest } = value;
  const shown = Object.entries(rest);
  return { title: question, rest: shown.length ? pairs(shown) : null };
}
