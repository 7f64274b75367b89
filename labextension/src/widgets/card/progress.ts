// How far an apply has come, and which resources it is working on.

import { make, setText, setVisible, withAttributes } from '../../dom/elements';
import type { CardState, ResourceInProgress } from '../../protocol/generated';
import { count, duration } from '../../text/numbers';

const MOST_ROWS = 6;

export class Progress {
  draw({ ended_at, now, progress }: CardState): void {
    const isKnown = progress !== null && progress.total > 0;
    setVisible(this.node, isKnown);
    if (!isKnown) {
      return;
    }
    const { current, done, more, total } = progress;
    this._filled.style.width = `${Math.min(100, (100 * done) / total)}%`;
    const words = `${count(done)} of ${count(total)} resources`;
    withAttributes(this._bar, { 'aria-valuemax': total, 'aria-valuenow': done, 'aria-valuetext': words });
    setText(this._done, words);
    const running = ended_at ? [] : current;
    this._began = new Map(
      running.map(({ address, seconds }) => [address, Math.min(this._began.get(address) ?? Infinity, now - seconds)])
    );
    const hidden = Math.max(0, running.length - MOST_ROWS) + more;
    this._times = [];
    const rows = running.slice(0, MOST_ROWS).map(operation => this._row(operation));
    if (hidden) {
      rows.push(make('li', 'tfmfa-faint', `and ${count(hidden)} more`));
    }
    this._current.replaceChildren(...rows);
  }

  /** @param now - Seconds since the epoch, by the kernel's clock. */
  drawTimes(now: number): void {
    for (const [address, node] of this._times) {
      setText(node, duration(now - (this._began.get(address) ?? now)));
    }
  }

  private _row({ action, address }: ResourceInProgress): HTMLElement {
    const time = make('span', 'tfmfa-time');
    this._times.push([address, time]);
    return make('li', '', make('span', 'tfmfa-mono', address), make('span', 'tfmfa-faint', action), time);
  }

  private readonly _filled = make('div', 'tfmfa-bar-done');
  private readonly _bar = withAttributes(make('div', 'tfmfa-bar', this._filled), {
    role: 'progressbar',
    'aria-label': 'Resources applied',
    'aria-valuemin': 0
  });
  private readonly _done = make('span', 'tfmfa-done');
  private readonly _current = make('ul', 'tfmfa-current');
  private _began: ReadonlyMap<string, number> = new Map<string, number>(); // by resource, by the kernel's clock
  private _times: [address: string, node: HTMLElement][] = [];

  readonly node = make(
    'div',
    'tfmfa-progress',
    make('div', 'tfmfa-progress-line', this._bar, this._done),
    this._current
  );
}
