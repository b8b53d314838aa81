/** The fields for one member of a job's body, generated from its schema. */

import { element } from "../dom/element.js";
import { Field, WrongValue } from "./field.js";
import { fields } from "./schema.js";

/** @import { FieldError, Json, Schema } from "../wire.d.ts" */
/** @import { Spec } from "./schema.js" */

/** The rest is shown on click. */
const AT_ONCE = 3;

export class Section {
  #fields;
  #whole;

  /**
   * A schema that tells no fields gets one for all, which begins with `start`.
   *
   * @param {string} place the member's name
   * @param {Schema} schema
   * @param {object} words
   * @param {string} [words.title]
   * @param {string} [words.hint]
   * @param {Json} words.start
   */
  constructor(place, schema, { title = "", hint = "", start }) {
    this.place = place;
    const specs = fields(schema);
    this.#whole = specs === null;
    const label = `${place.slice(0, 1).toUpperCase()}${place.slice(1)}, as JSON`;
    /** @type {Spec} */
    const whole = { name: place, label, kind: "json", required: start !== null, start, hint };
    this.#fields = (specs ?? [whole]).map((spec) => new Field(spec, place));
    const laidOut = this.#laidOut(specs?.filter((spec) => spec.required).length ?? 1);
    this.root = title ? element("fieldset", {}, element("legend", {}, title), laidOut) : laidOut;
  }

  get firstWrong() {
    return this.#fields.find((field) => field.isWrong);
  }

  clear() {
    for (const field of this.#fields) field.refuse("");
  }

  /**
   * The values; a field with an invalid value says so. An empty context is left out, an empty input is not.
   *
   * @returns {Json | undefined}
   */
  read() {
    /** @type {Record<string, Json>} */
    const given = {};
    for (const field of this.#fields) {
      try {
        const value = field.value;
        if (value !== undefined) given[field.name] = value;
      } catch (error) {
        if (!(error instanceof WrongValue)) throw error;
        field.refuse(error.message);
      }
    }
    if (this.#whole) return given[this.place];
    return this.place === "input" || Object.keys(given).length ? given : undefined;
  }

  /**
   * Show an error at the field that its pointer names; returns whether there is one.
   *
   * @param {FieldError} error
   */
  refuse({ pointer, detail }) {
    const [place, ...path] = tokens(pointer);
    if (place !== this.place) return false;
    const missing = path.length === 0 ? /^'(.+)' is a required property$/.exec(detail)?.[1] : undefined;
    const name = this.#whole ? this.place : (missing ?? path[0]);
    const field = this.#fields.find((candidate) => candidate.name === name);
    const inside = this.#whole ? path : path.slice(1);
    field?.refuse(
      missing ? "This field is required." : `${inside.length ? `At ${inside.join(" / ")}: ` : ""}${detail}`,
    );
    return field !== undefined;
  }

  /** @param {number} required how many fields are */
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

/**
 * The names that a JSON Pointer in a fragment is made of.
 *
 * @param {string} pointer
 */
function tokens(pointer) {
  const escaped = decodeURIComponent(pointer).split("/").slice(1);
  return escaped.map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}
