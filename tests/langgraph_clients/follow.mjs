// A run that the JavaScript SDK follows: node follow.mjs URL GATE. Prints each part as it comes, then the whole run as
// it is read from its start, as lines of JSON.
import { Client } from "@langchain/langgraph-sdk";

const [url, gate] = process.argv.slice(2);
const client = new Client({ apiUrl: url, apiKey: "none" });
const say = (name, value) => console.log(JSON.stringify({ name, value }));

async function follow(name, stream) {
  for await (const part of stream) say(name, part);
}

const modes = { own: ["values", "updates", "custom", "messages-tuple", "messages"], joined: ["messages"] };
const { thread_id: thread } = await client.threads.create();
let created;
const run = new Promise((resolve) => (created = resolve));
const own = client.runs.stream(thread, "tale", {
  input: { messages: [{ role: "user", content: "Tell me." }], gate },
  streamMode: modes.own,
  streamResumable: true,
  onRunCreated: created,
});
const followed = follow("own", own);
const { run_id: id } = await run;
const join = (streamMode) => client.runs.joinStream(thread, id, { streamMode, lastEventId: "-1" });
await Promise.all([followed, follow("joined", join(modes.joined))]);
for (const name of Object.keys(modes)) await follow(`whole ${name}`, join(modes[name]));
say("state", (await client.threads.getState(thread)).values);
say("run", await client.runs.get(thread, id));
