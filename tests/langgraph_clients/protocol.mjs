// The newer clients of threads, as npm has them, against one server: node protocol.mjs URL [URL for
// streams]. What they got, as JSON. `StreamController` is what useStream of @langchain/react shows.
import { Client } from "@langchain/langgraph-sdk";
import { StreamController } from "@langchain/langgraph-sdk/stream";

const [apiUrl, streams] = process.argv.slice(2);
const away = (url) => (String(url).endsWith("/stream/events") && streams ? String(url).replace(apiUrl, streams) : url);
const fetched = (url, init) => fetch(away(url), init);
const client = new Client({ apiUrl, apiKey: "none" });
const contents = (controller) => controller.rootStore.getSnapshot().messages.map((one) => one.text);

function opened(threadId, assistantId = "chat") {
  const controller = new StreamController({ assistantId, client, threadId, fetch: fetched });
  controller.activate?.();
  return controller;
}

async function until(controller, met) {
  if (met(controller.rootStore.getSnapshot())) return;
  await new Promise((resolve) => {
    const stop = controller.rootStore.subscribe(() => {
      if (!met(controller.rootStore.getSnapshot())) return;
      stop();
      resolve();
    });
  });
}

const idle = (snapshot) => !snapshot.isLoading;
const say = (text) => ({ messages: [{ type: "human", content: text }] });
const told = {};

// A stream of the thread itself.
const stream = client.threads.stream({ assistantId: "chat", fetch: fetched });
await stream.run.start({ input: say("slow hello there") });
told.texts = [];
for await (const message of stream.messages) {
  const pieces = [];
  for await (const piece of message.text) pieces.push(piece);
  told.texts.push(pieces.join(""));
}
told.output = (await stream.output).messages.map((one) => one.content ?? one.kwargs.content);
await stream.close();

// A page: two messages, the second of which asks; then the page is opened again.
const { thread_id: thread } = await client.threads.create();
const page = opened(thread);
await page.hydrate(thread);
await page.submit(say("slow first"), {});
await until(page, (snapshot) => idle(snapshot) && snapshot.messages.at(-1)?.text === "Echo: slow first");
told.first = contents(page);
await page.submit(say("ask me"), {});
await until(page, (snapshot) => idle(snapshot) && snapshot.interrupts.length > 0);
told.asked = page.rootStore.getSnapshot().interrupts.map((one) => one.value);
await page.dispose();

const again = opened(thread);
await again.hydrate(thread);
told.hydrated = contents(again);
told.stillAsked = again.rootStore.getSnapshot().interrupts.map((one) => one.value);
await again.respond("yes", { interruptId: again.rootStore.getSnapshot().interrupts[0].id });
await until(again, (snapshot) => idle(snapshot) && snapshot.messages.at(-1)?.text === "Echo: yes");
told.answered = contents(again);
await again.dispose();

const { values } = await client.threads.getState(thread);
told.state = values.messages.map((one) => one.content);
console.log(JSON.stringify(told));
process.exit(0);
