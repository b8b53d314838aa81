/** JSON values in a readable form. */

import { element } from "./element.js";

const SHOWN = 280;

/** @import { Json } from "../wire.d.ts" */

/**
 * Parses JSON; a number that JavaScript can't represent exactly stays as it was written.
 *
 * @param {string} json
 * @returns {unknown}
 */
export function exact(json) {
  return JSON.parse(json, (_, value, context) => {
    const short = typeof value !== "number" || Number.isSafeInteger(value) || !Number.isInteger(value);
    return short || !context?.source || !JSON.rawJSON ? value : JSON.rawJSON(context.source);
  });
}

/**
 * Text as it is, anything else as JSON on one line.
 *
 * @param {Json | undefined} value
 * @returns {string | undefined}
 */
export function readable(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/**
 * A list of names with their values, long ones truncated: the events have them in full.
 *
 * @param {[string, Json | undefined][]} entries
 */
export function pairs(entries) {
  const rows = entries.map(([name, value]) => {
    const words = readable(value) ?? "";
    const shown = words.length > SHOWN ? `${words.slice(0, SHOWN)}…` : words;
    return element("div", {}, element("dt", {}, name), element("dd", {}, shown || "(empty)"));
  });
  return element("dl", { className: "pairs" }, ...rows);
}
