// How far an apply has come, what it is working on, when it will have ended, and what took longest.

import { make, setText, setVisible, withAttributes } from '../../dom/elements';
import { makeIcon } from '../../dom/icons';
import type { CardState, ResourceInProgress } from '../../protocol/generated';
import { count, duration, timeLeft } from '../../text/numbers';

const MOST_ROWS = 6;

export class Progress {
  constructor() {
    [this._failed, this._left, this._slowest].forEach(node => setVisible(node, false));
  }

  draw({ ended_at, progress }: CardState): void {
    const isKnown = progress !== null && progress.total > 0;
    setVisible(this.node, isKnown);
    if (!isKnown) {
      return;
    }
    const { current, done, ends_at, failed, more, slowest, total } = progress;
    this._filled.style.width = `${Math.min(100, (100 * done) / total)}%`;
    const words = `${count(done)} of ${count(total)} resources`;
    const all = failed ? `${words}, ${count(failed)} failed` : words;
    withAttributes(this._bar, { 'aria-valuemax': total, 'aria-valuenow': done, 'aria-valuetext': all });
    setText(this._done, words);
    setText(this._failedWords, `${count(failed)} failed`);
    setVisible(this._failed, failed > 0);
    this._endsAt = ended_at ? 0 : ends_at;
    const running = ended_at ? [] : current;
    const hidden = Math.max(0, running.length - MOST_ROWS) + (ended_at ? 0 : more);
    this._times = [];
    const rows = running.slice(0, MOST_ROWS).map(operation => this._row(operation));
    if (hidden) {
      rows.push(make('li', 'tfmfa-faint', `and ${count(hidden)} more`));
    }
    this._current.replaceChildren(...rows);
    const times = slowest.map(({ address, seconds }) => `${address} ${duration(seconds)}`);
    setText(this._slowest, `Slowest: ${times.join(', ')}`);
    setVisible(this._slowest, times.length > 0);
  }

  /** @param now - Seconds since the epoch, by the kernel's clock. */
  drawTimes(now: number): void {
    for (const [start, node] of this._times) {
      setText(node, duration(now - start));
    }
    setText(this._left, this._endsAt ? timeLeft(this._endsAt - now) : '');
    setVisible(this._left, this._endsAt > 0);
  }

  private _row({ action, address, start }: ResourceInProgress): HTMLElement {
    const time = make('span', 'tfmfa-time');
    this._times.push([start, time]);
    return make('li', '', make('span', 'tfmfa-mono', address), make('span', 'tfmfa-faint', action), time);
  }

  private readonly _filled = make('div', 'tfmfa-bar-done');
  private readonly _bar = withAttributes(make('div', 'tfmfa-bar', this._filled), {
    role: 'progressbar',
    'aria-label': 'Resources applied',
    'aria-valuemin': 0
  });
  private readonly _done = make('span', 'tfmfa-done');
  private readonly _failedWords = make('span');
  private readonly _failed = make('span', 'tfmfa-mark tfmfa-mark-failed', makeIcon('bad'), this._failedWords);
  private readonly _left = make('span', 'tfmfa-left');
  private readonly _current = make('ul', 'tfmfa-current');
  private readonly _slowest = make('div', 'tfmfa-slowest');
  private _times: [start: number, node: HTMLElement][] = [];
  private _endsAt = 0;

  readonly node = make(
    'div',
    'tfmfa-progress',
    make('div', 'tfmfa-progress-line', this._bar, this._done, this._failed, this._left),
    this._current,
    this._slowest
  );
}
