/** One job on the page: its line, its log, and the views that both feed. */

import { element, parts } from "./element.js";
import { Events } from "./events.js";
import { Gauge } from "./gauge.js";
import { Line } from "./line.js";
import { Log } from "./log.js";
import { Outcome } from "./outcome.js";
import { Painter } from "./painter.js";
import { CallFailed, Problem } from "./problem.js";
import { Question } from "./question.js";
import { Recent } from "./recent.js";
import { keepEndInSight } from "./sight.js";
import { Strip } from "./strip.js";
import { Transcript } from "./transcript.js";
import { duration, lineWords } from "./words.js";

/** @import { State } from "./line.js" */
/** @import { Service } from "./service.js" */
/** @import { Ending, EventName, Job as JobBody, StatusEvent } from "./wire.d.ts" */
/** @typedef {[name: EventName, seq: number, data: string]} Heard */

const LOOK_AGAIN_MS = 2000;
const TICK_MS = 1000;
const FINAL = new Set(["succeeded", "failed", "cancelled"]);
/**
 * What stands in place of what the job says, as long as it says nothing.
 *
 * @type {Record<string, string>}
 */
const QUIET = { queued: "Queued: no worker has taken it yet.", running: "Running: nothing said so far." };

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
  #line;
  #painter;
  #views;
  #ticking = 0;

  /**
   * @param {HTMLElement} root
   * @param {Service} service
   * @param {(words: string) => void} announce
   * @param {string} id
   */
  constructor(root, service, announce, id) {
    this.#root = root;
    this.#parts = parts(root, {
      graph: HTMLElement,
      status: HTMLElement,
      state: HTMLElement,
      time: HTMLElement,
      id: HTMLElement,
      cancel: HTMLButtonElement,
      line: HTMLElement,
      strip: HTMLElement,
      word: HTMLElement,
      detail: HTMLElement,
      count: HTMLElement,
      drop: HTMLButtonElement,
      notice: HTMLElement,
      question: HTMLFormElement,
      gauge: HTMLElement,
      quiet: HTMLElement,
      transcript: HTMLElement,
      outcome: HTMLElement,
      events: HTMLElement,
    });
    this.#service = service;
    this.#announce = announce;
    this.#id = id;
    this.#line = new Line({
      renew: async () => (await service.listening(id)).urls.events,
      heard: (...event) => this.#painter.push(event),
      changed: (state, error) => {
        if (error) this.#stopped(error);
        else this.#lineIs(state);
      },
    });
    /** @type {Painter<Heard>} */
    this.#painter = new Painter(
      (event) => this.#take(event),
      () => this.#draw(),
    );
    this.#views = this.#makeViews();
    this.#wire();
  }

  /**
   * Find the job and follow it.
   *
   * @param {JobBody} [known] what a POST has just answered
   */
  async show(known) {
    this.#root.hidden = false;
    this.#parts.id.textContent = this.#id;
    if (known) {
      this.#told(known);
      this.#parts.graph.focus();
    } else this.#parts.graph.textContent = "Looking for the job…";
    try {
      // The job, and a URL for its events.
      const job = await this.#insist(() => this.#service.listening(this.#id));
      this.#told(job);
      this.#line.start(job.urls.events);
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
      if (error instanceof Problem && error.status === 404) this.#unknown(error);
      else this.#stopped(error);
    }
  }

  /** The page is shown again, or the network is back: a line that has died unseen is taken up. */
  takeUp() {
    this.#line.takeUp();
  }

  #makeViews() {
    const { transcript, gauge, outcome, question, events, strip } = this.#parts;
    return {
      transcript: new Transcript(transcript),
      gauge: new Gauge(gauge),
      outcome: new Outcome(outcome),
      events: new Events(events, this.#log),
      strip: new Strip(strip),
      question: new Question(question, (body) => this.#service.answer(this.#id, body)),
    };
  }

  #wire() {
    const { drop, cancel } = this.#parts;
    drop.onclick = () => (this.#line.state === "dropped" ? this.#line.takeUp() : this.#line.drop());
    cancel.onclick = () => this.#cancel();
  }

  /**
   * What a call brings, as soon as the service answers it.
   *
   * @template Result
   * @param {() => Promise<Result>} call
   */
  async #insist(call) {
    for (;;) {
      try {
        const answer = await call();
        this.#quiet(QUIET[this.#status]);
        return answer;
      } catch (error) {
        if (!(error instanceof CallFailed && error.passing)) throw error;
        this.#quiet(`${error.message} This page tries again.`);
      }
      await new Promise((resume) => setTimeout(resume, LOOK_AGAIN_MS));
    }
  }

  #quiet(words = "") {
    this.#parts.quiet.textContent = words;
  }

  /** @param {JobBody} job */
  #told(job) {
    this.#job = job;
    this.#parts.graph.textContent = job.graph;
    Recent.note(job);
    if (this.#status === "" || FINAL.has(job.status)) this.#statusIs(job.status);
    if (job.ended_at) clearInterval(this.#ticking);
    else this.#ticking ||= setInterval(() => this.#tick(), TICK_MS);
    this.#tick();
  }

  /**
   * There is nothing to listen to, or not any more; what the record knows of the outcome is shown all the same.
   *
   * @param {CallFailed} error
   */
  async #stopped(error) {
    this.#lineIs("stopped", error);
    if (!(error instanceof Problem)) throw error;
    await this.#recorded();
    this.#quiet();
    if (this.#job && FINAL.has(this.#job.status)) this.#views.outcome.show(this.#job, this.#views.transcript.said);
  }

  /** @param {Problem} error */
  #unknown(error) {
    this.#parts.graph.textContent = error.title;
    this.#root.dataset.is = "unknown";
    this.#notice("It may have been forgotten, which happens a week after a job's end, or belong to another key.");
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
    const { transcript, gauge, events } = this.#views;
    transcript.take(entry);
    events.take(entry);
    if (entry.name === "custom") gauge.take(entry.value.data);
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
    // What was, where the record knows of the end already.
    if (FINAL.has(this.#status)) return;
    this.#statusIs(status);
    if (status === "waiting") this.#views.question.ask(event, seq);
    else this.#views.question.close();
  }

  /** @param {Ending} end */
  #end(end) {
    this.#statusIs(end.status);
    this.#views.gauge.finish(end.status === "succeeded");
    this.#views.outcome.show(end, this.#views.transcript.said);
    // The record knows when; the log does not say.
    this.#recorded();
  }

  async #recorded() {
    try {
      this.#told(await this.#insist(() => this.#service.job(this.#id)));
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
      this.#notice(error.message);
    }
  }

  #draw() {
    const { transcript, gauge, events, strip } = this.#views;
    keepEndInSight(this.#parts.transcript, () => {
      gauge.paint();
      transcript.paint();
    });
    events.paint();
    strip.paint(this.#line);
    this.#parts.count.textContent = this.#log.account;
    this.#parts.quiet.hidden = !transcript.isEmpty || !gauge.isEmpty || FINAL.has(this.#status);
  }

  /** @param {string} status */
  #statusIs(status) {
    if (status === this.#status) return;
    this.#status = status;
    this.#parts.status.textContent = status;
    this.#parts.state.dataset.is = status;
    this.#parts.cancel.hidden = FINAL.has(status);
    this.#quiet(QUIET[status]);
    if (FINAL.has(status)) this.#views.question.close();
    document.title = `${status} · ${this.#job?.graph ?? "job"} · Tailrace`;
    this.#announce(status === "waiting" ? "The job waits for you." : `The job is ${status}.`);
    this.#tick();
  }

  #tick() {
    const { started_at: started, ended_at: ended } = this.#job ?? {};
    // Only the record knows when it ended: until it is here, the time stands.
    if (FINAL.has(this.#status) && !ended) return;
    const running = started && this.#status !== "waiting" ? Date.parse(started) : null;
    const until = ended ? Date.parse(ended) : Date.now();
    const passed = running === null ? "" : duration(until - running, ended !== undefined);
    this.#parts.time.textContent = passed && `${ended ? "after" : "for"} ${passed}`;
  }

  /**
   * @param {State} state
   * @param {CallFailed | null} [error]
   */
  #lineIs(state, error = null) {
    const [word, detail] = lineWords(state, this.#line, error);
    const { line, word: shown, detail: more, drop } = this.#parts;
    line.dataset.is = state;
    shown.textContent = word;
    more.textContent = detail;
    drop.hidden = state === "ended" || state === "stopped";
    drop.textContent = state === "dropped" ? "Take it up now" : "Drop the line";
    if (state === "reconnecting" || (state === "live" && this.#line.resumes.length))
      this.#announce(`The line: ${word}`);
    this.#painter.nudge();
  }

  async #cancel() {
    this.#parts.cancel.disabled = true;
    this.#parts.cancel.textContent = "Cancelling…";
    try {
      await this.#service.cancel(this.#id);
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
      this.#parts.cancel.disabled = false;
      this.#parts.cancel.textContent = "Cancel the job";
      this.#notice("The job is not cancelled.", error.message);
    }
  }
}
