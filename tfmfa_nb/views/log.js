// The log: a window on lines that lie on the kernel's disk. Only the lines in view are asked for, and drawn.

const LINE_HEIGHT = 18; // card.css has the same
const OVERSCAN = 12; // lines drawn above and below the view
const AHEAD = 120; // lines asked for beyond what is drawn
const MOST_ASKED = 500;
const MOST_KEPT = 20_000;
const MOST_SHOWN = 900_000; // Firefox lays out no more than 17.8 million pixels
const STEP = 100_000; // lines by which the beginning moves on in a longer log
const END = 2; // pixels from the end that still count as being there: zoomed pages stand between pixels
const PATIENCE = 1000; // ms until the same lines are asked for again
const CLASSES = new Set(
  ["bold", "dim", "italic", "underline", "inverse", "strike"].concat(
    ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"].flatMap((c) => [c, `bright-${c}`]),
  ),
);

class Log {
  /** @param ask called with (start, stop) for lines that are missing; the answer comes to `receive`. */
  constructor(ask) {
    this.ask = ask;
    this.start = this.total = 0;
    this.lines = new Map();
    this.drawn = new Map();
    this.asked = 0; // when, 0 for no question under way
    this.follow = true;
    this.top = this.end = 0; // where the view stood when last looked at, and where its end was
    this.seen = 0; // the total when the person left the end
    this.frame = 0;

    this.rows = make("div", "tfmfa-log-rows");
    this.space = make("div", "tfmfa-log-space", this.rows);
    this.pane = label(make("div", "tfmfa-log-pane", this.space), {
      tabindex: "0",
      role: "log",
      "aria-live": "off", // it would read every line; the card says what matters
    });
    this.jump = button("Jump to end", "tfmfa-jump", () => this.toEnd());
    this.size = make("span", "tfmfa-log-size");
    this.path = make("span", "tfmfa-mono tfmfa-log-path");
    this.taller = label(button("Taller", "tfmfa-plain", () => this.toggle()), { "aria-pressed": "false" });
    const foot = make("div", "tfmfa-log-foot", this.size, this.path, this.taller);
    this.node = make("div", "tfmfa-log", make("div", "tfmfa-log-frame", this.pane, this.jump), foot);
    this.pane.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.watch = new ResizeObserver(() => this.later());
    this.watch.observe(this.pane);
    show(this.jump, false);
  }

  update(start, total, path) {
    const base = start + STEP * Math.ceil(Math.max(0, total - start - MOST_SHOWN) / STEP);
    if (base !== this.start || total < this.total) {
      this.lines.clear();
      this.clear();
    }
    if (total < this.total) this.follow = true; // another log
    // Lines that come would take what is being selected out of view.
    if (this.follow && total > this.total && this.selecting()) {
      this.follow = false;
      this.seen = this.total;
    }
    this.start = base;
    this.total = total;
    const count = `${number(total - start)} ${total - start === 1 ? "line" : "lines"}`;
    setText(this.size, count);
    setText(this.path, path);
    this.path.title = path;
    label(this.pane, { "aria-label": `Terraform log, ${count}` });
    show(this.node, total > start);
    this.later();
  }

  receive(start, lines) {
    if (lines.length) this.asked = 0; // an empty answer is asked for again with patience
    lines.forEach((line, index) => this.lines.set(start + index, line));
    for (let index = start; index < start + lines.length; index++) {
      const row = this.drawn.get(index);
      if (row?.classList.contains("tfmfa-missing")) this.fill(row, index);
    }
    if (this.lines.size > MOST_KEPT) {
      const middle = this.start + this.pane.scrollTop / LINE_HEIGHT;
      for (const index of this.lines.keys()) {
        if (Math.abs(index - middle) > MOST_KEPT / 4) this.lines.delete(index);
      }
    }
    this.later();
  }

  scrolled() {
    this.judge();
    this.later();
  }

  // Keys and wheels scroll smoothly, and their first frame may bring a pixel: whoever moves up leaves the end, or
  // the next draw would take them back to it. Where the end itself has moved, the browser may have moved the view.
  judge() {
    const { top, end } = this;
    this.look();
    if (this.top === top) return;
    const left = this.end === end && this.top < top;
    const there = !left && this.end - this.top < END;
    if (this.follow && !there) this.seen = this.total;
    this.follow = there;
  }

  look() {
    this.top = this.pane.scrollTop;
    this.end = this.pane.scrollHeight - this.pane.clientHeight;
  }

  selecting() {
    const selection = document.getSelection();
    return Boolean(selection && !selection.isCollapsed && this.rows.contains(selection.anchorNode));
  }

  toEnd() {
    if (this.selecting()) document.getSelection().removeAllRanges();
    this.look();
    this.follow = true;
    this.draw();
    this.pane.focus({ preventScroll: true });
  }

  toggle() {
    const tall = this.node.classList.toggle("tfmfa-tall");
    setText(this.taller, tall ? "Shorter" : "Taller");
    label(this.taller, { "aria-pressed": String(tall) });
    this.later();
  }

  later() {
    this.frame ||= requestAnimationFrame(() => this.draw());
  }

  draw() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const count = this.total - this.start;
    this.space.style.height = `${count * LINE_HEIGHT}px`;
    this.judge();
    if (this.follow && this.end - this.top >= END) {
      // Only where it must: this ends any move that the browser has begun and not yet reported.
      this.pane.scrollTop = this.end;
      this.look();
    }
    const top = Math.floor(this.top / LINE_HEIGHT);
    const inView = Math.ceil(this.pane.clientHeight / LINE_HEIGHT);
    const first = this.start + Math.max(0, top - OVERSCAN);
    const last = this.start + Math.min(count, top + inView + OVERSCAN);
    this.rows.style.transform = `translateY(${(first - this.start) * LINE_HEIGHT}px)`;
    this.place(first, last);
    this.want(first, last);
    show(this.jump, !this.follow && count > 0);
    const fresh = this.total - this.seen;
    setText(this.jump, fresh > 0 && !this.follow ? `Jump to end (${number(fresh)} new)` : "Jump to end");
  }

  // Rows that stay in view stay as they are, so that a selection survives new lines.
  place(first, last) {
    for (const [index, row] of this.drawn) {
      if (index < first || index >= last) {
        row.remove();
        this.drawn.delete(index);
      }
    }
    let next = this.rows.firstChild;
    for (let index = first; index < last; index++) {
      const row = this.drawn.get(index);
      if (row) {
        next = row.nextSibling;
      } else {
        const fresh = make("div", "tfmfa-log-row");
        this.fill(fresh, index);
        this.drawn.set(index, fresh);
        this.rows.insertBefore(fresh, next);
      }
    }
  }

  fill(row, index) {
    const line = this.lines.get(index);
    row.classList.toggle("tfmfa-missing", line === undefined);
    if (line === undefined) return;
    if (typeof line === "string") row.textContent = line;
    else row.replaceChildren(...line.map(([text, classes]) => this.span(text, classes)));
  }

  span(text, classes) {
    const known = classes.split(" ").filter((name) => CLASSES.has(name));
    return make("span", known.map((name) => `tfmfa-${name}`).join(" "), text);
  }

  // One question at a time: while a person scrolls fast, only where they arrive is asked for.
  want(first, last) {
    if (this.asked && performance.now() - this.asked < PATIENCE) return;
    let from = first;
    while (from < last && this.lines.has(from)) from++;
    if (from === last) return;
    let to = last;
    while (this.lines.has(to - 1)) to--;
    if (from === first) from = Math.max(this.start, from - AHEAD);
    to = Math.min(this.total, to + AHEAD, from + MOST_ASKED);
    this.asked = performance.now();
    this.ask(from, to);
    clearTimeout(this.again);
    this.again = setTimeout(() => this.later(), PATIENCE + 50);
  }

  clear() {
    this.rows.replaceChildren();
    this.drawn.clear();
  }

  destroy() {
    cancelAnimationFrame(this.frame);
    clearTimeout(this.again);
    this.watch.disconnect();
  }
}
