/**
 * A list of rows of equal height, of which only the visible ones are in the page.
 *
 * A listbox: the list has the focus, arrow keys move the selection, and each row states its position and
 * the total. While the list is scrolled to its end, it stays there.
 */

const BEYOND = 8;

export class Rows {
  #root;
  #space;
  #fill;
  #chosen;
  #height = 28;
  #items = [];
  #rows = new Map();
  #at = -1;
  following = true;

  /** `fill` puts an item into a row; `chosen` is called with the item that is selected. */
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

  /** Show these items, from the first; for items that are added to the same list later, `paint` is enough. */
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
    for (let index = first; index < last; index++) this.#row(index, count);
  }

  #row(index, count) {
    let row = this.#rows.get(index);
    if (row === undefined) {
      row = document.createElement("div");
      row.className = "row";
      row.id = `row-${index}`;
      row.setAttribute("role", "option");
      row.setAttribute("aria-posinset", index + 1);
      row.style.top = `${index * this.#height}px`;
      this.#fill(row, this.#items[index]);
      this.#rows.set(index, row);
      this.#space.append(row);
    }
    row.setAttribute("aria-setsize", count);
    row.setAttribute("aria-selected", index === this.#at);
  }

  #scrolled() {
    const { scrollTop, clientHeight, scrollHeight } = this.#root;
    this.following = scrollTop + clientHeight >= scrollHeight - this.#height;
    this.paint();
  }

  #click(event) {
    const row = event.target.closest(".row");
    if (row) this.#choose(Number(row.getAttribute("aria-posinset")) - 1);
  }

  #key(event) {
    const page = Math.floor(this.#root.clientHeight / this.#height);
    const end = this.#items.length - 1;
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    const step = steps[event.key];
    if (step === undefined || end < 0) return;
    event.preventDefault();
    const from = this.#at < 0 ? (step < 0 ? end + 1 : -1) : this.#at;
    this.#choose(Math.min(Math.max(from + step, 0), end));
  }

  #choose(index) {
    this.#at = index;
    this.#reveal(index);
    this.paint();
    this.#root.setAttribute("aria-activedescendant", `row-${index}`);
    this.#chosen(this.#items[index]);
  }

  #reveal(index) {
    const top = index * this.#height;
    const { scrollTop, clientHeight } = this.#root;
    if (top >= scrollTop && top + this.#height <= scrollTop + clientHeight) return;
    this.following = false;
    this.#root.scrollTop = top < scrollTop ? top : top + this.#height - clientHeight;
  }
}
