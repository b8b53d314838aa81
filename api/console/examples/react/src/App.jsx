import { useState } from "react";

import { Panel } from "./Panel.jsx";
import { byEventSource, byFetchGet, byFetchPost, withoutStream } from "./ways.js";

/** One question in four ways, and what else a job may say while it runs. */
export function App() {
  const [question, setQuestion] = useState("What color is the sky?");
  const [topic, setTopic] = useState("the sea at night");
  const job = { graph: "answer", input: { question } };
  return (
    <main>
      <h1>Tailrace from React</h1>
      <label>
        Question
        <input value={question} onChange={(event) => setQuestion(event.target.value)} />
      </label>
      <Panel title="Without a stream" job={job} way={withoutStream} />
      <Panel title="EventSource" job={job} way={byEventSource} />
      <Panel title="fetch-event-source by GET" job={job} way={byFetchGet} />
      <Panel title="fetch-event-source by POST" job={job} way={byFetchPost} />
      <label>
        Topic
        <input value={topic} onChange={(event) => setTopic(event.target.value)} />
      </label>
      <Panel title="An article, step by step" job={{ graph: "article", input: { topic } }} way={byFetchPost} />
      <Panel title="Progress" job={{ graph: "progress", input: { task_title: "Write the report" } }} way={byEventSource} />
      <Panel title="Countdown" job={{ graph: "countdown", input: { seconds: 5 } }} way={byEventSource} />
      <Panel title="Thinking aloud" job={{ graph: "thinking", input: {} }} way={byEventSource} />
    </main>
  );
}
