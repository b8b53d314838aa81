/** The console: which of its two views is shown, and what they share. */

import { JobLocation } from "./dom/location.js";
import { Job } from "./job/job.js";
import { ApiKey } from "./service/api_key.js";
import { Service } from "./service/service.js";
import { Start } from "./start/start.js";

const LOOK_AGAIN_MS = 5000;

const byId = (id) => document.getElementById(id);
const service = new Service(new ApiKey(byId("key")));
const jobLocation = new JobLocation(() => location.reload());

/** Announced by screen readers, one at a time: changes of the job or the connection, never a token. */
function announce(words) {
  byId("announcer").textContent = words;
}

function follow(id, known) {
  byId("again").hidden = false;
  const job = new Job(byId("job"), service, announce, id);
  window.addEventListener("online", () => job.reconnect());
  window.addEventListener("pageshow", (event) => event.persisted && job.reconnect());
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

const id = jobLocation.job;
if (id) follow(id);
else {
  new Start(byId("start"), service, (job) => {
    jobLocation.go(job.id);
    follow(job.id, job);
  }).show();
}
tellReadiness();
