/** From a graph's input schema (JSON Schema) to the fields of a form. Pure: no page, no service. */

/** Text of up to this length is written on one line. */
const ONE_LINE = 1000;

/**
 * The fields of an object's schema, or null for any other schema: the whole input is then one JSON text.
 * A field: name, kind (text, lines, number, choice, check, json), required, start, hint, and limits.
 */
export function fields(schema) {
  const root = resolved(schema, schema);
  if (root.properties === undefined) return null;
  const required = new Set(root.required ?? []);
  const given = Object.entries(root.properties).filter(([, part]) => !part.readOnly);
  const all = given.map(([name, part]) => field(name, resolved(part, schema), required.has(name)));
  return all.sort((one, other) => Number(other.required) - Number(one.required));
}

function field(name, part, required) {
  const kind = kindOf(part);
  const start = part.default ?? (required ? part.examples?.[0] : undefined) ?? null;
  const hint = [part.description, limits(part)].filter(Boolean).join(" ");
  const { minimum, maximum, enum: options, type } = part;
  return { name, kind, required, start, hint, minimum, maximum, options, whole: type === "integer" };
}

function kindOf(part) {
  if (Array.isArray(part.enum)) return "choice";
  if (part.type === "boolean") return "check";
  if (part.type === "integer" || part.type === "number") return "number";
  if (part.type !== "string") return "json";
  return (part.maxLength ?? ONE_LINE) > ONE_LINE ? "lines" : "text";
}

function limits({ minimum, maximum, type }) {
  if (type !== "integer" && type !== "number") return "";
  const shown = (number) => number.toLocaleString("en");
  if (minimum !== undefined && maximum !== undefined) return `${shown(minimum)} to ${shown(maximum)}.`;
  if (minimum !== undefined) return `At least ${shown(minimum)}.`;
  return maximum === undefined ? "" : `At most ${shown(maximum)}.`;
}

/** Follows references, and drops the `null` of optional fields. */
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
