/** Choose a graph and enter its input. */

import { element, parts } from "../dom/element.js";
import { InputForm } from "./input_form.js";
import { CallFailed } from "../service/problem.js";
import { Recent } from "./recent.js";

/** @import { Service } from "../service/service.js" */
/** @import { Graph, Job } from "../wire.d.ts" */

const LOOK_AGAIN_MS = 2000;
const NO_GRAPHS =
  "No worker has announced its graphs yet. This page is waiting for one; `python -m tailrace.worker` starts one.";

export class Start {
  #root;
  #parts;
  #service;
  #started;
  /** @type {InputForm | null} */
  #form = null;
  #graph = "";
  #sent = { text: "", key: "" };

  /**
   * @param {HTMLElement} root
   * @param {Service} service
   * @param {(job: Job) => void} started gets the job that was accepted
   */
  constructor(root, service, started) {
    this.#root = root;
    this.#parts = parts(root, {
      state: HTMLElement,
      ready: HTMLElement,
      choices: HTMLElement,
      input: HTMLFormElement,
      name: HTMLElement,
      about: HTMLElement,
      problem: HTMLElement,
      fields: HTMLElement,
      go: HTMLButtonElement,
      recent: HTMLElement,
    });
    this.#service = service;
    this.#started = started;
    this.#parts.input.onsubmit = (event) => {
      event.preventDefault();
      this.#start();
    };
  }

  async show() {
    this.#root.hidden = false;
    this.#say("Asking the service for its graphs…");
    const graphs = await this.#served();
    const chosen = graphs?.find(({ name }) => name === Recent.graph) ?? graphs?.[0];
    if (!graphs || !chosen) return;
    this.#say("Each run is a job. Its events are kept and numbered, so that nothing is lost with the connection.");
    this.#parts.choices.replaceChildren(...graphs.map((graph) => this.#choice(graph)));
    this.#choose(chosen);
    this.#parts.ready.hidden = false;
    new Recent(this.#parts.recent, this.#service).show();
  }

  /** The graphs, as soon as there are any; null if the request is rejected, which the page then shows. */
  async #served() {
    for (;;) {
      try {
        const graphs = await this.#service.graphs();
        if (graphs.length) return graphs;
        this.#say(NO_GRAPHS);
      } catch (error) {
        if (!(error instanceof CallFailed)) throw error;
        this.#say(error.passing ? `${error.message} Retrying.` : error.message);
        if (!error.passing) return null;
      }
      await new Promise((resume) => setTimeout(resume, LOOK_AGAIN_MS));
    }
  }

  /** @param {string} words */
  #say(words) {
    this.#parts.state.textContent = words;
  }

  /** @param {Graph} graph */
  #choice(graph) {
    const input = element("input", {
      type: "radio",
      name: "graph",
      value: graph.name,
      checked: this.#graph === graph.name,
    });
    input.onchange = () => this.#choose(graph);
    const about = element("span", {}, graph.description.split("\n", 1)[0]);
    return element("label", { className: "choice" }, input, element("strong", {}, graph.name), about);
  }

  /** @param {Graph} graph */
  #choose(graph) {
    this.#graph = graph.name;
    const input = this.#parts.choices.querySelector(`[value=${CSS.escape(graph.name)}]`);
    if (input instanceof HTMLInputElement) input.checked = true;
    this.#parts.name.textContent = graph.name;
    this.#parts.about.textContent = graph.description;
    this.#form = new InputForm(this.#parts.fields, this.#parts.problem, graph);
  }

  async #start() {
    const form = this.#form;
    const given = form?.read();
    if (!form || !given) return;
    const body = { graph: this.#graph, ...given };
    this.#parts.go.disabled = true;
    try {
      const job = await this.#service.create(body, this.#key(body));
      this.#root.hidden = true;
      this.#started(job);
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
      form.refuse(error);
    } finally {
      this.#parts.go.disabled = false;
    }
  }

  /**
   * A repeated POST has the same key: if only the response was lost, it finds its job.
   *
   * @param {object} body
   */
  #key(body) {
    const text = JSON.stringify(body);
    if (text !== this.#sent.text) this.#sent = { text, key: crypto.getRandomValues(new Uint32Array(4)).join("-") };
    return this.#sent.key;
  }
}
