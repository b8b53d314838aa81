import { useCallback, useEffect, useRef, useState } from "react";

const NOTHING = { state: "", said: [], note: "", running: false };

/**
 * A job's stream as state. What arrives between two frames is drawn once: a render for each token
 * would be more than a screen shows. The stream is closed with the component; the job is not.
 */
export function useStream(way) {
  const [shown, setShown] = useState(NOTHING);
  const control = useRef(null);

  useEffect(() => () => control.current?.abort(), []);

  const start = useCallback(
    async (job) => {
      control.current?.abort();
      const own = new AbortController();
      control.current = own;
      const draft = { ...NOTHING, state: "posting the job", running: true };
      const draw = drawing(() => control.current === own && setShown({ ...draft, said: [...draft.said] }));
      const heard = (name, data) => draw(take(draft, name, data));
      const told = (state) => {
        draft.state = state;
        draw();
      };
      draw();
      try {
        await way(job, { heard, told, signal: own.signal });
      } catch (error) {
        draft.state = error.message;
      }
      if (own.signal.aborted) draft.state = "closed; the job keeps running";
      draft.running = false;
      draw();
    },
    [way],
  );

  const stop = useCallback(() => control.current?.abort(), []);
  return { ...shown, start, stop };
}

/** Draw at the next frame, once for all that comes before it. */
function drawing(draw) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      draw();
    });
  };
}

function take(draft, name, data) {
  if (name === "messages") return add(draft, data.node, data.message.content);
  if (name === "updates" && !draft.said.some(({ node }) => node === data.node))
    return add(draft, data.node, JSON.stringify(data.data));
  if (name === "custom") draft.note = data.data.message ?? JSON.stringify(data.data);
  if (name === "end") draft.state = data.error ? `${data.status}: ${data.error.detail}` : data.status;
}

function add(draft, node, text) {
  const at = draft.said.findIndex((part) => part.node === node);
  if (at < 0) draft.said.push({ node, text });
  else draft.said[at] = { node, text: draft.said[at].text + text };
}
