// The log: a window on lines that lie on the kernel's disk. Only the lines in view are asked for, and drawn.

import { make, makeButton, setText, setVisible, withAttributes } from '../../dom/elements';
import { count } from '../../text/numbers';
import type { IPlace } from './following';
import { Following } from './following';
import type { LogLine } from './line';
import { fillLine } from './line';
import type { IRange } from './window';
import { firstShown, LINE_HEIGHT, linesToAsk, linesToDraw, linesToDrop } from './window';

const RETRY = 1000; // ms until the same lines are asked for again
const MISSING = 'tfmfa-missing';

export class Log {
  /** @param _ask - Called for lines that are missing; the answer comes to `receive`. */
  constructor(private readonly _ask: (start: number, stop: number) => void) {
    const foot = make('div', 'tfmfa-log-foot', this._size, this._path, this._expand);
    this.node = make('div', 'tfmfa-log', make('div', 'tfmfa-log-frame', this._pane, this._jump), foot);
    this._pane.addEventListener('scroll', () => this._scrolled(), { passive: true });
    this._watch.observe(this._pane);
    setVisible(this._jump, false);
  }

  readonly node: HTMLElement;

  /** Shows the lines from `start` to the one before `total`. */
  update(start: number, total: number, path: string): void {
    const first = firstShown(start, total);
    const before = this._shown;
    const anew = total < before.last; // another log
    if (first !== before.first || anew) {
      this._lines.clear();
      this._rows.replaceChildren();
      this._drawn.clear();
    }
    if (anew) {
      this._following.start();
    } else if (total > before.last && this._selecting()) {
      // Lines that come would take what is being selected out of view.
      this._following.stop(before.last);
    }
    this._shown = { first, last: total };
    const lines = `${count(total - start)} ${total - start === 1 ? 'line' : 'lines'}`;
    setText(this._size, lines);
    setText(this._path, path);
    this._path.title = path;
    withAttributes(this._pane, { 'aria-label': `Terraform log, ${lines}` });
    setVisible(this.node, total > start);
    this._drawSoon();
  }

  /** Takes the answer to a question for lines. */
  receive(start: number, lines: readonly LogLine[]): void {
    if (lines.length > 0) {
      this._asked = 0; // an empty answer is asked for again after a while
    }
    lines.forEach((line, index) => {
      this._lines.set(start + index, line);
      const row = this._drawn.get(start + index);
      if (row?.classList.contains(MISSING)) {
        this._fill(row, start + index);
      }
    });
    const middle = this._shown.first + this._pane.scrollTop / LINE_HEIGHT;
    linesToDrop(this._lines, middle).forEach(line => this._lines.delete(line));
    this._drawSoon();
  }

  dispose(): void {
    cancelAnimationFrame(this._frame);
    clearTimeout(this._retry);
    this._watch.disconnect();
  }

  private _scrolled(): void {
    this._following.judge(this._place(), this._shown.last);
    this._drawSoon();
  }

  private _place(): IPlace {
    const { clientHeight, scrollHeight, scrollTop } = this._pane;
    return { top: scrollTop, end: scrollHeight - clientHeight };
  }

  private _selecting(): boolean {
    const selection = document.getSelection();
    return selection !== null && !selection.isCollapsed && this._rows.contains(selection.anchorNode);
  }

  private _jumpToEnd(): void {
    if (this._selecting()) {
      document.getSelection()?.removeAllRanges();
    }
    this._following.note(this._place());
    this._following.start();
    this._draw();
    this._pane.focus({ preventScroll: true });
  }

  private _toggle(): void {
    const expanded = this.node.classList.toggle('tfmfa-expanded');
    setText(this._expand, expanded ? 'Collapse' : 'Expand');
    withAttributes(this._expand, { 'aria-pressed': String(expanded) });
    this._drawSoon();
  }

  private _drawSoon(): void {
    this._frame ||= requestAnimationFrame(() => this._draw());
  }

  private _draw(): void {
    cancelAnimationFrame(this._frame);
    this._frame = 0;
    const { first, last } = this._shown;
    this._space.style.height = `${(last - first) * LINE_HEIGHT}px`;
    this._following.judge(this._place(), last);
    if (this._following.lags) {
      // Only where it must: this ends any move that the browser has begun and not yet reported.
      this._pane.scrollTop = this._following.place.end;
      this._following.note(this._place());
    }
    const lines = linesToDraw(this._shown, this._following.place.top, this._pane.clientHeight);
    this._rows.style.transform = `translateY(${(lines.first - first) * LINE_HEIGHT}px)`;
    this._drawRows(lines);
    this._request(lines);
    setVisible(this._jump, !this._following.isOn && last > first);
    const unseen = this._following.unseen(last);
    setText(this._jump, unseen > 0 ? `Jump to end (${count(unseen)} new)` : 'Jump to end');
  }

  /** Rows that stay in view stay as they are, so that a selection survives new lines. */
  private _drawRows({ first, last }: IRange): void {
    for (const [line, row] of this._drawn) {
      if (line < first || line >= last) {
        row.remove();
        this._drawn.delete(line);
      }
    }
    let next = this._rows.firstChild;
    for (let line = first; line < last; line++) {
      const row = this._drawn.get(line);
      if (row) {
        next = row.nextSibling;
      } else {
        const fresh = make('div', 'tfmfa-log-row');
        this._fill(fresh, line);
        this._drawn.set(line, fresh);
        this._rows.insertBefore(fresh, next);
      }
    }
  }

  private _fill(row: HTMLElement, line: number): void {
    const content = this._lines.get(line);
    row.classList.toggle(MISSING, content === undefined);
    if (content !== undefined) {
      fillLine(row, content);
    }
  }

  /** One question at a time: while a person scrolls fast, only where they arrive is asked for. */
  private _request(drawn: IRange): void {
    if (this._asked && performance.now() - this._asked < RETRY) {
      return;
    }
    const wanted = linesToAsk(this._shown, drawn, line => this._lines.has(line));
    if (!wanted) {
      return;
    }
    this._asked = performance.now();
    this._ask(wanted.first, wanted.last);
    clearTimeout(this._retry);
    this._retry = window.setTimeout(() => this._drawSoon(), RETRY + 50);
  }

  private readonly _rows = make('div', 'tfmfa-log-rows');
  private readonly _space = make('div', 'tfmfa-log-space', this._rows);
  private readonly _pane = withAttributes(make('div', 'tfmfa-log-pane', this._space), {
    tabindex: 0,
    role: 'log',
    'aria-live': 'off' // it would read every line; the card says what matters
  });
  private readonly _jump = makeButton('Jump to end', 'tfmfa-jump', () => this._jumpToEnd());
  private readonly _size = make('span', 'tfmfa-log-size');
  private readonly _path = make('span', 'tfmfa-mono tfmfa-log-path');
  private readonly _expand = withAttributes(
    makeButton('Expand', 'tfmfa-plain', () => this._toggle()),
    { 'aria-pressed': 'false' }
  );
  private readonly _watch = new ResizeObserver(() => this._drawSoon());
  private readonly _following = new Following();
  private readonly _lines = new Map<number, LogLine>();
  private readonly _drawn = new Map<number, HTMLElement>();
  private _shown: IRange = { first: 0, last: 0 };
  private _asked = 0; // when, 0 for no question under way
  private _frame = 0;
  private _retry = 0;
}
