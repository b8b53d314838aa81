/** What the job says, node by node, in the order in which they begin to speak. */

import { Block } from "./block.js";
import { element } from "./element.js";
import { line } from "./reading.js";
import { gapWords, statusWords } from "./words.js";

/** @import { EventData, Json, TakenEvent } from "./wire.d.ts" */

/** More would only be scrolled past; all of it is among the events. */
const MOST = 300;

export class Transcript {
  #root;
  /** @type {Map<string, Block>} */
  #speaking = new Map();
  /** @type {{ block: Block, last: string | null } | null} */
  #notes = null;
  /** @type {Set<Block>} */
  #fresh = new Set();
  /** @type {HTMLElement[]} */
  #waiting = [];
  /** @type {HTMLElement[]} */
  #shown = [];
  /**
   * Who has said what, by the text.
   *
   * @type {Map<unknown, string>}
   */
  said = new Map();
  #folded = 0;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
  }

  /** @param {TakenEvent} event */
  take({ name, value }) {
    switch (name) {
      case "messages":
        return this.#message(value);
      case "updates":
        return this.#update(value);
      case "custom":
        return this.#note(line(value.data));
      case "status":
        return this.#mark(statusWords(value));
      case "gap":
        return this.#mark(gapWords(value));
      case "end":
        return this.#end();
    }
  }

  get isEmpty() {
    return this.#shown.length === 0;
  }

  paint() {
    for (const block of this.#fresh) block.paint();
    this.#fresh.clear();
    if (this.#waiting.length === 0) return;
    this.#root.append(...this.#waiting);
    this.#waiting = [];
    this.#fold();
  }

  /** @param {EventData["messages"]} event */
  #message({ ns, node, message }) {
    const key = `${ns} ${node} ${message.id}`;
    const detail = message.type === "tool" ? message.name : ns.map((part) => part.split(":")[0]).join(", ");
    const block = this.#speaking.get(key) ?? this.#begin(key, node, detail);
    block.write(text(message.content));
    for (const piece of message.tool_call_chunks ?? []) block.call(piece);
    if (message.type === "tool") block.close();
    this.#fresh.add(block);
  }

  /** @param {EventData["updates"]} event */
  #update({ ns, node, data }) {
    if (node === "__interrupt__") return;
    const own = [...this.#speaking].filter(([key]) => key.startsWith(`${ns} ${node} `));
    for (const [key, block] of own) {
      block.close(data);
      this.#speaking.delete(key);
      if (block.said) this.said.set(block.said, node);
    }
    if (own.length === 0) this.#begin(null, node, ns.map((part) => part.split(":")[0]).join(", ")).close(data);
  }

  /**
   * Lines that a node writes; one that repeats the last is not written twice.
   *
   * @param {string | null} words
   */
  #note(words) {
    if (words === null || words === this.#notes?.last) return;
    if (this.#notes === null) this.#notes = { block: this.#begin(null, "notes", null), last: null };
    this.#notes.block.write(this.#notes.last === null ? words : `\n${words}`);
    this.#notes.last = words;
    this.#fresh.add(this.#notes.block);
  }

  /**
   * @param {string | null} key
   * @param {string | null} label
   * @param {string | null | undefined} detail
   */
  #begin(key, label, detail) {
    const notes = this.#notes;
    notes?.block.close();
    this.#notes = null;
    const block = new Block(label ?? "graph", detail);
    if (key !== null) this.#speaking.set(key, block);
    this.#add(block.root);
    return block;
  }

  /** @param {{ title: string, detail: string } | null} words */
  #mark(words) {
    if (words === null) return;
    this.#end();
    this.#add(
      element("p", { className: "mark" }, element("strong", {}, words.title), element("span", {}, words.detail)),
    );
  }

  #end() {
    this.#notes?.block.close();
    this.#notes = null;
    for (const block of this.#speaking.values()) block.close();
    this.#speaking.clear();
  }

  /** @param {HTMLElement} root */
  #add(root) {
    this.#shown.push(root);
    this.#waiting.push(root);
  }

  #fold() {
    const surplus = this.#shown.length - MOST;
    if (surplus <= 0) return;
    for (const root of this.#shown.splice(0, surplus)) root.remove();
    this.#folded += surplus;
    const words = `${this.#folded.toLocaleString("en")} earlier parts are left out here. All are among the events.`;
    this.#root.querySelector(".folded")?.remove();
    this.#root.prepend(element("p", { className: "quiet folded" }, words));
  }
}

/**
 * The text of a message's content, which may be a list of texts and typed parts.
 *
 * @param {Json} content
 * @returns {string}
 */
function text(content) {
  if (typeof content === "string") return content;
  if (Array.isArray(content)) return content.map(text).join("");
  return typeof content === "object" && typeof content?.text === "string" ? content.text : "";
}
