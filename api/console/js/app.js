/** The page: which of its two views is shown, and what they share. */

import { Address } from "./address.js";
import { Job } from "./job.js";
import { Key } from "./key.js";
import { byId } from "./element.js";
import { CallFailed } from "./problem.js";
import { Service } from "./service.js";
import { Start } from "./start.js";

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
const service = new Service(new Key(page.key));
const address = new Address(() => location.reload());

/**
 * Said by screen readers, one at a time: what changes the job or the line, never a token.
 *
 * @param {string} words
 */
function announce(words) {
  page.announcer.textContent = words;
}

/**
 * @param {string} id
 * @param {JobBody} [known] what a POST has just answered
 */
function follow(id, known) {
  page.again.hidden = false;
  const job = new Job(page.job, service, announce, id);
  window.addEventListener("online", () => job.takeUp());
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) job.takeUp();
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

const id = address.job;
if (id) follow(id);
else {
  new Start(page.start, service, (job) => {
    address.go(job.id);
    follow(job.id, job);
  }).show();
}
tellReadiness();
