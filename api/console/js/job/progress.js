/**
 * The progress in a node's own event (`custom`). Pure.
 *
 * LangGraph leaves the format to the graph, so this recognises the usual names: a percentage, a step out
 * of a total, a remainder, a plain count. A reading has `share` (0 to 1, or null), `number` and `words`;
 * null means no progress.
 */

/** @import { Json, JsonObject } from "../wire.d.ts" */

/** @typedef {{ share: number | null, number: string, words: string }} Reading */

/**
 * @param {Json | undefined} data
 * @param {Json} [first] what remained at first
 * @returns {Reading | null}
 */
export function reading(data, first) {
  if (!isObject(data)) return null;
  const of = data.total_steps ?? data.total ?? data.of;
  const at = data.step ?? data.number ?? data.current;
  if (isNumber(data.percentage))
    return { share: data.percentage / 100, number: `${data.percentage} %`, words: title(data) };
  if (isNumber(at) && isNumber(of)) return { share: at / of, number: `${at} of ${of}`, words: title(data) };
  if (isNumber(data.remaining)) {
    const from = isNumber(first) ? first : data.remaining;
    return { share: from ? 1 - data.remaining / from : 1, number: String(data.remaining), words: "remaining" };
  }
  if (isNumber(data.i)) return { share: null, number: data.i.toLocaleString("en"), words: "counted" };
  return null;
}

/**
 * The line that an event adds to the node's output; null if it only advances the progress.
 *
 * @param {Json} data
 * @returns {string | null}
 */
export function line(data) {
  if (typeof data === "string") return data;
  if (!isObject(data)) return JSON.stringify(data);
  if (typeof data.message === "string") return data.message;
  return reading(data) ? null : JSON.stringify(data);
}

/** @param {JsonObject} data */
function title(data) {
  return [data.task_title, data.kind].find((word) => typeof word === "string") ?? "done";
}

/**
 * An object or a list.
 *
 * @param {Json | undefined} value
 * @returns {value is JsonObject}
 */
function isObject(value) {
  return typeof value === "object" && value !== null;
}

/**
 * @param {unknown} value
 * @returns {value is number}
 */
function isNumber(value) {
  return typeof value === "number" && Number.isFinite(value);
}
