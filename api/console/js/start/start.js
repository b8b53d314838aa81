/** Choose a graph and enter its input. */

import { element, parts } from "../dom/element.js";
import { InputForm } from "./input_form.js";
import { Recent } from "./recent.js";

const LOOK_AGAIN_MS = 2000;
const NO_GRAPHS = "No worker has announced its graphs yet. This page is waiting for one; `python -m tailrace.worker` starts one.";

export class Start {
  #root;
  #parts;
  #service;
  #started;
  #form = null;
  #graph = "";
  #sent = { text: "", key: "" };

  /** `started` is called with the job that was accepted. */
  constructor(root, service, started) {
    this.#root = root;
    this.#parts = parts(root);
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
    if (graphs === null) return;
    this.#say("Each run is a job. Its events are kept and numbered, so that nothing is lost with the connection.");
    this.#parts.choices.replaceChildren(...graphs.map((graph) => this.#choice(graph)));
    this.#choose(graphs.find(({ name }) => name === Recent.graph) ?? graphs[0]);
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
        if (error.status === undefined && !error.passing) throw error;
        this.#say(error.passing ? `${error.message} Retrying.` : error.message);
        if (!error.passing) return null;
      }
      await new Promise((resume) => setTimeout(resume, LOOK_AGAIN_MS));
    }
  }

  #say(words) {
    this.#parts.state.textContent = words;
  }

  #choice(graph) {
    const input = element("input", { type: "radio", name: "graph", value: graph.name, checked: this.#graph === graph.name });
    input.onchange = () => this.#choose(graph);
    const about = element("span", {}, graph.description.split("\n")[0]);
    return element("label", { className: "choice" }, input, element("strong", {}, graph.name), about);
  }

  #choose(graph) {
    this.#graph = graph.name;
    this.#parts.choices.querySelector(`[value=${CSS.escape(graph.name)}]`).checked = true;
    this.#parts.name.textContent = graph.name;
    this.#parts.about.textContent = graph.description;
    this.#form = new InputForm(this.#parts.fields, this.#parts.problem, graph);
  }

  async #start() {
    const given = this.#form.read();
    if (given === null) return;
    const body = { graph: this.#graph, ...given };
    this.#parts.go.disabled = true;
    try {
      const job = await this.#service.create(body, this.#key(body));
      this.#root.hidden = true;
      this.#started(job);
    } catch (error) {
      if (error.status === undefined && !error.passing) throw error;
      this.#form.refuse(error);
    } finally {
      this.#parts.go.disabled = false;
    }
  }

  /** A repeated POST has the same key: if only the response was lost, it finds its job. */
  #key(body) {
    const text = JSON.stringify(body);
    if (text !== this.#sent.text) this.#sent = { text, key: crypto.getRandomValues(new Uint32Array(4)).join("-") };
    return this.#sent.key;
  }
}
