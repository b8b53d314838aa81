/**
 * A job's event stream over as many connections as it takes.
 *
 * EventSource reconnects by itself and sends its cursor. This adds what it can't do: resume after a given
 * number (`?after=`), report the state of the connection, and reconnect after an error response, which
 * EventSource takes as final.
 */

const NAMES = ["status", "updates", "messages", "custom", "values", "tasks", "checkpoints", "debug", "gap", "end"];
const DROPPED_MS = 2000;
/** Before each new EventSource; the first one does not wait. */
const PAUSES_MS = [0, 1000, 2000, 4000, 8000];

export class Connection {
  #source = null;
  #timer = 0;
  #tries = 0;
  #renew;
  #heard;
  #changed;
  #url = "";

  /** closed until it is started; then connecting, live, dropped, reconnecting, ended or stopped. */
  state = "closed";
  /** The last number received. */
  last = 0;
  /** The numbers after which it reconnected, in order. */
  resumes = [];

  /** `renew` returns a fresh URL; `heard` takes name, number and data; `changed` is called with the state. */
  constructor({ renew, heard, changed }) {
    this.#renew = renew;
    this.#heard = heard;
    this.#changed = changed;
  }

  start(url) {
    this.#url = url;
    this.#connect("connecting");
  }

  /** Disconnect on purpose, and reconnect after a moment. */
  drop() {
    this.#hangUp();
    this.#set("dropped");
    this.#timer = setTimeout(() => this.reconnect(), DROPPED_MS);
  }

  /** Reconnect now, after the last number. */
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

  /** EventSource has given up: find out why, and start a new one unless that is pointless. */
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
