/** The form of one graph: built from its schemas, with the service's errors next to its fields. */

import { element } from "../dom/element.js";
import { Section } from "./section.js";

const UNTOLD = "This graph does not describe its input.";

export class InputForm {
  #sections;
  #problem;

  /** A graph that takes a context gets a section for it, too. */
  constructor(root, problem, { input_schema: input, context_schema: context }) {
    this.#problem = problem;
    this.#sections = [new Section("input", input, { hint: UNTOLD, start: {} })];
    if (context) this.#sections.push(new Section("context", context, { title: "Context", start: null }));
    root.replaceChildren(...this.#sections.map((section) => section.root));
    this.refuse(null);
  }

  /** Input and context for the job's body, or null if a field holds an invalid value, which it then says. */
  read() {
    this.refuse(null);
    const given = this.#sections.map((section) => [section.place, section.read()]);
    if (this.#focusFirstWrong()) return null;
    return Object.fromEntries(given.filter(([, value]) => value !== undefined));
  }

  /** Show each error of the service in its place; null clears them all. */
  refuse(problem) {
    for (const section of this.#sections) section.clear();
    this.#problem.hidden = problem === null;
    if (problem === null) return;
    const left = (problem.errors ?? []).filter((error) => !this.#sections.some((section) => section.refuse(error)));
    const lines = left.map((error) => element("p", {}, `${error.pointer}: ${error.detail}`));
    this.#problem.replaceChildren(element("p", {}, element("strong", {}, problem.title ?? problem.message)), ...lines);
    if (lines.length === 0 && !problem.errors?.length && problem.title) this.#problem.append(element("p", {}, problem.message));
    this.#focusFirstWrong();
  }

  #focusFirstWrong() {
    const wrong = this.#sections.map((section) => section.firstWrong).find(Boolean);
    wrong?.focus();
    return wrong !== undefined;
  }
}
