/**
 * A job's event stream over as many connections as it takes.
 *
 * EventSource reconnects by itself and sends its cursor. This adds what it can't do: resume after a given
 * number (`?after=`), report the state of the connection, and reconnect after an error response, which
 * EventSource takes as final.
 */

import { CallFailed } from "../service/problem.js";

/** @import { EventName } from "../wire.d.ts" */

/** @type {EventName[]} */
const NAMES = ["status", "updates", "messages", "custom", "values", "tasks", "checkpoints", "debug", "gap", "end"];
const DROPPED_MS = 2000;
/** Before each new EventSource; the first one does not wait. */
const PAUSES_MS = [0, 1000, 2000, 4000, 8000];

/** @typedef {"closed" | "connecting" | "live" | "dropped" | "reconnecting" | "ended" | "stopped"} State closed, as long as nobody has started it */

export class Connection {
  /** @type {EventSource | null} */
  #source = null;
  #timer = 0;
  #tries = 0;
  #renew;
  #heard;
  #changed;
  #url = "";

  /** @type {State} */
  state = "closed";
  /** The last number received. */
  last = 0;
  /**
   * The numbers after which it reconnected, in order.
   *
   * @type {number[]}
   */
  resumes = [];

  /**
   * @param {object} owner
   * @param {() => Promise<string>} owner.renew gives a fresh URL
   * @param {(name: EventName, seq: number, data: string) => void} owner.heard takes each event
   * @param {(state: State, error: CallFailed | null) => void} owner.changed is told of the state
   */
  constructor({ renew, heard, changed }) {
    this.#renew = renew;
    this.#heard = heard;
    this.#changed = changed;
  }

  /** @param {string} url */
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

  /** @param {State} state */
  #connect(state) {
    this.#hangUp();
    const url = new URL(this.#url, document.baseURI);
    if (this.last) url.searchParams.set("after", String(this.last));
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

  /**
   * @param {EventName} name
   * @param {MessageEvent<string>} event
   */
  #take(name, event) {
    this.last = Number(event.lastEventId);
    this.#tries = 0;
    this.#heard(name, this.last, event.data);
    if (name !== "end") return;
    this.#hangUp();
    this.#set("ended");
  }

  /** @param {EventSource} source */
  #broke(source) {
    if (source !== this.#source) return;
    this.#set("reconnecting");
    if (source.readyState === EventSource.CLOSED) this.#recover();
  }

  /** EventSource has given up: find out why, and start a new one unless that is pointless. */
  #recover() {
    this.#hangUp();
    const pause = PAUSES_MS[Math.min(this.#tries, PAUSES_MS.length - 1)];
    this.#tries += 1;
    this.#timer = setTimeout(() => this.#begin(), pause);
  }

  async #begin() {
    try {
      const url = await this.#renew();
      if (this.state !== "reconnecting" || this.#source !== null) return;
      this.#url = url;
      this.reconnect();
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
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

  /**
   * @param {State} state
   * @param {CallFailed | null} [error]
   */
  #set(state, error = null) {
    this.state = state;
    this.#changed(state, error);
  }
}
