/** One job on the page: its connection, its log, and the views that both feed. */

import { element, parts } from "../dom/element.js";
import { Events } from "./events.js";
import { ProgressBar } from "./progress_bar.js";
import { Connection } from "../stream/connection.js";
import { Log } from "../stream/log.js";
import { Outcome } from "./outcome.js";
import { Painter } from "../stream/painter.js";
import { Interrupt } from "./interrupt.js";
import { Recent } from "../start/recent.js";
import { autoscroll } from "./autoscroll.js";
import { Timeline } from "./timeline.js";
import { Transcript } from "./transcript.js";
import { duration, connectionLabel } from "../dom/labels.js";

const LOOK_AGAIN_MS = 2000;
const TICK_MS = 1000;
const FINAL = new Set(["succeeded", "failed", "cancelled"]);
/** Shown in place of the output as long as there is none. */
const QUIET = { queued: "Queued: no worker has taken it yet.", running: "Running: no output yet." };
/** Announced to screen readers; a status that is not listed says `is`. */
const ANNOUNCED = {
  waiting: "The job is waiting for you.",
  succeeded: "The job succeeded.",
  failed: "The job failed.",
  cancelled: "The job was cancelled.",
};

export class Job {
  #root;
  #parts;
  #service;
  #announce;
  #id;
  #job = null;
  #status = "";
  #log = new Log();
  #connection;
  #painter;
  #views;
  #ticking = null;

  constructor(root, service, announce, id) {
    this.#root = root;
    this.#parts = parts(root);
    this.#service = service;
    this.#announce = announce;
    this.#id = id;
    this.#connection = new Connection({
      renew: async () => (await service.listening(id)).urls.events,
      heard: (...event) => this.#painter.push(event),
      changed: (state, error) => (state === "stopped" ? this.#stopped(error) : this.#connectionIs(state)),
    });
    this.#painter = new Painter((event) => this.#take(event), () => this.#draw());
    this.#views = this.#makeViews();
    this.#wire();
  }

  /** Find the job and follow it; `known` is the response to a POST, if there was one. */
  async show(known) {
    this.#root.hidden = false;
    this.#parts.id.textContent = this.#id;
    if (known) {
      this.#told(known);
      this.#parts.graph.focus();
    } else this.#parts.graph.textContent = "Looking for the job…";
    try {
      // The job, and a URL for its events.
      this.#told(await this.#untilResponse(() => this.#service.listening(this.#id)));
      this.#connection.start(this.#job.urls.events);
    } catch (error) {
      if (error.status === 404) this.#unknown(error);
      else this.#stopped(error);
    }
  }

  /** The page is shown again, or the network is back: a connection that was lost unnoticed is replaced. */
  reconnect() {
    this.#connection.reconnect();
  }

  #makeViews() {
    const { transcript, progress, outcome, interrupt, events, timeline } = this.#parts;
    return {
      transcript: new Transcript(transcript),
      progress: new ProgressBar(progress),
      outcome: new Outcome(outcome),
      events: new Events(events, this.#log),
      timeline: new Timeline(timeline),
      interrupt: new Interrupt(interrupt, (body) => this.#service.resume(this.#id, body)),
    };
  }

  #wire() {
    const { drop, cancel } = this.#parts;
    drop.onclick = () => (this.#connection.state === "dropped" ? this.#connection.reconnect() : this.#connection.drop());
    cancel.onclick = () => this.#cancel();
  }

  /** The result of a call, as soon as the service responds. */
  async #untilResponse(call) {
    for (;;) {
      try {
        const response = await call();
        this.#quiet(QUIET[this.#status]);
        return response;
      } catch (error) {
        if (!error.passing) throw error;
        this.#quiet(`${error.message} Retrying.`);
      }
      await new Promise((resume) => setTimeout(resume, LOOK_AGAIN_MS));
    }
  }

  #quiet(words = "") {
    this.#parts.quiet.textContent = words;
  }

  #told(job) {
    this.#job = job;
    this.#parts.graph.textContent = job.graph;
    Recent.note(job);
    if (this.#status === "" || FINAL.has(job.status)) this.#statusIs(job.status);
    if (job.ended_at) clearInterval(this.#ticking);
    else this.#ticking ??= setInterval(() => this.#tick(), TICK_MS);
    this.#tick();
  }

  /** There is no stream, or no longer one; the outcome is shown all the same, as far as the record has it. */
  async #stopped(error) {
    this.#connectionIs("stopped", error);
    if (error.status === undefined) throw error;
    await this.#recorded();
    this.#quiet();
    if (FINAL.has(this.#job?.status)) this.#views.outcome.show(this.#job, this.#views.transcript.said);
  }

  #unknown(error) {
    this.#parts.graph.textContent = error.title;
    this.#root.dataset.is = "unknown";
    this.#notice("It may have expired, which happens a week after a job ends, or it may belong to another key.");
    this.#quiet();
  }

  #notice(...lines) {
    this.#parts.notice.hidden = false;
    this.#parts.notice.replaceChildren(...lines.map((line) => element("p", {}, line)));
  }

  #take([name, seq, data]) {
    const entry = this.#log.take(name, seq, data);
    if (entry === null) return;
    const { transcript, progress, events } = this.#views;
    transcript.take(entry);
    events.take(entry);
    if (name === "custom") progress.take(entry.value.data);
    if (name === "status") this.#statusEvent(entry.value, seq);
    if (name === "end") this.#end(entry.value);
  }

  #statusEvent(event, seq) {
    const { status, at } = event;
    if (status === "running") this.#job.started_at ??= at;
    // History, if the record already has the end.
    if (FINAL.has(this.#status)) return;
    this.#statusIs(status);
    if (status === "waiting") this.#views.interrupt.ask(event, seq);
    else this.#views.interrupt.close();
  }

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

  #statusIs(status) {
    if (status === this.#status) return;
    this.#status = status;
    this.#parts.status.textContent = status;
    this.#parts.status.parentElement.dataset.is = status;
    this.#parts.cancel.hidden = FINAL.has(status);
    this.#quiet(QUIET[status]);
    if (FINAL.has(status)) this.#views.interrupt.close();
    document.title = `${status} · ${this.#job?.graph ?? "job"} · Tailrace`;
    this.#announce(ANNOUNCED[status] ?? `The job is ${status}.`);
    this.#tick();
  }

  #tick() {
    const { started_at: started, ended_at: ended } = this.#job ?? {};
    // Only the record has the time of the end: until it arrives, the clock stops.
    if (FINAL.has(this.#status) && !ended) return;
    const running = started && this.#status !== "waiting" ? Date.parse(started) : null;
    const until = ended ? Date.parse(ended) : Date.now();
    this.#parts.time.textContent = running === null ? "" : `${ended ? "after" : "for"} ${duration(until - running, ended !== undefined)}`;
  }

  #connectionIs(state, error) {
    const [word, detail] = connectionLabel(state, this.#connection, error);
    const { connection, word: shown, detail: more, drop } = this.#parts;
    connection.dataset.is = state;
    shown.textContent = word;
    more.textContent = detail;
    drop.hidden = state === "ended" || state === "stopped";
    drop.textContent = state === "dropped" ? "Reconnect now" : "Disconnect";
    if (state === "reconnecting" || (state === "live" && this.#connection.resumes.length)) this.#announce(`Connection: ${word}`);
    this.#painter.nudge();
  }

  async #cancel() {
    this.#parts.cancel.disabled = true;
    this.#parts.cancel.textContent = "Cancelling…";
    try {
      await this.#service.cancel(this.#id);
    } catch (error) {
      this.#parts.cancel.disabled = false;
      this.#parts.cancel.textContent = "Cancel the job";
      this.#notice("The job was not cancelled.", error.message);
    }
  }
}
