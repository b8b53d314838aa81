/** From a graph's input schema (JSON Schema) to the fields of a form. Pure: no page, no service. */

/** @import { Json, Schema } from "../wire.d.ts" */

/** Text of up to this length is written on one line. */
const ONE_LINE = 1000;

/**
 * @typedef {object} Spec what a field is made from
 * @property {string} name
 * @property {string} [label] in place of the name
 * @property {"text" | "lines" | "number" | "choice" | "check" | "json"} kind
 * @property {boolean} required
 * @property {Json} start what it begins with; null is nothing
 * @property {string} hint
 * @property {number} [minimum]
 * @property {number} [maximum]
 * @property {Json[]} [options] of a choice
 * @property {boolean} [whole] whether a number has no fraction
 */

/**
 * The fields of an object's schema, or null for any other schema: the whole input is then one JSON text.
 *
 * @param {Schema} schema
 * @returns {Spec[] | null}
 */
export function fields(schema) {
  const root = resolved(schema, schema);
  if (root.properties === undefined) return null;
  const required = new Set(root.required ?? []);
  const given = Object.entries(root.properties).filter(([, part]) => !part.readOnly);
  const all = given.map(([name, part]) => field(name, resolved(part, schema), required.has(name)));
  return all.sort((one, other) => Number(other.required) - Number(one.required));
}

/**
 * @param {string} name
 * @param {Schema} part
 * @param {boolean} required
 * @returns {Spec}
 */
function field(name, part, required) {
  const kind = kindOf(part);
  const start = part.default ?? (required ? part.examples?.[0] : undefined) ?? null;
  const hint = [part.description, limits(part)].filter(Boolean).join(" ");
  const { minimum, maximum, enum: options, type } = part;
  return { name, kind, required, start, hint, minimum, maximum, options, whole: type === "integer" };
}

/** @param {Schema} part */
function kindOf(part) {
  if (Array.isArray(part.enum)) return "choice";
  if (part.type === "boolean") return "check";
  if (part.type === "integer" || part.type === "number") return "number";
  if (part.type !== "string") return "json";
  return (part.maxLength ?? ONE_LINE) > ONE_LINE ? "lines" : "text";
}

/** @param {Schema} part */
function limits({ minimum, maximum, type }) {
  if (type !== "integer" && type !== "number") return "";
  /** @param {number} number */
  const shown = (number) => number.toLocaleString("en");
  if (minimum !== undefined && maximum !== undefined) return `${shown(minimum)} to ${shown(maximum)}.`;
  if (minimum !== undefined) return `At least ${shown(minimum)}.`;
  return maximum === undefined ? "" : `At most ${shown(maximum)}.`;
}

/**
 * What a reference leads to; and without the `null` of what may be left out.
 *
 * @param {Schema | undefined} part
 * @param {Schema} root
 * @returns {Schema}
 */
function resolved(part, root) {
  const { $ref: reference, ...own } = part ?? {};
  if (reference?.startsWith("#/$defs/")) {
    const target = root.$defs?.[decodeURIComponent(reference.slice("#/$defs/".length))];
    return resolved({ ...target, ...own }, root);
  }
  const choices = own.anyOf?.filter((choice) => choice.type !== "null");
  if (choices?.length !== 1) return own.const === undefined ? own : { ...own, enum: [own.const] };
  return resolved({ ...own, anyOf: undefined, ...choices[0] }, root);
}
