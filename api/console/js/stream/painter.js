/** Draws in slices: items that arrive faster than they can be drawn wait for the next frame. */

/** Half of a frame at 60 a second; the other half is the browser's. */
const SLICE_MS = 8;
/** A hidden page has no frames. */
const HIDDEN_MS = 250;

export class Painter {
  #queue = [];
  #head = 0;
  #take;
  #draw;
  #cancel = null;

  /** `take` is called with each item once, in order; `draw` is called once after every slice. */
  constructor(take, draw) {
    this.#take = take;
    this.#draw = draw;
    document.addEventListener("visibilitychange", () => this.#cancel && this.#schedule());
  }

  push(item) {
    this.#queue.push(item);
    if (!this.#cancel) this.#schedule();
  }

  /** Draw once more, without an item. */
  nudge() {
    if (!this.#cancel) this.#schedule();
  }

  #schedule() {
    this.#cancel?.();
    if (document.hidden) {
      const timer = setTimeout(this.#slice, HIDDEN_MS);
      this.#cancel = () => clearTimeout(timer);
    } else {
      const frame = requestAnimationFrame(this.#slice);
      this.#cancel = () => cancelAnimationFrame(frame);
    }
  }

  #slice = () => {
    this.#cancel = null;
    const until = performance.now() + SLICE_MS;
    while (this.#head < this.#queue.length && performance.now() < until) this.#take(this.#queue[this.#head++]);
    this.#draw();
    if (this.#head < this.#queue.length) return this.#schedule();
    this.#queue = [];
    this.#head = 0;
  };
}
