/** The display of the example pages, without any networking: a state, a text, and each event as received. */

const events = document.getElementById("events");

export const text = document.getElementById("text");

export function say(words) {
  document.getElementById("state").textContent = words;
}

export function clear() {
  text.textContent = "";
  events.replaceChildren();
}

export function list(id, name, data) {
  const row = document.createElement("li");
  row.textContent = `${id} ${name} ${data}`;
  events.append(row);
}

/** A job that has ended, in words. */
export function outcome({ status, error }) {
  return error ? `${status}: ${error.detail}` : status;
}

/** An error of the service, in its own words. */
export function refusal({ title, detail, errors }) {
  return `${title}: ${errors?.[0]?.detail ?? detail}`;
}
