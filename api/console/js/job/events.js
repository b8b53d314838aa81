/** The raw events: all of them as rows, one of them in full, and all of them as a file. */

import { element, parts } from "../dom/element.js";
import { Rows } from "./rows.js";
import { summary } from "./summary.js";
import { exact } from "../dom/json.js";

/** @import { Log } from "../stream/log.js" */
/** @import { Entry, TakenEvent } from "../wire.d.ts" */

const ALL = "all events";

export class Events {
  #parts;
  #rows;
  #log;
  /** @type {string[]} */
  #names = [ALL];
  #items;

  /**
   * @param {HTMLElement} root
   * @param {Log} log
   */
  constructor(root, log) {
    this.#parts = parts(root, {
      rows: HTMLElement,
      space: HTMLElement,
      filter: HTMLSelectElement,
      save: HTMLButtonElement,
      follow: HTMLButtonElement,
      opened: HTMLElement,
      caption: HTMLElement,
      json: HTMLElement,
    });
    this.#log = log;
    this.#items = log.entries;
    const { rows, space, filter, save, follow } = this.#parts;
    this.#rows = new Rows(rows, space, { fill, chosen: (entry) => this.#open(entry) });
    this.#rows.show(this.#items);
    filter.replaceChildren(element("option", {}, ALL));
    filter.onchange = () => this.#filter(filter.value);
    save.onclick = () => this.#save();
    follow.onclick = () => this.#rows.follow();
    rows.addEventListener("scroll", () => this.#offer(), { passive: true });
  }

  /** @param {TakenEvent} event */
  take({ seq, name, data }) {
    if (!this.#names.includes(name)) {
      this.#names.push(name);
      this.#parts.filter.append(element("option", {}, name));
    }
    if (this.#items !== this.#log.entries && name === this.#parts.filter.value) this.#items.push({ seq, name, data });
  }

  paint() {
    this.#rows.paint();
    this.#offer();
  }

  #offer() {
    this.#parts.follow.hidden = this.#rows.following;
  }

  /** @param {string} name */
  #filter(name) {
    const { entries } = this.#log;
    this.#items = name === ALL ? entries : entries.filter((entry) => entry.name === name);
    this.#parts.opened.hidden = true;
    this.#rows.show(this.#items);
  }

  /** @param {Entry} entry */
  #open({ seq, name, data }) {
    this.#parts.opened.hidden = false;
    this.#parts.caption.textContent = `${seq} ${name}, ${data.length.toLocaleString("en")} characters`;
    this.#parts.json.textContent = JSON.stringify(exact(data), null, 2);
  }

  #save() {
    const url = URL.createObjectURL(new Blob(this.#log.lines, { type: "application/x-ndjson" }));
    element("a", { href: url, download: "events.ndjson" }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }
}

/**
 * @param {HTMLElement} row
 * @param {Entry} entry
 */
function fill(row, { seq, name, data }) {
  const [who, what] = summary(name, data);
  const words = element("span", {}, element("b", {}, who), " ", what);
  row.append(element("span", {}, String(seq)), element("span", {}, name), words);
}
