/** What one node says at a time, as it grows: a label at the side, the text beside it. */

import { element } from "../dom/element.js";
import { pairs } from "../dom/json.js";

export class NodeOutput {
  #text = element("div", { className: "text" });
  #connection = null;
  #fresh = "";
  #called = new Map();
  said = "";

  constructor(label, detail) {
    const small = detail ? element("small", {}, detail) : null;
    this.root = element("section", { className: "node-output speaking" }, element("h3", {}, label, small));
  }

  /** Add to the text; it is seen at the next `paint`. */
  write(text) {
    this.said += text;
    this.#fresh += text;
  }

  /** A piece of a wish for a tool: its name comes first, its arguments in parts. */
  call({ index, name, args }) {
    const wish = this.#called.get(index) ?? { name: "", args: "" };
    this.#called.set(index, { name: wish.name + (name ?? ""), args: wish.args + (args ?? "") });
  }

  /** The node is through; what it changed is named, and shown unless it was just said. */
  close(changes) {
    this.root.classList.remove("speaking");
    if (changes === undefined) return;
    const news = Object.entries(changes ?? {}).filter(([, value]) => value !== this.said);
    if (news.length) this.root.append(pairs(news));
  }

  paint() {
    this.#paintCalls();
    if (this.#fresh === "") return;
    const [first, ...rest] = this.#fresh.split(/(?<=\n)/);
    this.#fresh = "";
    this.#extend(first);
    for (const line of rest) this.#extend(line);
  }

  /** A line is an element of its own, so that a long text is not laid out anew for each token. */
  #extend(text) {
    if (this.#connection === null || this.#connection.data.endsWith("\n")) {
      if (this.#connection === null) this.root.append(this.#text);
      this.#connection = document.createTextNode("");
      this.#text.append(element("span", {}, this.#connection));
    }
    this.#connection.appendData(text);
  }

  #paintCalls() {
    if (this.#called.size === 0) return;
    const calls = [...this.#called.values()].map(({ name, args }) => [`calls ${name}`, args]);
    this.root.querySelector(".pairs")?.remove();
    this.root.append(pairs(calls));
  }
}
