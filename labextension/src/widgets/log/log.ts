// The log: a window on lines that lie on the kernel's disk. Only the rows in view are asked for, and drawn.

import { make, makeButton, setText, setVisible, withAttributes } from '../../dom/elements';
import type { FindRequest, Found, Lines, LinesRequest, Text, TextRequest } from '../../protocol/generated';
import { count } from '../../text/numbers';
import type { IPlace } from './following';
import { Following } from './following';
import type { LogLine } from './line';
import { textOf } from './line';
import { Rows } from './rows';
import { Search } from './search';
import type { Part } from './text';
import { copy, save, TextReader } from './text';
import type { IView } from './view';
import { columnsOf, isSame, WHOLE } from './view';
import type { IRange } from './window';
import { firstShown, LINE_HEIGHT, linesToAsk, linesToDraw, linesToDrop } from './window';

const RETRY = 1000; // ms until the same rows are asked for again
const AROUND = 300; // rows asked for where a person looks in another way
const MOST_COPIED = 5_000_000; // characters; more makes a page stop for seconds

export class Log {
  /** @param _send - Called with requests; their answers come to `receive`. */
  constructor(private readonly _send: (request: LinesRequest | FindRequest | TextRequest) => void) {
    const bar = make(
      'div',
      'tfmfa-log-bar',
      this._search.node,
      make('div', 'tfmfa-log-tools', this._error, this._brief, this._wrap, this._copy, this._save),
      this._search.problem
    );
    const foot = make('div', 'tfmfa-log-foot', this._size, this._path, this._said, this._expand);
    this.node = make('div', 'tfmfa-log', bar, make('div', 'tfmfa-log-frame', this._pane, this._jump), foot);
    this._pane.addEventListener('scroll', () => this._scrolled(), { passive: true });
    this._pane.addEventListener('keydown', event => this._pressed(event));
    this._pane.addEventListener('mousedown', () => this._selectAll(false));
    this._pane.addEventListener('copy', event => this._copied(event));
    this._copy.addEventListener('mousedown', event => event.preventDefault()); // which would end the selection
    this._watch.observe(this._pane);
    setVisible(this._jump, false);
  }

  readonly node: HTMLElement;

  /** Shows the lines from `start` to the one before `total`. */
  update(start: number, total: number, path: string): void {
    const before = this._file;
    const anew = total < before.last; // another log
    this._file = { first: start, last: total };
    if (anew || start !== before.first) {
      this._search.refresh(true);
    }
    if (anew) {
      this._following.start();
    }
    if (this._isWhole) {
      this._setRows({ first: firstShown(start, total), last: total }, anew);
    } else if (anew || start !== before.first) {
      this._look(this._view);
    }
    if (total > before.last) {
      this._search.refresh();
    }
    this._drawSize();
    setText(this._path, path);
    this._path.title = path;
    setVisible(this.node, total > start);
    this._drawSoon();
  }

  /** Takes an answer. */
  receive(answer: Lines | Found | Text): void {
    switch (answer.type) {
      case 'lines':
        this._receiveLines(answer);
        break;
      case 'found':
        this._search.receive(answer);
        break;
      case 'text':
        this._reader.receive(answer);
    }
  }

  dispose(): void {
    cancelAnimationFrame(this._frame);
    clearTimeout(this._retry);
    clearTimeout(this._retryLook);
    this._search.dispose();
    this._watch.disconnect();
  }

  private get _isWhole(): boolean {
    return isSame(this._view, WHOLE);
  }

  private _receiveLines(answer: Lines): void {
    const { hidden, lines, numbers, rows, start } = answer;
    if (this._wanted && isSame(answer, this._wanted.view)) {
      const { line, view } = this._wanted;
      const index = numbers.findIndex(number => number >= line);
      this._switch(view, { first: firstShown(0, rows), last: rows }, index < 0 ? rows : start + index);
    } else if (!isSame(answer, this._view)) {
      return; // of another page, or of how a person looked before
    }
    const isNews = this._known < this._file.last;
    if (!this._isWhole) {
      this._known = Math.max(this._known, this._askedFor);
      this._hidden = hidden;
      this._setRows({ first: firstShown(0, rows), last: rows }, false);
      this._drawSize();
    }
    if (lines.length > 0 || isNews) {
      this._asked = 0; // an empty answer is asked for again after a while
    }
    lines.forEach((line, index) => {
      this._lines.set(start + index, line);
      if (numbers[index] !== undefined) {
        this._numbers.set(start + index, numbers[index]);
      }
      this._rows.fill(start + index);
    });
    const middle = this._shown.first + this._pane.scrollTop / LINE_HEIGHT;
    linesToDrop(this._lines, middle).forEach(row => {
      this._lines.delete(row);
      this._numbers.delete(row);
    });
    this._drawSoon();
  }

  /** There are these rows now. */
  private _setRows(shown: IRange, anew: boolean): void {
    const before = this._shown;
    if (shown.first !== before.first || anew) {
      this._clear();
    }
    if (shown.last > before.last && this._rows.isSelecting) {
      // Lines that come would take what is being selected out of view.
      this._following.stop(before.last);
    }
    this._shown = shown;
  }

  private _clear(): void {
    this._lines.clear();
    this._numbers.clear();
    this._rows.clear();
  }

  /** Looks at the log in another way: as soon as the kernel has said how many rows that makes, and where. */
  private _look(view: IView): void {
    const top = this._shown.first + Math.ceil(this._pane.scrollTop / LINE_HEIGHT);
    const line = this._following.isOn ? this._file.last - 1 : this._lineOf(top);
    clearTimeout(this._retryLook);
    if (isSame(view, WHOLE)) {
      this._wanted = null;
      this._switch(view, { first: firstShown(this._file.first, this._file.last), last: this._file.last }, line);
      return;
    }
    this._wanted = { view, line };
    this._askedFor = this._file.last;
    this._send({ type: 'lines', start: 0, stop: AROUND, line, ...view });
    this._retryLook = window.setTimeout(() => this._look(view), RETRY);
  }

  private _switch(view: IView, shown: IRange, row: number): void {
    clearTimeout(this._retryLook);
    this._wanted = null;
    this._view = view;
    this._known = this._hidden = 0;
    this._asked = 0;
    this._clear();
    this._shown = shown;
    this._stretch();
    if (!this._following.isOn) {
      this._pane.scrollTop = (row - shown.first) * LINE_HEIGHT;
      this._following.note(this._place());
    }
    this._search.refresh(true);
    this._drawSize();
    this._drawSoon();
  }

  /** The line of the file that a row shows. */
  private _lineOf(row: number): number {
    if (this._isWhole) {
      return row;
    }
    let near = -1; // the row is not known where a person has just scrolled to it
    for (const known of this._numbers.keys()) {
      near = near < 0 || Math.abs(known - row) < Math.abs(near - row) ? known : near;
    }
    return this._numbers.get(near) ?? this._file.first;
  }

  private _show(row: number): void {
    const { clientHeight } = this._pane;
    const top = (row - this._shown.first) * LINE_HEIGHT;
    this._following.stop(this._shown.last);
    if (top < this._pane.scrollTop || top + 2 * LINE_HEIGHT > this._pane.scrollTop + clientHeight) {
      this._pane.scrollTop = Math.max(0, top - (clientHeight - LINE_HEIGHT) / 2);
    }
    this._following.note(this._place());
    this._reveals = true;
    this._drawSoon();
  }

  /** Brings the hit that a person is at into view sideways too. */
  private _reveal(): void {
    const mark = this._rows.current;
    if (!this._reveals || !mark) {
      return;
    }
    this._reveals = false;
    const { left, right } = mark.getBoundingClientRect();
    const pane = this._pane.getBoundingClientRect();
    if (left < pane.left || right > pane.left + this._pane.clientWidth) {
      this._pane.scrollLeft += left - pane.left - this._pane.clientWidth / 3;
    }
  }

  private _pressed(event: KeyboardEvent): void {
    const key = event.ctrlKey || event.metaKey ? event.key.toLowerCase() : '';
    if (key === 'a') {
      this._selectAll(true);
    } else if (key === 'c' && this._isAll) {
      void this._copyText();
    } else if (!this._search.handles(event)) {
      if (event.key === 'Escape') {
        this._selectAll(false);
      }
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  private _selectAll(isAll: boolean): void {
    if (isAll && this._rows.isSelecting) {
      document.getSelection()?.removeAllRanges();
    }
    this._isAll = isAll;
    this.node.classList.toggle('tfmfa-log-all', isAll);
  }

  /** The browser can copy what it has: not what is not drawn, and not a line that is wrapped. */
  private _copied(event: ClipboardEvent): void {
    if (this._rows.isSelecting && (this._rows.isSelectionBeyond || this._view.columns > 0)) {
      event.preventDefault();
      void this._copyText();
    }
  }

  /** Copies the selection, or all that is shown. */
  private async _copyText(): Promise<void> {
    const selected = this._isAll ? null : this._rows.selected;
    const { brief } = this._view;
    const part = selected
      ? { start: selected.first, skip: selected.from, stop: selected.last, ...this._view }
      : { start: brief ? 0 : this._file.first, skip: 0, stop: -1, brief, columns: 0 };
    await this._bring(part, MOST_COPIED, async (text, isWhole) => {
      const copied = text + (isWhole ? (selected?.ending ?? '') : '');
      await copy(copied);
      const lines = copied.split('\n').length - (copied.endsWith('\n') ? 1 : 0);
      const said = `${count(lines)} ${lines === 1 ? 'line' : 'lines'}`;
      return isWhole ? `Copied ${said}` : `Copied the first ${said}; Download has all`;
    });
  }

  private async _saveText(): Promise<void> {
    await this._bring({ start: 0, skip: 0, stop: -1, ...WHOLE }, Infinity, text => {
      const folder = this._path.title.split(/[/\\]/).at(-2) ?? '';
      save(text, `${folder || 'terraform'}.log.txt`);
      return Promise.resolve('Downloaded');
    });
  }

  private async _bring(
    part: Part,
    most: number,
    use: (text: string, isWhole: boolean) => Promise<string>
  ): Promise<void> {
    this._copy.disabled = this._save.disabled = true;
    try {
      const isNothing = part.stop >= 0 && part.start >= part.stop;
      const { isWhole, text } = isNothing ? { isWhole: true, text: '' } : await this._reader.read(part, most);
      setText(this._said, await use(text, isWhole));
    } catch (error) {
      setText(this._said, error instanceof Error ? error.message : String(error));
    } finally {
      this._copy.disabled = this._save.disabled = false;
    }
  }

  private _scrolled(): void {
    this._following.judge(this._place(), this._shown.last);
    this._drawSoon();
  }

  private _place(): IPlace {
    const { clientHeight, scrollHeight, scrollTop } = this._pane;
    return { top: scrollTop, end: scrollHeight - clientHeight };
  }

  private _jumpToEnd(): void {
    if (this._rows.isSelecting) {
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

  private _toggleView(button: HTMLButtonElement): void {
    const isOn = button.getAttribute('aria-pressed') !== 'true';
    withAttributes(button, { 'aria-pressed': String(isOn) });
    this._look(this._viewOfButtons());
  }

  private _viewOfButtons(): IView {
    const isOn = (button: HTMLButtonElement): boolean => button.getAttribute('aria-pressed') === 'true';
    return { brief: isOn(this._brief), columns: isOn(this._wrap) ? columnsOf(this._pane) : 0 };
  }

  private _drawSize(): void {
    const total = this._file.last - this._file.first;
    const lines = `${count(total)} ${total === 1 ? 'line' : 'lines'}`;
    const words = this._hidden > 0 ? `${lines}, ${count(this._hidden)} hidden` : lines;
    setText(this._size, words);
    withAttributes(this._pane, { 'aria-label': `Terraform log, ${words}` });
  }

  private _drawSoon(): void {
    this._frame ||= requestAnimationFrame(() => this._draw());
  }

  /** Gives the pane the height of all rows. */
  private _stretch(): void {
    this._space.style.height = `${(this._shown.last - this._shown.first) * LINE_HEIGHT}px`;
  }

  private _draw(): void {
    cancelAnimationFrame(this._frame);
    this._frame = 0;
    const { first, last } = this._shown;
    this._stretch();
    this._following.judge(this._place(), last);
    if (this._following.lags) {
      // Only where it must: this ends any move that the browser has begun and not yet reported.
      this._pane.scrollTop = this._following.place.end;
      this._following.note(this._place());
    }
    const rows = linesToDraw(this._shown, this._following.place.top, this._pane.clientHeight);
    this._rows.node.style.transform = `translateY(${(rows.first - first) * LINE_HEIGHT}px)`;
    this._rows.draw(rows);
    this._reveal();
    this._request(rows);
    setVisible(this._jump, !this._following.isOn && last > first);
    const unseen = this._following.unseen(last);
    setText(this._jump, unseen > 0 ? `Jump to end (${count(unseen)} new)` : 'Jump to end');
  }

  /** One question at a time: while a person scrolls fast, only where they arrive is asked for. */
  private _request(drawn: IRange): void {
    if (this._asked && performance.now() - this._asked < RETRY) {
      return;
    }
    const { last } = this._shown;
    const isBehind = !this._isWhole && this._known < this._file.last;
    const more = isBehind ? { first: last, last: last + AROUND } : null;
    // At the end of a log that grows fast, each look is at other lines.
    const ahead = this._following.isOn ? 0 : undefined;
    const wanted = linesToAsk(this._shown, drawn, row => this._lines.has(row), ahead) ?? more;
    if (!wanted) {
      return;
    }
    this._asked = performance.now();
    this._askedFor = this._file.last;
    this._send({ type: 'lines', start: wanted.first, stop: wanted.last, line: -1, ...this._view });
    clearTimeout(this._retry);
    this._retry = window.setTimeout(() => this._drawSoon(), RETRY + 50);
  }

  /** Lines are wrapped anew where the pane has another width. */
  private _resized(): void {
    const view = this._viewOfButtons();
    if (view.columns > 0 && this._pane.clientWidth > 0 && !isSame(view, this._wanted?.view ?? this._view)) {
      this._look(view);
    }
    this._drawSoon();
  }

  private readonly _search = new Search({
    ask: request => {
      const row = this._shown.first + Math.ceil(this._pane.scrollTop / LINE_HEIGHT);
      this._send({ type: 'find', row, ...request, ...this._view });
    },
    show: row => this._show(row),
    mark: () => this._rows.mark(),
    focus: () => this._pane.focus({ preventScroll: true })
  });
  private readonly _rows = new Rows(
    row => this._lines.get(row),
    (row, line) => this._search.hitsIn(row, textOf(line))
  );
  private readonly _space = make('div', 'tfmfa-log-space', this._rows.node);
  private readonly _pane = withAttributes(make('div', 'tfmfa-log-pane', this._space), {
    tabindex: 0,
    role: 'log',
    'aria-live': 'off' // it would read every line; the card says what matters
  });
  private readonly _jump = makeButton('Jump to end', 'tfmfa-jump', () => this._jumpToEnd());
  private readonly _error = withAttributes(
    makeButton('First error', 'tfmfa-plain', () => this._search.goToError()),
    { title: 'Goes to the first error that Terraform tells' }
  );
  private readonly _brief = toggle(
    'Hide progress',
    'Hides lines such as Refreshing state..., Reading..., and Still creating...',
    button => this._toggleView(button)
  );
  private readonly _wrap = toggle('Wrap', 'Wraps long lines', button => this._toggleView(button));
  private readonly _copy = withAttributes(
    makeButton('Copy', 'tfmfa-plain', () => void this._copyText()),
    { title: 'Copies the selection, or the whole log, as plain text' }
  );
  private readonly _save = withAttributes(
    makeButton('Download', 'tfmfa-plain', () => void this._saveText()),
    { title: "Saves the run's whole log as a text file" }
  );
  private readonly _size = make('span', 'tfmfa-log-size');
  private readonly _path = make('span', 'tfmfa-mono tfmfa-log-path');
  private readonly _said = withAttributes(make('span', 'tfmfa-log-said'), { role: 'status' });
  private readonly _expand = toggle('Expand', 'Shows more lines at once', () => this._toggle());
  private readonly _watch = new ResizeObserver(() => this._resized());
  private readonly _following = new Following();
  private readonly _reader = new TextReader(request => this._send(request));
  private readonly _lines = new Map<number, LogLine>();
  private readonly _numbers = new Map<number, number>(); // the line of each row, where they differ
  private _file: IRange = { first: 0, last: 0 }; // the lines of the phase
  private _view: IView = WHOLE;
  private _wanted: { readonly view: IView; readonly line: number } | null = null;
  private _shown: IRange = { first: 0, last: 0 }; // the rows of the view
  private _hidden = 0;
  private _known = 0; // the lines of which the number of rows is known
  private _askedFor = 0; // the lines there were at the last question
  private _asked = 0; // when, 0 for no question under way
  private _isAll = false;
  private _reveals = false;
  private _frame = 0;
  private _retry = 0;
  private _retryLook = 0;
}

function toggle(text: string, title: string, press: (button: HTMLButtonElement) => void): HTMLButtonElement {
  const button = makeButton(text, 'tfmfa-plain', () => press(button));
  return withAttributes(button, { 'aria-pressed': 'false', title });
}
