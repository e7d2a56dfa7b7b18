// A list of any length: only the rows that are seen exist. One row can be reached by Tab, the others by the arrows.

const SPARE = 6;

class List {
  constructor(label, row) {
    this.row = row;
    this.items = [];
    this.at = 0;
    this.rows = make("div", { role: "list", "aria-label": label, class: "rows" });
    this.box = make(
      "div",
      { class: "list", onscroll: () => this.render(), onkeydown: (event) => this.key(event) },
      this.rows,
    );
    new ResizeObserver(() => this.render()).observe(this.box);
  }

  show(items) {
    this.items = items;
    this.at = Math.min(this.at, Math.max(0, items.length - 1));
    this.shown = null;
    this.box.scrollTop = 0;
    this.render();
  }

  get height() {
    return parseFloat(getComputedStyle(this.box).getPropertyValue("--row")) || 36;
  }

  // The first and the last row to exist: those that are seen, some around them, and all where a page is printed.
  reach(all = 0) {
    if (all) return [0, Math.min(this.items.length, all)];
    const first = Math.max(0, Math.floor(this.box.scrollTop / this.height) - SPARE);
    const last = Math.ceil((this.box.scrollTop + this.box.clientHeight) / this.height) + SPARE;
    return [first, Math.min(this.items.length, last)];
  }

  render(all = 0) {
    const [first, last] = this.reach(all);
    const wanted = `${first} ${last} ${this.at} ${this.height}`;
    if (wanted === this.shown) return;
    this.shown = wanted;
    const focused = this.rows.contains(document.activeElement);
    this.rows.style.height = all ? "auto" : `${this.items.length * this.height}px`;
    const seen = [];
    for (let place = first; place < last; place++) seen.push(this.line(place, !all));
    if (this.at < first && this.items.length) seen.unshift(this.line(this.at, true));
    if (this.at >= last && this.items.length) seen.push(this.line(this.at, true));
    this.rows.replaceChildren(...seen);
    if (focused) this.current()?.focus({ preventScroll: true });
  }

  line(place, fixed) {
    const body = this.row(this.items[place]);
    body.tabIndex = place === this.at ? 0 : -1;
    body.dataset.place = place;
    body.addEventListener("focus", () => {
      this.at = place;
    });
    const style = fixed ? { position: "absolute", top: `${place * this.height}px` } : {};
    return make(
      "div",
      { role: "listitem", "aria-setsize": this.items.length, "aria-posinset": place + 1, style },
      body,
    );
  }

  current() {
    return this.rows.querySelector(`[data-place="${this.at}"]`);
  }

  key(event) {
    const page = Math.max(1, Math.floor(this.box.clientHeight / this.height) - 1);
    const moves = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -this.items.length,
      End: this.items.length,
    };
    if (!(event.key in moves) || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    this.go(this.at + moves[event.key]);
  }

  go(place) {
    this.at = Math.max(0, Math.min(this.items.length - 1, place));
    const top = this.at * this.height;
    if (top < this.box.scrollTop) this.box.scrollTop = top;
    if (top + this.height > this.box.scrollTop + this.box.clientHeight)
      this.box.scrollTop = top + this.height - this.box.clientHeight;
    this.render();
    this.current()?.focus({ preventScroll: true });
  }
}
