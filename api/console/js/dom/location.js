/** Which job the page shows: it is in the page's URL, so that you can reload, bookmark and share it. */

export class JobLocation {
  /** @type {string | null} */
  #shown;

  /**
   * `changed` is called when the browser's history leads to another job, or to none.
   *
   * @param {() => void} changed
   */
  constructor(changed) {
    this.#shown = this.job;
    // A fragment, such as that of the skip link, is also a step in the history.
    window.addEventListener("popstate", () => this.job !== this.#shown && changed());
  }

  get job() {
    return new URLSearchParams(location.search).get("job");
  }

  /** @param {string} job */
  go(job) {
    history.pushState(null, "", `?job=${encodeURIComponent(job)}`);
    this.#shown = job;
  }
}
