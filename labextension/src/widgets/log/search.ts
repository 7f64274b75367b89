// The search over the whole log: the kernel has it, counts the hits, and says where the next one is.

import { make, makeButton, setText, setVisible, withAttributes } from '../../dom/elements';
import type { FindRequest, Found, Mark } from '../../protocol/generated';
import { count } from '../../text/numbers';
import type { IHit } from './line';

const RETRY = 2000; // ms until the same is asked again: a message may be lost, or be overtaken by an earlier one
const MOST_RETRY = 32_000; // each time, twice as long
const RECOUNT = 1000; // ms between two counts in a log that grows
const LONGEST = 500; // characters; the protocol has the same

/** What is searched, and shown. */
export interface ISearched {
  ask(request: Pick<FindRequest, 'number' | 'kind' | 'text' | 'position'>): void;
  /** Brings a row into view, and marks what has been found. */
  show(row: number): void;
  mark(): void;
  /** Gives the keyboard back. */
  focus(): void;
}

export class Search {
  constructor(private readonly _log: ISearched) {
    this._field.addEventListener('input', () => this._typed());
    this._field.addEventListener('keydown', event => this._pressed(event));
    this._enable();
    this._tell('');
  }

  /** Why nothing can be searched for. */
  readonly problem = make('div', 'tfmfa-log-problem');

  dispose(): void {
    clearTimeout(this._later);
    clearTimeout(this._retry);
  }

  focus(): void {
    this._field.focus();
    this._field.select();
  }

  /** Goes to Terraform's first error. */
  goToError(): void {
    this._field.value = '';
    this._start('error', '', 0);
  }

  step(by: 1 | -1): void {
    if (this._kind && this._total > 0) {
      // The kernel counts round and round from 0 on.
      this._find((this._position + by + this._total) % this._total, true);
    }
  }

  /** The log has grown, or is looked at in another way. */
  refresh(isAnotherView = false): void {
    if (!this._kind) {
      return;
    }
    if (isAnotherView) {
      this._marks = []; // of other rows
      this._find(this._isOpen ? this._asked : this._position, this._isOpen && this._isStep);
    } else {
      this._later ??= window.setTimeout(() => this._recount(), RECOUNT);
    }
  }

  private _recount(): void {
    this._later = undefined;
    if (this._isOpen) {
      this.refresh(); // an answer is on its way, which a person waits for
    } else {
      this._find(this._position, false);
    }
  }

  receive({ marks, nth, number, position, problem, row, total }: Found): void {
    if (number !== this._number || !this._kind || !this._isOpen) {
      return;
    }
    this._close();
    const isElsewhere = row !== this._row || nth !== this._nth || marks.length !== this._marks.length;
    this._marks = marks;
    this._total = total;
    this._position = position;
    this._row = row;
    this._nth = nth;
    const name = this._kind === 'error' ? 'Error ' : '';
    const nothing = this._kind === 'error' ? 'No errors' : 'No hits';
    const words = problem || (total > 0 ? `${name}${count(position + 1)} of ${count(total)}` : nothing);
    setText(this._shown, problem ? '' : words);
    this._tell(problem);
    this._enable();
    if (this._isStep) {
      setText(this._said, words);
      if (row >= 0) {
        this._log.show(row);
      }
    }
    if (isElsewhere) {
      this._log.mark(); // else, a count would end what a person selects
    }
  }

  /** What is to be marked in a row with this text. */
  hitsIn(row: number, text: string): readonly IHit[] {
    const isCurrent = row === this._row;
    const marks = this._marks.filter(mark => mark.row === row);
    if (marks.length > 0) {
      const hits = marks.map(({ current, start, stop }) => ({ from: start, to: stop, isCurrent: current }));
      return hits.sort((a, b) => a.from - b.from);
    }
    // An error, or a hit in what is not shown of a long line.
    if (isCurrent && (!this._pattern || this._nth < 0)) {
      return [{ from: 0, to: text.length, isCurrent }];
    }
    return [...(this._pattern ? text.matchAll(this._pattern) : [])].map((match, nth) => ({
      from: match.index,
      to: match.index + match[0].length,
      isCurrent: isCurrent && nth === this._nth
    }));
  }

  /** Handles a key pressed in the log; whether it was one of the search. */
  handles({ altKey, ctrlKey, key, metaKey, shiftKey }: KeyboardEvent): boolean {
    if (key === 'F3' && this._kind) {
      this.step(shiftKey ? -1 : 1);
      return true;
    }
    const isFind = (key === '/' && !ctrlKey && !metaKey) || (key.toLowerCase() === 'f' && (ctrlKey || metaKey));
    if (isFind && !altKey) {
      this.focus();
    }
    return isFind && !altKey;
  }

  private _typed(): void {
    const text = this._field.value.slice(0, LONGEST);
    if (text) {
      this._start(isPressed(this._expression) ? 'pattern' : 'text', text, -1);
    } else {
      this._stop();
    }
  }

  private _pressed(event: KeyboardEvent): void {
    if (event.key === 'Enter' || event.key === 'F3') {
      this.step(event.shiftKey ? -1 : 1);
    } else if (event.key === 'Escape') {
      this._field.value = '';
      this._stop();
      this._log.focus();
    } else {
      return;
    }
    event.preventDefault();
  }

  private _start(kind: FindRequest['kind'], text: string, position: number): void {
    this._kind = kind;
    this._text = text;
    // As in the kernel: a text without capitals is looked for in capitals too.
    this._pattern = kind === 'text' ? new RegExp(escaped(text), text === text.toLowerCase() ? 'giu' : 'gu') : null;
    this._row = -1;
    this._marks = [];
    this._find(position, true);
    this._log.mark();
  }

  private _stop(): void {
    this._close();
    this._kind = null;
    this._pattern = null;
    this._marks = [];
    this._row = this._position = -1;
    this._total = 0;
    this._tell('');
    setText(this._shown, '');
    setText(this._said, '');
    this._enable();
    this._log.mark();
  }

  private _find(position: number, isStep: boolean): void {
    clearTimeout(this._later);
    this._later = undefined;
    if (this._kind) {
      this._isStep = isStep;
      this._number++;
      this._asked = position;
      this._isOpen = true;
      this._ask({ number: this._number, kind: this._kind, text: this._text, position }, RETRY);
    }
  }

  private _ask(request: Parameters<ISearched['ask']>[0], wait: number): void {
    clearTimeout(this._retry);
    this._log.ask(request);
    this._retry = window.setTimeout(() => this._ask(request, Math.min(2 * wait, MOST_RETRY)), wait);
  }

  /** No answer is awaited any more. */
  private _close(): void {
    clearTimeout(this._retry);
    this._isOpen = false;
  }

  /** Says why nothing can be searched for. */
  private _tell(problem: string): void {
    setText(this.problem, problem);
    setVisible(this.problem, problem !== '');
    withAttributes(this._field, { 'aria-invalid': String(problem !== '') });
  }

  private _toggle(): void {
    withAttributes(this._expression, { 'aria-pressed': String(!isPressed(this._expression)) });
    this._typed();
    this._field.focus();
  }

  private _enable(): void {
    this._previous.disabled = this._next.disabled = this._total === 0;
    setVisible(this._shown, this._kind !== null);
  }

  private readonly _field = withAttributes(make('input', 'tfmfa-log-field'), {
    type: 'search',
    placeholder: 'Search log',
    'aria-label': 'Search the log',
    title: 'Search the log ( / ); Enter and Shift+Enter go to the next and the previous hit',
    maxlength: LONGEST,
    autocomplete: 'off',
    spellcheck: 'false'
  });
  private readonly _expression = withAttributes(
    iconButton('.*', 'Regular expression', () => this._toggle()),
    { 'aria-pressed': 'false' }
  );
  private readonly _previous = iconButton('↑', 'Previous hit', () => this.step(-1));
  private readonly _next = iconButton('↓', 'Next hit', () => this.step(1));
  private readonly _shown = withAttributes(make('span', 'tfmfa-log-hits'), { 'aria-hidden': 'true' });
  // Said once for each step; the count of a log that grows is only shown.
  private readonly _said = withAttributes(make('span', 'tfmfa-said'), { role: 'status' });
  private _kind: FindRequest['kind'] | null = null;
  private _text = '';
  private _pattern: RegExp | null = null;
  private _number = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0; // not that of another page on the same card
  private _marks: readonly Mark[] = []; // of a pattern: the kernel says where, because a pattern could stop the page
  private _total = 0;
  private _position = -1;
  private _row = -1;
  private _nth = -1;
  private _isStep = false;
  private _later: number | undefined;
  private _retry = 0;
  private _isOpen = false; // an answer is awaited
  private _asked = -1; // the position that was asked for

  readonly node = withAttributes(
    make('div', 'tfmfa-log-search', this._field, this._expression, this._previous, this._next, this._shown, this._said),
    { role: 'search', 'aria-label': 'Log' }
  );
}

function isPressed(button: HTMLButtonElement): boolean {
  return button.getAttribute('aria-pressed') === 'true';
}

function iconButton(sign: string, name: string, press: () => void): HTMLButtonElement {
  return withAttributes(makeButton(sign, 'tfmfa-plain tfmfa-log-step', press), { 'aria-label': name, title: name });
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
