/** The display of the example pages, without any networking: a state, a text, and each event as received. */

export const text = byId("text", HTMLElement);
const events = byId("events", HTMLElement);
const state = byId("state", HTMLElement);

/**
 * An element of the page.
 *
 * @template {HTMLElement} Kind
 * @param {string} id
 * @param {new () => Kind} kind
 */
export function byId(id, kind) {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new TypeError(`No ${kind.name} has the id ${id}.`);
}

/** @param {string} words */
export function say(words) {
  state.textContent = words;
}

export function clear() {
  text.textContent = "";
  events.replaceChildren();
}

/**
 * @param {string} id
 * @param {string} name
 * @param {string} data
 */
export function list(id, name, data) {
  const row = document.createElement("li");
  row.textContent = `${id} ${name} ${data}`;
  events.append(row);
}

/**
 * A job that has ended, in words.
 *
 * @param {{ status: string, error?: { detail: string } }} job
 */
export function outcome({ status, error }) {
  return error ? `${status}: ${error.detail}` : status;
}

/**
 * An error of the service, in its own words.
 *
 * @param {{ title: string, detail?: string, errors?: { detail: string }[] }} problem
 */
export function refusal({ title, detail, errors }) {
  return `${title}: ${errors?.[0]?.detail ?? detail}`;
}
