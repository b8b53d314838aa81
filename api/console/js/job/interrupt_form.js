/** One interrupt: what is asked, and a yes, a no, a text or any JSON as the answer. */

import { element } from "../dom/element.js";
import { WrongValue } from "../start/field.js";
import { pairs } from "../dom/json.js";

const ANSWERS = { yes: "Yes", no: "No", text: "A text", json: "JSON" };

export class InterruptForm {
  #kind = "yes";
  #area;

  constructor({ id, value }) {
    this.id = id;
    const { title, rest } = split(value);
    this.#area = element("textarea", { rows: 3, hidden: true, "aria-label": "The answer" });
    const kinds = Object.entries(ANSWERS).map(([kind, words]) => this.#choice(kind, words));
    const answers = element("div", { className: "answers" }, ...kinds);
    this.root = element("fieldset", {}, element("legend", {}, title), rest, answers, this.#area);
  }

  get answer() {
    if (this.#kind === "text") return this.#area.value;
    if (this.#kind !== "json") return this.#kind === "yes";
    try {
      return JSON.parse(this.#area.value);
    } catch (error) {
      throw new WrongValue(`This is not JSON: ${error.message}`);
    }
  }

  #choice(kind, words) {
    const input = element("input", { type: "radio", name: `answer-${this.id}`, value: kind, checked: kind === this.#kind });
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

/** An object's `question` is the title; what stands beside it is shown below. */
function split(value) {
  if (typeof value === "string") return { title: value, rest: null };
  if (typeof value?.question !== "string") return { title: "The graph asks", rest: pairs([["value", value]]) };
  const { question, ...rest } = value;
  const shown = Object.entries(rest);
  return { title: question, rest: shown.length ? pairs(shown) : null };
}
