/**
 * A job's event stream over as many connections as it takes.
 *
 * EventSource comes back by itself after a cut and says where it was. This adds what it can't do: go
 * on behind a number of one's own (`?after=`), say in which state the line is, and come back where
 * the service has refused it, which EventSource takes for final.
 */

const NAMES = ["status", "updates", "messages", "custom", "values", "tasks", "checkpoints", "debug", "gap", "end"];
const DROPPED_MS = 2000;
/** Before each try to begin anew; the first one does not wait. */
const PAUSES_MS = [0, 1000, 2000, 4000, 8000];

export class Connection {
  #source = null;
  #timer = 0;
  #tries = 0;
  #renew;
  #heard;
  #changed;
  #url = "";

  /** closed, as long as nobody has started it; then connecting, live, dropped, reconnecting, ended or stopped. */
  state = "closed";
  /** The last number that came. */
  last = 0;
  /** Behind which numbers the line was taken up again, in order. */
  resumes = [];

  /** `renew` gives a fresh URL; `heard` takes name, number and data; `changed` is told of the state. */
  constructor({ renew, heard, changed }) {
    this.#renew = renew;
    this.#heard = heard;
    this.#changed = changed;
  }

  start(url) {
    this.#url = url;
    this.#connect("connecting");
  }

  /** Break the connection on purpose; the line is taken up again after a moment. */
  drop() {
    this.#hangUp();
    this.#set("dropped");
    this.#timer = setTimeout(() => this.reconnect(), DROPPED_MS);
  }

  /** Connect again now, behind the last number. */
  reconnect() {
    if (this.state === "ended" || this.state === "closed") return;
    this.#connect("reconnecting");
  }

  #connect(state) {
    this.#hangUp();
    const url = new URL(this.#url, document.baseURI);
    if (this.last) url.searchParams.set("after", this.last);
    const source = new EventSource(url);
    this.#source = source;
    source.onopen = () => this.#opened();
    source.onerror = () => this.#broke(source);
    for (const name of NAMES) source.addEventListener(name, (event) => this.#take(name, event));
    this.#set(state);
  }

  #opened() {
    if (this.state === "reconnecting") this.resumes.push(this.last);
    this.#set("live");
  }

  #take(name, event) {
    this.last = Number(event.lastEventId);
    this.#tries = 0;
    this.#heard(name, this.last, event.data);
    if (name !== "end") return;
    this.#hangUp();
    this.#set("ended");
  }

  #broke(source) {
    if (source !== this.#source) return;
    this.#set("reconnecting");
    if (source.readyState === EventSource.CLOSED) this.#recover();
  }

  /** EventSource has given up: find out why, and begin a new one unless that is pointless. */
  #recover() {
    this.#hangUp();
    const pause = PAUSES_MS[Math.min(this.#tries++, PAUSES_MS.length - 1)];
    this.#timer = setTimeout(() => this.#begin(), pause);
  }

  async #begin() {
    try {
      const url = await this.#renew();
      if (this.state !== "reconnecting" || this.#source !== null) return;
      this.#url = url;
      this.reconnect();
    } catch (error) {
      if (this.state !== "reconnecting" || this.#source !== null) return;
      if (error.passing) this.#recover();
      else this.#set("stopped", error);
    }
  }

  #hangUp() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  #set(state, error = null) {
    this.state = state;
    this.#changed(state, error);
  }
}
