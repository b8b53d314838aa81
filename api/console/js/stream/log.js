/** The page's copy of a job's log: every event in order, and whether a number is missing. */

import { exact } from "../dom/json.js";

export class Log {
  entries = [];
  missing = 0;
  #last = 0;

  /** The event as an entry, or null for one that is already here. */
  take(name, seq, data) {
    if (seq <= this.#last && name !== "end") return null;
    if (name !== "gap" && seq > this.#last + 1) this.missing += seq - this.#last - 1;
    const value = exact(data);
    if (name === "gap") this.missing += value.to - value.from + 1;
    this.#last = Math.max(seq, this.#last);
    const entry = { seq, name, data };
    this.entries.push(entry);
    return { ...entry, value };
  }

  /** A summary in words. */
  get account() {
    const count = this.entries.length;
    if (count === 0) return "no events yet";
    const span = `${number(count)} ${count === 1 ? "event" : "events"}, ${number(this.entries[0].seq)} to ${number(this.#last)}`;
    return `${span}, ${this.missing ? number(this.missing) : "none"} missing`;
  }

  /** One JSON object per line, with each event's data as received. */
  get lines() {
    return this.entries.map(({ seq, name, data }) => `{"id":${seq},"event":${JSON.stringify(name)},"data":${data}}\n`);
  }
}

function number(value) {
  return value.toLocaleString("en");
}
