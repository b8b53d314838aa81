/** One field of a form: its control, its value, and what is wrong with it. */

import { element } from "../dom/element.js";

export class WrongValue extends Error {}

export class Field {
  #control;
  #wrong;
  #spec;

  /** `place` is the member of the job's body that the field is in. */
  constructor(spec, place) {
    this.#spec = spec;
    const id = `${place === "input" ? "field" : place}-${spec.name.replaceAll(/\s/g, "-")}`;
    this.#control = control(spec, id);
    const hint = spec.hint ? element("p", { className: "hint", id: `${id}-hint` }, spec.hint) : null;
    this.#wrong = element("p", { className: "wrong", id: `${id}-wrong`, hidden: true });
    const described = [hint?.id, this.#wrong.id].filter(Boolean).join(" ");
    this.#control.setAttribute("aria-describedby", described);
    const label = element("label", { htmlFor: id }, spec.label ?? spec.name);
    if (!spec.required && spec.start === null && spec.kind !== "check") label.append(" ", element("span", { className: "optional" }, "optional"));
    this.root = element("div", { className: `field ${spec.kind}` }, label, this.#control, hint, this.#wrong);
  }

  get name() {
    return this.#spec.name;
  }

  /** The value for the job's body; undefined if the field is left out. */
  get value() {
    const { kind, options, required } = this.#spec;
    const text = this.#control.value;
    if (kind === "check") return this.#control.checked;
    if (kind === "number") return this.#number();
    if (kind === "json") return parsed(text, required);
    if (kind === "choice") return options[this.#control.selectedIndex - (required ? 0 : 1)];
    return text === "" && this.#spec.start === null && !required ? undefined : text;
  }

  refuse(words) {
    this.#wrong.textContent = words;
    this.#wrong.hidden = !words;
    if (words) this.#control.setAttribute("aria-invalid", "true");
    else this.#control.removeAttribute("aria-invalid");
  }

  focus() {
    this.#control.closest("details")?.setAttribute("open", "");
    this.#control.focus();
  }

  #number() {
    if (this.#control.validity.badInput) throw new WrongValue("This is not a number.");
    return this.#control.value === "" ? undefined : this.#control.valueAsNumber;
  }
}

function parsed(text, required) {
  if (text.trim() === "" && !required) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new WrongValue(`This is not JSON: ${error.message}`);
  }
}

function control({ kind, start, required, minimum, maximum, whole, options }, id) {
  const common = { id, name: id, required };
  const text = start === null ? "" : String(start);
  switch (kind) {
    case "check":
      return element("input", { id, name: id, type: "checkbox", checked: start === true });
    case "number":
      return element("input", { ...common, type: "number", min: minimum, max: maximum, step: whole ? 1 : "any", value: text });
    case "choice":
      return choice(common, options, start, required);
    case "lines":
      return element("textarea", { ...common, rows: text.length > 120 ? 5 : 3, value: text });
    case "json":
      return element("textarea", { ...common, rows: 3, className: "json", spellcheck: false, value: start === null ? "" : JSON.stringify(start) });
    default:
      return element("input", { ...common, type: "text", autocomplete: "off", value: text });
  }
}

function choice(common, options, start, required) {
  const shown = options.map((option) => element("option", { selected: option === start }, String(option)));
  if (!required) shown.unshift(element("option", {}, "not set"));
  return element("select", common, ...shown);
}
