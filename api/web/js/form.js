/** The form of one graph's input: made from its schema, refused by the service, field by field. */

import { element } from "./element.js";
import { Field, WrongValue } from "./field.js";
import { fields } from "./schema.js";

/** The rest waits behind a click. */
const AT_ONCE = 3;
const WHOLE = { name: "input", label: "Input, as JSON", kind: "json", required: true, start: {}, hint: "This graph says nothing about its input." };

export class InputForm {
  #fields;
  #whole;
  #problem;

  constructor(root, problem, schema) {
    const specs = fields(schema);
    this.#whole = specs === null;
    this.#problem = problem;
    this.#fields = (specs ?? [WHOLE]).map((spec) => new Field(spec));
    root.replaceChildren(this.#laidOut(specs?.filter((spec) => spec.required).length ?? 1));
    this.refuse(null);
  }

  /** The input, or null where a field holds what can't be sent; it then says so. */
  read() {
    this.refuse(null);
    const input = {};
    let first = null;
    for (const field of this.#fields) {
      try {
        if (field.value !== undefined) input[field.name] = field.value;
      } catch (error) {
        if (!(error instanceof WrongValue)) throw error;
        field.refuse(error.message);
        first ??= field;
      }
    }
    first?.focus();
    if (first) return null;
    return this.#whole ? input.input : input;
  }

  /** Say what the service does not take, each at its place; null takes it all back. */
  refuse(problem) {
    for (const field of this.#fields) field.refuse("");
    this.#problem.hidden = problem === null;
    if (problem === null) return;
    const left = (problem.errors ?? []).filter((error) => !this.#place(error));
    const lines = left.map((error) => element("p", {}, `${error.pointer}: ${error.detail}`));
    this.#problem.replaceChildren(element("p", {}, element("strong", {}, problem.title ?? problem.message)), ...lines);
    if (lines.length === 0 && !problem.errors?.length && problem.title) this.#problem.append(element("p", {}, problem.message));
    this.#fields.find((field) => !field.root.querySelector(".wrong").hidden)?.focus();
  }

  /** Put an error at the field that its pointer leads to; whether there is one. */
  #place({ pointer, detail }) {
    const [, ...path] = decodeURIComponent(pointer).split("/").slice(1).map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
    const missing = path.length === 0 ? /^'(.+)' is a required property$/.exec(detail)?.[1] : undefined;
    const name = this.#whole ? "input" : (missing ?? path[0]);
    const field = this.#fields.find((candidate) => candidate.name === name);
    const inside = this.#whole ? path : path.slice(1);
    field?.refuse(missing ? "This is needed." : `${inside.length ? `At ${inside.join(" / ")}: ` : ""}${detail}`);
    return field !== undefined;
  }

  #laidOut(required) {
    const roots = this.#fields.map((field) => field.root);
    const shown = Math.max(required, AT_ONCE);
    const seen = element("div", { className: "fields" }, ...roots.slice(0, shown));
    if (roots.length <= shown) return seen;
    const summary = element("summary", {}, `${roots.length - shown} more`);
    seen.append(element("details", {}, summary, element("div", { className: "fields" }, ...roots.slice(shown))));
    return seen;
  }
}
