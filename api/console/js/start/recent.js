/** The jobs that this browser has started or opened, newest first. */

import { element, parts } from "../dom/element.js";
import { Problem } from "../service/problem.js";

/** @import { Service } from "../service/service.js" */
/** @import { Job } from "../wire.d.ts" */
/** @typedef {{ id: string, graph: string, at: string }} Noted */

const KEPT_AS = "tailrace-jobs";
const MOST = 8;
const WHEN = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

export class Recent {
  #root;
  #parts;
  #service;

  /**
   * @param {HTMLElement} root
   * @param {Service} service
   */
  constructor(root, service) {
    this.#root = root;
    this.#parts = parts(root, { jobs: HTMLElement, forget: HTMLButtonElement });
    this.#service = service;
    this.#parts.forget.onclick = () => this.#forget();
  }

  /** @param {Job} job */
  static note({ id, graph, created_at: at }) {
    const others = kept().filter((job) => job.id !== id);
    try {
      localStorage.setItem(KEPT_AS, JSON.stringify([{ id, graph, at }, ...others].slice(0, MOST)));
    } catch (error) {
      console.warn("This browser can't store the list of jobs:", error);
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

  /** @param {Noted} noted */
  #row({ id, graph, at }) {
    const status = element("span", {}, "…");
    this.#tell(id, status);
    const link = element("a", { href: `?job=${encodeURIComponent(id)}` }, graph);
    const when = element("time", { dateTime: at }, WHEN.format(new Date(at)));
    return element("li", {}, link, element("code", {}, id), when, status);
  }

  /**
   * @param {string} id
   * @param {HTMLElement} status
   */
  async #tell(id, status) {
    try {
      status.textContent = (await this.#service.job(id)).status;
    } catch (error) {
      status.textContent = error instanceof Problem && error.status === 404 ? "gone" : "unknown";
    }
  }

  #forget() {
    localStorage.removeItem(KEPT_AS);
    this.show();
  }
}

/** @returns {Noted[]} */
function kept() {
  try {
    const jobs = JSON.parse(localStorage.getItem(KEPT_AS) ?? "[]");
    return Array.isArray(jobs) ? jobs : [];
  } catch {
    return [];
  }
}
