/** The jobs that this browser has started or opened, newest first. */

import { element, parts } from "../dom/element.js";

const KEPT_AS = "tailrace-jobs";
const MOST = 8;
const WHEN = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

export class Recent {
  #root;
  #parts;
  #service;

  constructor(root, service) {
    this.#root = root;
    this.#parts = parts(root);
    this.#service = service;
    this.#parts.forget.onclick = () => this.#forget();
  }

  static note({ id, graph, created_at: at }) {
    const others = kept().filter((job) => job.id !== id);
    try {
      localStorage.setItem(KEPT_AS, JSON.stringify([{ id, graph, at }, ...others].slice(0, MOST)));
    } catch (error) {
      console.warn("This browser can't store the list of jobs:", error.message);
    }
  }

  /** The graph that was run last. */
  static get graph() {
    return kept()[0]?.graph;
  }

  show() {
    const jobs = kept();
    this.#root.hidden = jobs.length === 0;
    this.#parts.jobs.replaceChildren(...jobs.map((job) => this.#row(job)));
  }

  #row({ id, graph, at }) {
    const status = element("span", {}, "…");
    this.#service.job(id).then(
      (job) => (status.textContent = job.status),
      (error) => (status.textContent = error.status === 404 ? "gone" : "unknown"),
    );
    const link = element("a", { href: `?job=${encodeURIComponent(id)}` }, graph);
    const when = element("time", { dateTime: at }, WHEN.format(new Date(at)));
    return element("li", {}, link, element("code", {}, id), when, status);
  }

  #forget() {
    localStorage.removeItem(KEPT_AS);
    this.show();
  }
}

function kept() {
  try {
    const jobs = JSON.parse(localStorage.getItem(KEPT_AS) ?? "[]");
    return Array.isArray(jobs) ? jobs : [];
  } catch {
    return [];
  }
}
