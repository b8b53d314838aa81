/** The page: which of its two views is shown, and what they share. */

import { Address } from "./address.js";
import { Job } from "./job.js";
import { Key } from "./key.js";
import { Service } from "./service.js";
import { Start } from "./start.js";

const LOOK_AGAIN_MS = 5000;

const byId = (id) => document.getElementById(id);
const service = new Service(new Key(byId("key")));
const address = new Address(() => location.reload());

/** Said by screen readers, one at a time: what changes the job or the line, never a token. */
function announce(words) {
  byId("announcer").textContent = words;
}

function follow(id, known) {
  byId("again").hidden = false;
  const job = new Job(byId("job"), service, announce, id);
  window.addEventListener("online", () => job.takeUp());
  window.addEventListener("pageshow", (event) => event.persisted && job.takeUp());
  job.show(known);
}

async function tellReadiness() {
  try {
    const status = await service.readiness();
    byId("readiness").textContent = status === "ready" ? "" : `The service is ${status}.`;
  } catch (error) {
    byId("readiness").textContent = error.message;
  }
  setTimeout(tellReadiness, LOOK_AGAIN_MS);
}

const id = address.job;
if (id) follow(id);
else {
  new Start(byId("start"), service, (job) => {
    address.go(job.id);
    follow(job.id, job);
  }).show();
}
tellReadiness();
