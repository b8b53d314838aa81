/**
 * EventSource on a job's events. Post the job, open its `urls.events`, close at `end`: the browser does the rest.
 *
 * EventSource can't send a key. `?ticket=true` puts a ticket into the URL, which opens the events of this job only.
 */

import { byId, clear, list, outcome, refusal, say, text } from "./shown.js";

/** @type {Record<string, object>} */
const INPUTS = {
  answer: { question: "What color is the sky?" },
  article: { topic: "the sea at night" },
  steps: { messages: ["start"] },
  progress: { task_title: "Write the report", total_steps: 5 },
  countdown: { seconds: 5 },
  thinking: { request: "Why do boats float?" },
};

const form = byId("form", HTMLFormElement);
const graph = byId("graph", HTMLSelectElement);
const input = byId("input", HTMLTextAreaElement);
const key = byId("key", HTMLInputElement);
const go = byId("go", HTMLButtonElement);
const close = byId("close", HTMLButtonElement);
const listen = byId("listen", HTMLButtonElement);

/** @type {{ urls: { events: string } } | null} */
let job = null;
/** @type {EventSource | null} */
let source = null;
let last = "";

for (const name of Object.keys(INPUTS)) graph.add(new Option(name));
graph.onchange = suggest;
form.onsubmit = (event) => {
  event.preventDefault();
  start();
};
close.onclick = () => stop("closed; the job keeps running");
listen.onclick = follow;
suggest();

function suggest() {
  input.value = JSON.stringify(INPUTS[graph.value]);
}

async function start() {
  job = null;
  last = "";
  stop("posting the job");
  clear();
  /** @type {Record<string, string>} */
  const headers = { "Content-Type": "application/json" };
  if (key.value) headers.Authorization = `Bearer ${key.value}`;
  const body = `{"graph":${JSON.stringify(graph.value)},"input":${input.value}}`;
  go.disabled = true;
  try {
    const response = await fetch("../../jobs?ticket=true", { method: "POST", headers, body });
    const accepted = await response.json();
    if (!response.ok) return say(refusal(accepted));
    job = accepted;
    follow();
  } catch (error) {
    say(`The service is not responding: ${error}`);
  } finally {
    go.disabled = false;
  }
}

function follow() {
  if (job === null) return;
  source?.close();
  const url = new URL(job.urls.events, location.href);
  // Only needed after the page itself has closed the stream: otherwise EventSource sends it in a header.
  if (last) url.searchParams.set("after", last);
  const own = new EventSource(url);
  source = own;
  own.onopen = () => say(last ? `live again, after event ${last}` : "live");
  own.onerror = () => {
    if (own.readyState === EventSource.CLOSED) stop("rejected by the service; EventSource does not say why");
    else say(`connection lost after event ${last || 0}; the browser reconnects`);
  };
  own.addEventListener("messages", (event) => {
    text.textContent += heard(event).message.content;
  });
  for (const name of ["status", "custom", "updates", "gap"]) own.addEventListener(name, heard);
  own.addEventListener("end", (event) => {
    stop(outcome(heard(event)));
    listen.disabled = true;
  });
  close.disabled = false;
  listen.disabled = true;
}

/** @param {MessageEvent<string>} event */
function heard(event) {
  last = event.lastEventId;
  list(last, event.type, event.data);
  return JSON.parse(event.data);
}

/** @param {string} words */
function stop(words) {
  source?.close();
  source = null;
  close.disabled = true;
  listen.disabled = job === null;
  say(words);
}
