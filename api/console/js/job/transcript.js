/** The job's output, node by node, in the order in which they start to write. */

import { NodeOutput } from "./node_output.js";
import { element } from "../dom/element.js";
import { line } from "./progress.js";
import { gapLabel, statusLabel } from "../dom/labels.js";

/** @import { EventData, Json, TakenEvent } from "../wire.d.ts" */

/** Nobody would scroll through more; the events have all of it. */
const MOST = 300;

export class Transcript {
  #root;
  /** @type {Map<string, NodeOutput>} */
  #speaking = new Map();
  /** @type {{ output: NodeOutput, last: string | null } | null} */
  #notes = null;
  /** @type {Set<NodeOutput>} */
  #fresh = new Set();
  /** @type {HTMLElement[]} */
  #waiting = [];
  /** @type {HTMLElement[]} */
  #shown = [];
  /**
   * The node that wrote each text.
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
        return this.#mark(statusLabel(value));
      case "gap":
        return this.#mark(gapLabel(value));
      case "end":
        return this.#end();
    }
  }

  get isEmpty() {
    return this.#shown.length === 0;
  }

  paint() {
    for (const output of this.#fresh) output.paint();
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
    const output = this.#speaking.get(key) ?? this.#begin(key, node, detail);
    output.write(text(message.content));
    for (const piece of message.tool_call_chunks ?? []) output.call(piece);
    if (message.type === "tool") output.close();
    this.#fresh.add(output);
  }

  /** @param {EventData["updates"]} event */
  #update({ ns, node, data }) {
    if (node === "__interrupt__") return;
    const own = [...this.#speaking].filter(([key]) => key.startsWith(`${ns} ${node} `));
    for (const [key, output] of own) {
      output.close(data);
      this.#speaking.delete(key);
      if (output.said) this.said.set(output.said, node);
    }
    if (own.length === 0) this.#begin(null, node, ns.map((part) => part.split(":")[0]).join(", ")).close(data);
  }

  /**
   * A node's own lines; a line that equals the last one is not repeated.
   *
   * @param {string | null} words
   */
  #note(words) {
    if (words === null || words === this.#notes?.last) return;
    if (this.#notes === null) this.#notes = { output: this.#begin(null, "notes", null), last: null };
    this.#notes.output.write(this.#notes.last === null ? words : `\n${words}`);
    this.#notes.last = words;
    this.#fresh.add(this.#notes.output);
  }

  /**
   * @param {string | null} key
   * @param {string | null} label
   * @param {string | null | undefined} detail
   */
  #begin(key, label, detail) {
    const notes = this.#notes;
    notes?.output.close();
    this.#notes = null;
    const output = new NodeOutput(label ?? "graph", detail);
    if (key !== null) this.#speaking.set(key, output);
    this.#add(output.root);
    return output;
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
    this.#notes?.output.close();
    this.#notes = null;
    for (const output of this.#speaking.values()) output.close();
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
    const words = `${this.#folded.toLocaleString("en")} earlier parts are not shown here. The events have all of them.`;
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
