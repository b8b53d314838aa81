/**
 * A list of rows of equal height, of which only the visible ones are in the page.
 *
 * A listbox: the list has the focus, arrow keys move the selection, and each row states its position and
 * the total. While the list is scrolled to its end, it stays there.
 */

const BEYOND = 8;

/** @template Item */
export class Rows {
  #root;
  #space;
  #fill;
  #chosen;
  #height = 28;
  /** @type {Item[]} */
  #items = [];
  /** @type {Map<number, HTMLElement>} */
  #rows = new Map();
  #at = -1;
  following = true;

  /**
   * @param {HTMLElement} root
   * @param {HTMLElement} space as high as all rows
   * @param {object} owner
   * @param {(row: HTMLElement, item: Item) => void} owner.fill puts an item into a row
   * @param {(item: Item) => void} owner.chosen is told which item is chosen
   */
  constructor(root, space, { fill, chosen }) {
    this.#root = root;
    this.#space = space;
    this.#fill = fill;
    this.#chosen = chosen;
    root.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    root.addEventListener("keydown", (event) => this.#key(event));
    root.addEventListener("click", (event) => this.#click(event));
    new ResizeObserver(() => this.paint()).observe(root);
  }

  /**
   * Show these items, from the first; for items that are added to the same list later, `paint` is enough.
   *
   * @param {Item[]} items
   */
  show(items) {
    this.#items = items;
    this.#at = -1;
    for (const row of this.#rows.values()) row.remove();
    this.#rows.clear();
    this.paint();
  }

  follow() {
    this.following = true;
    this.paint();
  }

  paint() {
    const count = this.#items.length;
    this.#space.style.height = `${count * this.#height}px`;
    if (this.following) this.#root.scrollTop = count * this.#height;
    const top = Math.floor(this.#root.scrollTop / this.#height);
    const first = Math.max(0, top - BEYOND);
    const last = Math.min(count, top + Math.ceil(this.#root.clientHeight / this.#height) + BEYOND);
    for (const [index, row] of this.#rows) {
      if (index >= first && index < last) continue;
      row.remove();
      this.#rows.delete(index);
    }
    this.#items.slice(first, last).forEach((item, place) => {
      const row = this.#row(first + place, item);
      row.setAttribute("aria-setsize", String(count));
      row.setAttribute("aria-selected", String(first + place === this.#at));
    });
  }

  /**
   * @param {number} index
   * @param {Item} item
   */
  #row(index, item) {
    const present = this.#rows.get(index);
    if (present) return present;
    const row = document.createElement("div");
    row.className = "row";
    row.id = `row-${index}`;
    row.setAttribute("role", "option");
    row.setAttribute("aria-posinset", String(index + 1));
    row.style.top = `${index * this.#height}px`;
    this.#fill(row, item);
    this.#rows.set(index, row);
    this.#space.append(row);
    return row;
  }

  #scrolled() {
    const { scrollTop, clientHeight, scrollHeight } = this.#root;
    this.following = scrollTop + clientHeight >= scrollHeight - this.#height;
    this.paint();
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const row = event.target instanceof Element && event.target.closest(".row");
    if (row) this.#choose(Number(row.getAttribute("aria-posinset")) - 1);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const page = Math.floor(this.#root.clientHeight / this.#height);
    const end = this.#items.length - 1;
    /** @type {Record<string, number>} */
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    const step = steps[event.key];
    if (step === undefined || end < 0) return;
    event.preventDefault();
    const from = this.#at < 0 ? (step < 0 ? end + 1 : -1) : this.#at;
    this.#choose(Math.min(Math.max(from + step, 0), end));
  }

  /** @param {number} index */
  #choose(index) {
    const item = this.#items[index];
    if (item === undefined) return;
    this.#at = index;
    this.#reveal(index);
    this.paint();
    this.#root.setAttribute("aria-activedescendant", `row-${index}`);
    this.#chosen(item);
  }

  /** @param {number} index */
  #reveal(index) {
    const top = index * this.#height;
    const { scrollTop, clientHeight } = this.#root;
    if (top >= scrollTop && top + this.#height <= scrollTop + clientHeight) return;
    this.following = false;
    this.#root.scrollTop = top < scrollTop ? top : top + this.#height - clientHeight;
  }
}
