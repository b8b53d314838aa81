/** A short summary of an event, for its row. Pure. */

import { exact } from "../dom/json.js";

/** A row shows about a hundred characters; an event can have a quarter of a million. */
const MOST = 160;

/** @import { EventName, Message, TakenEvent } from "../wire.d.ts" */

/**
 * The source and the content: `["brainstorm", "\"Water\""]`.
 *
 * @param {EventName} name
 * @param {string} data
 * @returns {[string, string]}
 */
export function summary(name, data) {
  const [who, what] = told(/** @type {TakenEvent} */ ({ name, value: exact(data) }));
  return [who ?? "", what.slice(0, MOST)];
}

/**
 * @param {TakenEvent} event
 * @returns {[string, string]}
 */
function told({ name, value }) {
  switch (name) {
    case "messages":
      return [value.node, message(value.message)];
    case "updates":
    case "tasks":
      return [value.node, JSON.stringify(value.data)];
    case "status":
      return [value.status, [value.attempt && `attempt ${value.attempt}`, value.reason].filter(Boolean).join(", ")];
    case "end":
      return [value.status, value.error?.type ?? ""];
    case "gap":
      return ["", `${value.from} to ${value.to}, ${value.reason}`];
    default:
      return ["", JSON.stringify(value.data ?? value)];
  }
}

/** @param {Message} message */
function message({ content, tool_call_chunks: calls }) {
  if (calls?.length) return calls.map(({ name, args }) => `${name ?? ""}${args ?? ""}`).join(" ");
  return JSON.stringify(content);
}
