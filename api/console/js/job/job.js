/** One job on the page: its connection, its log, and the views that both feed. */

import { element, parts } from "../dom/element.js";
import { ANNOUNCED, QUIET } from "../dom/labels.js";
import { CallFailed, Problem } from "../service/problem.js";
import { untilResponse } from "../service/until_response.js";
import { Recent } from "../start/recent.js";
import { Connection } from "../stream/connection.js";
import { Log } from "../stream/log.js";
import { Painter } from "../stream/painter.js";
import { autoscroll } from "./autoscroll.js";
import { ConnectionBar } from "./connection_bar.js";
import { Events } from "./events.js";
import { Head } from "./head.js";
import { Interrupt } from "./interrupt.js";
import { Outcome } from "./outcome.js";
import { ProgressBar } from "./progress_bar.js";
import { Timeline } from "./timeline.js";
import { Transcript } from "./transcript.js";

/** @import { State } from "../stream/connection.js" */
/** @import { Service } from "../service/service.js" */
/** @import { Ending, EventName, Job as JobBody, StatusEvent } from "../wire.d.ts" */
/** @typedef {[name: EventName, seq: number, data: string]} Heard */

const FINAL = new Set(["succeeded", "failed", "cancelled"]);
export class Job {
  #root;
  #parts;
  #service;
  #announce;
  #id;
  /** @type {JobBody | null} */
  #job = null;
  #status = "";
  #log = new Log();
  #connection;
  #painter;
  #views;

  /**
   * @param {HTMLElement} root
   * @param {Service} service
   * @param {(words: string) => void} announce
   * @param {string} id
   */
  constructor(root, service, announce, id) {
    this.#root = root;
    this.#parts = parts(root, {
      connection: HTMLElement,
      timeline: HTMLElement,
      count: HTMLElement,
      notice: HTMLElement,
      interrupt: HTMLFormElement,
      progress: HTMLElement,
      quiet: HTMLElement,
      transcript: HTMLElement,
      outcome: HTMLElement,
      events: HTMLElement,
    });
    this.#service = service;
    this.#announce = announce;
    this.#id = id;
    this.#connection = new Connection({
      renew: async () => (await service.listening(id)).urls.events,
      heard: (...event) => this.#painter.push(event),
      changed: (state, error) => {
        if (error) this.#stopped(error);
        else this.#connectionIs(state, null);
      },
    });
    /** @type {Painter<Heard>} */
    this.#painter = new Painter(
      (event) => this.#take(event),
      () => this.#draw(),
    );
    this.#views = this.#makeViews();
  }

  /** @param {JobBody} [known] the response to a POST; the job is looked up all the same */
  async show(known) {
    this.#root.hidden = false;
    if (known) {
      this.#told(known);
      this.#views.head.focus();
    } else this.#views.head.title = "Looking for the job…";
    try {
      const job = await this.#untilResponse(() => this.#service.listening(this.#id));
      this.#told(job);
      this.#connection.start(job.urls.events);
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
      if (error instanceof Problem && error.status === 404) this.#unknown(error);
      else this.#stopped(error);
    }
  }

  /** The page is shown again, or the network is back: a connection that was lost unnoticed is replaced. */
  reconnect() {
    this.#connection.reconnect();
  }

  #makeViews() {
    const { transcript, progress, outcome, interrupt, events, timeline, connection } = this.#parts;
    return {
      head: new Head(this.#root, this.#id, () => this.#cancel()),
      connection: new ConnectionBar(connection, this.#connection),
      transcript: new Transcript(transcript),
      progress: new ProgressBar(progress),
      outcome: new Outcome(outcome),
      events: new Events(events, this.#log),
      timeline: new Timeline(timeline),
      interrupt: new Interrupt(interrupt, (body) => this.#service.resume(this.#id, body)),
    };
  }

  /** @type {<Result>(call: () => Promise<Result>) => Promise<Result>} */
  #untilResponse = async (call) => {
    const response = await untilResponse(call, ({ message }) => this.#quiet(`${message} Retrying.`));
    this.#quiet(QUIET[this.#status]);
    return response;
  };

  #quiet(words = "") {
    this.#parts.quiet.textContent = words;
  }

  /** @param {JobBody} job */
  #told(job) {
    this.#job = job;
    this.#views.head.title = job.graph;
    Recent.note(job);
    if (this.#status === "" || FINAL.has(job.status)) this.#statusIs(job.status);
    this.#views.head.show(job, this.#status, FINAL.has(this.#status));
  }

  /** @param {CallFailed} error why there is no stream; the outcome is shown as far as the record has it */
  async #stopped(error) {
    this.#connectionIs("stopped", error);
    if (!(error instanceof Problem)) throw error;
    await this.#recorded();
    this.#quiet();
    if (this.#job && FINAL.has(this.#job.status)) this.#views.outcome.show(this.#job, this.#views.transcript.said);
  }

  /** @param {Problem} error */
  #unknown(error) {
    this.#views.head.title = error.title;
    this.#root.dataset.is = "unknown";
    this.#notice("It may have expired, which happens a week after a job ends, or it may belong to another key.");
    this.#quiet();
  }

  /** @param {string[]} lines */
  #notice(...lines) {
    this.#parts.notice.hidden = false;
    this.#parts.notice.replaceChildren(...lines.map((line) => element("p", {}, line)));
  }

  /** @param {Heard} event */
  #take([name, seq, data]) {
    const entry = this.#log.take(name, seq, data);
    if (entry === null) return;
    const { transcript, progress, events } = this.#views;
    transcript.take(entry);
    events.take(entry);
    if (entry.name === "custom") progress.take(entry.value.data);
    if (entry.name === "status") this.#statusEvent(entry.value, seq);
    if (entry.name === "end") this.#end(entry.value);
  }

  /**
   * @param {StatusEvent} event
   * @param {number} seq
   */
  #statusEvent(event, seq) {
    const { status, at } = event;
    if (status === "running" && this.#job) this.#job.started_at ??= at;
    // History, if the record already has the end.
    if (FINAL.has(this.#status)) return;
    this.#statusIs(status);
    if (status === "waiting") this.#views.interrupt.ask(event, seq);
    else this.#views.interrupt.close();
  }

  /** @param {Ending} end */
  #end(end) {
    this.#statusIs(end.status);
    this.#views.progress.finish(end.status === "succeeded");
    this.#views.outcome.show(end, this.#views.transcript.said);
    // The record has the time; the log does not.
    this.#recorded();
  }

  async #recorded() {
    try {
      this.#told(await this.#untilResponse(() => this.#service.job(this.#id)));
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
      this.#notice(error.message);
    }
  }

  #draw() {
    const { transcript, progress, events, timeline } = this.#views;
    autoscroll(this.#parts.transcript, () => {
      progress.paint();
      transcript.paint();
    });
    events.paint();
    timeline.paint(this.#connection);
    this.#parts.count.textContent = this.#log.account;
    this.#parts.quiet.hidden = !transcript.isEmpty || !progress.isEmpty || FINAL.has(this.#status);
  }

  /** @param {string} status */
  #statusIs(status) {
    if (status === this.#status) return;
    this.#status = status;
    this.#quiet(QUIET[status]);
    if (FINAL.has(status)) this.#views.interrupt.close();
    document.title = `${status} · ${this.#job?.graph ?? "job"} · Tailrace`;
    this.#announce(ANNOUNCED[status] ?? `The job is ${status}.`);
    this.#views.head.show(this.#job, status, FINAL.has(status));
  }

  /**
   * @param {State} state
   * @param {CallFailed | null} error
   */
  #connectionIs(state, error) {
    const word = this.#views.connection.show(state, error);
    const resumed = state === "live" && this.#connection.resumes.length > 0;
    if (state === "reconnecting" || resumed) this.#announce(`Connection: ${word}`);
    this.#painter.nudge();
  }

  async #cancel() {
    try {
      await this.#service.cancel(this.#id);
      return true;
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
      this.#notice("The job was not cancelled.", error.message);
      return false;
    }
  }
}
