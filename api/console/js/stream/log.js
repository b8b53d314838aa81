/** The page's copy of a job's log: every event in order, and whether a number is missing. */

import { exact } from "../dom/json.js";

/** @import { Entry, EventName, TakenEvent } from "../wire.d.ts" */

export class Log {
  /** @type {Entry[]} */
  entries = [];
  missing = 0;
  #last = 0;

  /**
   * The event as an entry, or null for one that is already here.
   *
   * @param {EventName} name
   * @param {number} seq
   * @param {string} data
   * @returns {TakenEvent | null}
   */
  take(name, seq, data) {
    if (seq <= this.#last && name !== "end") return null;
    if (name !== "gap" && seq > this.#last + 1) this.missing += seq - this.#last - 1;
    const taken = /** @type {TakenEvent} */ ({ seq, name, data, value: exact(data) });
    if (taken.name === "gap") this.missing += taken.value.to - taken.value.from + 1;
    this.#last = Math.max(seq, this.#last);
    this.entries.push({ seq, name, data });
    return taken;
  }

  /** A summary in words. */
  get account() {
    const count = this.entries.length;
    const [first] = this.entries;
    if (first === undefined) return "no events yet";
    const span = `${number(count)} ${count === 1 ? "event" : "events"}, ${number(first.seq)} to ${number(this.#last)}`;
    return `${span}, ${this.missing ? number(this.missing) : "none"} missing`;
  }

  /** One JSON object per line, with each event's data as received. */
  get lines() {
    return this.entries.map(({ seq, name, data }) => `{"id":${seq},"event":${JSON.stringify(name)},"data":${data}}\n`);
  }
}

/** @param {number} value */
function number(value) {
  return value.toLocaleString("en");
}
