/** Draws in slices: items that arrive faster than they can be drawn wait for the next frame. */

/** Half of a frame at 60 a second; the other half is the browser's. */
const SLICE_MS = 8;
/** A hidden page has no frames. */
const HIDDEN_MS = 250;

/** @template Item */
export class Painter {
  /** @type {Item[]} */
  #queue = [];
  #head = 0;
  #take;
  #draw;
  /** @type {(() => void) | null} */
  #cancel = null;

  /**
   * @param {(item: Item) => void} take gets each item once, in order
   * @param {() => void} draw is called once after every slice
   */
  constructor(take, draw) {
    this.#take = take;
    this.#draw = draw;
    document.addEventListener("visibilitychange", () => this.#cancel && this.#schedule());
  }

  /** @param {Item} item */
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
    while (this.#head < this.#queue.length && performance.now() < until) {
      const item = /** @type {Item} */ (this.#queue[this.#head]);
      this.#head += 1;
      this.#take(item);
    }
    this.#draw();
    if (this.#head < this.#queue.length) this.#schedule();
    else {
      this.#queue = [];
      this.#head = 0;
    }
  };
}
