/** One field of a form: its control, its value, and what is wrong with it. */

import { element } from "../dom/element.js";

/** @import { Spec } from "./schema.js" */
/** @import { Json } from "../wire.d.ts" */

export class WrongValue extends Error {}

export class Field {
  #control;
  #wrong;
  #spec;

  /**
   * @param {Spec} spec
   * @param {string} place the member of the job's body that the field is in
   */
  constructor(spec, place) {
    this.#spec = spec;
    const id = `${place === "input" ? "field" : place}-${spec.name.replaceAll(/\s/g, "-")}`;
    this.#control = control(spec, id);
    const hint = spec.hint ? element("p", { className: "hint", id: `${id}-hint` }, spec.hint) : null;
    this.#wrong = element("p", { className: "wrong", id: `${id}-wrong`, hidden: true });
    const described = [hint?.id, this.#wrong.id].filter(Boolean).join(" ");
    this.#control.setAttribute("aria-describedby", described);
    const label = element("label", { htmlFor: id }, spec.label ?? spec.name);
    if (!spec.required && spec.start === null && spec.kind !== "check")
      label.append(" ", element("span", { className: "optional" }, "optional"));
    this.root = element("div", { className: `field ${spec.kind}` }, label, this.#control, hint, this.#wrong);
  }

  get name() {
    return this.#spec.name;
  }

  /**
   * The value for the job's body; undefined if the field is left out.
   *
   * @returns {Json | undefined}
   */
  get value() {
    const { kind, options = [], required } = this.#spec;
    const control = this.#control;
    if (control instanceof HTMLSelectElement) return options[control.selectedIndex - (required ? 0 : 1)];
    if (control instanceof HTMLInputElement) {
      if (kind === "check") return control.checked;
      if (kind === "number") return number(control);
    }
    if (kind === "json") return parsed(control.value, required);
    return control.value === "" && this.#spec.start === null && !required ? undefined : control.value;
  }

  /** @param {string} words */
  refuse(words) {
    this.#wrong.textContent = words;
    this.#wrong.hidden = !words;
    if (words) this.#control.setAttribute("aria-invalid", "true");
    else this.#control.removeAttribute("aria-invalid");
  }

  get isWrong() {
    return !this.#wrong.hidden;
  }

  focus() {
    this.#control.closest("details")?.setAttribute("open", "");
    this.#control.focus();
  }
}

/** @param {HTMLInputElement} control */
function number(control) {
  if (control.validity.badInput) throw new WrongValue("This is not a number.");
  return control.value === "" ? undefined : control.valueAsNumber;
}

/**
 * @param {string} text
 * @param {boolean} required
 */
function parsed(text, required) {
  return text.trim() === "" && !required ? undefined : fromJson(text);
}

/**
 * The value that somebody has written as JSON.
 *
 * @param {string} text
 * @returns {Json}
 */
export function fromJson(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new WrongValue(`This is not JSON: ${/** @type {SyntaxError} */ (error).message}`);
  }
}

/**
 * @param {Spec} spec
 * @param {string} id
 */
function control({ kind, start, required, minimum, maximum, whole, options }, id) {
  const common = { id, name: id, required };
  const text = start === null ? "" : String(start);
  switch (kind) {
    case "check":
      return element("input", { id, name: id, type: "checkbox", checked: start === true });
    case "number":
      return element("input", {
        ...common,
        type: "number",
        min: minimum,
        max: maximum,
        step: whole ? 1 : "any",
        value: text,
      });
    case "choice":
      return choice(common, options ?? [], start, required);
    case "lines":
      return element("textarea", { ...common, rows: text.length > 120 ? 5 : 3, value: text });
    case "json":
      return element("textarea", {
        ...common,
        rows: 3,
        className: "json",
        spellcheck: false,
        value: start === null ? "" : JSON.stringify(start),
      });
    default:
      return element("input", { ...common, type: "text", autocomplete: "off", value: text });
  }
}

/**
 * @param {Record<string, unknown>} common
 * @param {Json[]} options
 * @param {Json} start
 * @param {boolean} required
 */
function choice(common, options, start, required) {
  const shown = options.map((option) => element("option", { selected: option === start }, String(option)));
  if (!required) shown.unshift(element("option", {}, "not set"));
  return element("select", common, ...shown);
}
