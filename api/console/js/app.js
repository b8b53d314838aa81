/** The console: which of its two views is shown, and what they share. */

import { JobLocation } from "./dom/location.js";
import { Job } from "./job/job.js";
import { ApiKey } from "./service/api_key.js";
import { byId } from "./dom/element.js";
import { CallFailed } from "./service/problem.js";
import { Service } from "./service/service.js";
import { Start } from "./start/start.js";

const LOOK_AGAIN_MS = 5000;

/** @import { Job as JobBody } from "./wire.d.ts" */

const page = {
  key: byId("key", HTMLFormElement),
  again: byId("again", HTMLElement),
  announcer: byId("announcer", HTMLElement),
  readiness: byId("readiness", HTMLElement),
  start: byId("start", HTMLElement),
  job: byId("job", HTMLElement),
};
const service = new Service(new ApiKey(page.key));
const jobLocation = new JobLocation(() => location.reload());

/**
 * Announced by screen readers, one at a time: changes of the job or the connection, never a token.
 *
 * @param {string} words
 */
function announce(words) {
  page.announcer.textContent = words;
}

/**
 * @param {string} id
 * @param {JobBody} [known] the response to a POST
 */
function follow(id, known) {
  page.again.hidden = false;
  const job = new Job(page.job, service, announce, id);
  window.addEventListener("online", () => job.reconnect());
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) job.reconnect();
  });
  job.show(known);
}

async function tellReadiness() {
  try {
    const status = await service.readiness();
    page.readiness.textContent = status === "ready" ? "" : `The service is ${status}.`;
  } catch (error) {
    if (!(error instanceof CallFailed)) throw error;
    page.readiness.textContent = error.message;
  }
  setTimeout(tellReadiness, LOOK_AGAIN_MS);
}

const id = jobLocation.job;
if (id) follow(id);
else {
  new Start(page.start, service, (job) => {
    jobLocation.go(job.id);
    follow(job.id, job);
  }).show();
}
tellReadiness();
