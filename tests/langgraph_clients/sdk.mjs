// The JavaScript SDK, as npm has it, against one server: node sdk.mjs URL. Prints what it got as JSON.
import { Client } from "@langchain/langgraph-sdk";

const client = new Client({ apiUrl: process.argv[2], apiKey: "none" });

async function parts(stream) {
  const told = [];
  for await (const part of stream) told.push(part);
  return told;
}

const { thread_id: thread } = await client.threads.create();
const payload = { input: { topic: "x" }, streamMode: ["values", "custom"], streamResumable: true };
let run;
const streamed = await parts(
  client.runs.stream(thread, "slow", { ...payload, onRunCreated: (created) => (run = created) }),
);
const joined = await parts(client.runs.joinStream(thread, run.run_id, { lastEventId: "-1" }));
const rest = await parts(client.runs.joinStream(thread, run.run_id, { lastEventId: streamed.at(-3).id }));
const end = await parts(client.runs.joinStream(thread, run.run_id, { lastEventId: streamed.at(-1).id }));
const asked = await client.runs.wait(thread, "ask", { input: { topic: "x" } });
const answered = await client.runs.wait(thread, "ask", { command: { resume: "yes" } });
const state = await client.threads.getState(thread);
const history = await client.threads.getHistory(thread, { limit: 3 });
const found = await client.threads.search({ ids: [thread] });
const stateless = await client.runs.wait(null, "steps", { input: { topic: "x" } });
const refused = await client.runs.create(thread, "nope", { input: {} }).catch((error) => error.message);
console.log(
  JSON.stringify({ run, thread, streamed, joined, rest, end, asked, answered, state, history, found, stateless, refused }),
);
