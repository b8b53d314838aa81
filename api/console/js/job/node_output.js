/** The output of one node as it grows: a label, and the text next to it. */

import { element } from "../dom/element.js";
import { pairs } from "../dom/json.js";

/** @import { JsonObject, ToolCallChunk } from "../wire.d.ts" */

export class NodeOutput {
  #text = element("div", { className: "text" });
  /** @type {Text | null} */
  #line = null;
  #fresh = "";
  /** @type {Map<number, { name: string, args: string }>} */
  #called = new Map();
  said = "";

  /**
   * @param {string} label
   * @param {string | null | undefined} detail
   */
  constructor(label, detail) {
    const small = detail ? element("small", {}, detail) : null;
    this.root = element("section", { className: "node-output speaking" }, element("h3", {}, label, small));
  }

  /**
   * Add to the text; it appears at the next `paint`.
   *
   * @param {string} text
   */
  write(text) {
    this.said += text;
    this.#fresh += text;
  }

  /**
   * A piece of a wish for a tool: its name comes first, its arguments in parts.
   *
   * @param {ToolCallChunk} piece
   */
  call({ index, name, args }) {
    const wish = this.#called.get(index) ?? { name: "", args: "" };
    this.#called.set(index, { name: wish.name + (name ?? ""), args: wish.args + (args ?? "") });
  }

  /**
   * The node has finished; its changes are listed, except those that were just streamed.
   *
   * @param {JsonObject | null} [changes]
   */
  close(changes) {
    this.root.classList.remove("speaking");
    if (changes === undefined) return;
    const news = Object.entries(changes ?? {}).filter(([, value]) => value !== this.said);
    if (news.length) this.root.append(pairs(news));
  }

  paint() {
    this.#paintCalls();
    if (this.#fresh === "") return;
    const lines = this.#fresh.split(/(?<=\n)/);
    this.#fresh = "";
    for (const line of lines) this.#extend(line);
  }

  /**
   * Each line is an element of its own, so that a long text is not laid out again for each token.
   *
   * @param {string} text
   */
  #extend(text) {
    if (this.#line === null || this.#line.data.endsWith("\n")) {
      if (this.#line === null) this.root.append(this.#text);
      this.#line = document.createTextNode("");
      this.#text.append(element("span", {}, this.#line));
    }
    this.#line.appendData(text);
  }

  #paintCalls() {
    if (this.#called.size === 0) return;
    /** @type {[string, string][]} */
    const calls = [...this.#called.values()].map(({ name, args }) => [`calls ${name}`, args]);
    this.root.querySelector(".pairs")?.remove();
    this.root.append(pairs(calls));
  }
}
