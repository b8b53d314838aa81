/** The form of one graph: built from its schemas, with the service's errors next to its fields. */

import { element } from "../dom/element.js";
import { Problem } from "../service/problem.js";
import { Section } from "./section.js";

/** @import { CallFailed } from "../service/problem.js" */
/** @import { Graph, Json } from "../wire.d.ts" */

const UNTOLD = "This graph does not describe its input.";

export class InputForm {
  #sections;
  #problem;

  /**
   * A graph that takes a context gets a section for it, too.
   *
   * @param {HTMLElement} root
   * @param {HTMLElement} problem where a refusal is shown
   * @param {Graph} graph
   */
  constructor(root, problem, { input_schema: input, context_schema: context }) {
    this.#problem = problem;
    this.#sections = [new Section("input", input, { hint: UNTOLD, start: {} })];
    if (context) this.#sections.push(new Section("context", context, { title: "Context", start: null }));
    root.replaceChildren(...this.#sections.map((section) => section.root));
    this.refuse(null);
  }

  /**
   * Input and context for the job's body, or null if a field holds an invalid value, which it then says.
   *
   * @returns {Record<string, Json> | null}
   */
  read() {
    this.refuse(null);
    /** @type {Record<string, Json>} */
    const given = {};
    for (const section of this.#sections) {
      const value = section.read();
      if (value !== undefined) given[section.place] = value;
    }
    return this.#focusFirstWrong() ? null : given;
  }

  /**
   * Show each error of the service in its place; null clears them all.
   *
   * @param {CallFailed | null} failed
   */
  refuse(failed) {
    for (const section of this.#sections) section.clear();
    this.#problem.hidden = failed === null;
    if (failed === null) return;
    const { errors, title } = failed instanceof Problem ? failed : { errors: [], title: failed.message };
    const left = errors.filter((error) => !this.#sections.some((section) => section.refuse(error)));
    const lines = left.map((error) => element("p", {}, `${error.pointer}: ${error.detail}`));
    if (errors.length === 0 && title !== failed.message) lines.push(element("p", {}, failed.message));
    this.#problem.replaceChildren(element("p", {}, element("strong", {}, title)), ...lines);
    this.#focusFirstWrong();
  }

  #focusFirstWrong() {
    const wrong = this.#sections.map((section) => section.firstWrong).find(Boolean);
    wrong?.focus();
    return wrong !== undefined;
  }
}
