import { useStream } from "./useStream.js";

/** A job started in one way: its state, what its nodes say, and its progress. */
export function Panel({ title, job, way }) {
  const { state, said, note, start, stop, running } = useStream(way);
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      <button onClick={() => start(job)} disabled={running}>
        Start
      </button>
      <button onClick={stop} disabled={!running}>
        Close the stream
      </button>
      <p role="status">{state}</p>
      {note && <p>{note}</p>}
      {said.map(({ node, text }) => (
        <p key={node}>
          <strong>{node}</strong> {text}
        </p>
      ))}
    </section>
  );
}
