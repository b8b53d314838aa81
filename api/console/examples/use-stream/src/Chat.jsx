import { useStream } from "@langchain/langgraph-sdk/react";
import { useState } from "react";

const query = new URLSearchParams(location.search);

/** Keeps the thread in the page's URL, so that a reload finds it again. */
function useThreadInUrl() {
  const [thread, setThread] = useState(query.get("thread"));
  const change = (id) => {
    query.set("thread", id);
    history.replaceState(null, "", `?${query}`);
    setThread(id);
  };
  return [thread, change];
}

/** A chat on LangGraph's own hook: it streams, stops, asks, edits, branches and comes back. */
export function Chat() {
  const [thread, setThread] = useThreadInUrl();
  const [text, setText] = useState("");
  const stream = useStream({
    apiUrl: query.get("api") ?? `${location.origin}/langgraph`,
    assistantId: query.get("assistant") ?? "agent",
    threadId: thread,
    onThreadId: setThread,
    fetchStateHistory: true,
    reconnectOnMount: true,
  });
  const say = (content, options) => stream.submit({ messages: [{ type: "human", content }] }, options);
  const edit = (message) => {
    const content = prompt("Say instead", message.content);
    const seen = stream.getMessagesMetadata(message)?.firstSeenState;
    if (content) say(content, { checkpoint: seen?.parent_checkpoint });
  };
  return (
    <main>
      <h1>A chat on useStream</h1>
      <ol>
        {stream.messages.map((message) => (
          <li key={message.id}>
            <b>{message.type}</b> <span>{String(message.content)}</span>{" "}
            {message.type === "human" && <button onClick={() => edit(message)}>Edit</button>}
            <Branches metadata={stream.getMessagesMetadata(message)} choose={stream.setBranch} />
          </li>
        ))}
      </ol>
      {stream.interrupt && (
        <section aria-label="Question">
          <p>{JSON.stringify(stream.interrupt.value)}</p>
          <button onClick={() => stream.submit(undefined, { command: { resume: "yes" } })}>Yes</button>
        </section>
      )}
      {stream.error != null && <p role="alert">{String(stream.error.message ?? stream.error)}</p>}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          say(text);
          setText("");
        }}
      >
        <input aria-label="Message" value={text} onChange={(event) => setText(event.target.value)} />
        <button disabled={stream.isLoading}>Send</button>
        <button type="button" onClick={() => stream.stop()} disabled={!stream.isLoading}>
          Stop
        </button>
      </form>
      <p role="status">{stream.isLoading ? "busy" : "ready"}</p>
    </main>
  );
}

/** Other versions of the conversation from this message on. */
function Branches({ metadata, choose }) {
  const options = metadata?.branchOptions;
  if (!options || options.length < 2) return null;
  return options.map((branch, n) => (
    <button key={branch} disabled={branch === metadata.branch} onClick={() => choose(branch)}>
      {n + 1}
    </button>
  ));
}
