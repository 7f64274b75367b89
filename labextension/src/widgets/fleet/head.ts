// The first line of a fleet's card: what it does, how it goes on, since when, and the ways to hold it up.

import { make, makeButton, setText, setVisible, withAttributes } from '../../dom/elements';
import { IconHolder, statusIcon } from '../../dom/icons';
import type { FleetState } from '../../protocol/generated';
import { count, duration } from '../../text/numbers';

export class FleetHead {
  /**
   * @param _pause - Called with whether no other run is to start.
   * @param _cancel - Asks all runs to stop.
   */
  constructor(
    private readonly _pause: (paused: boolean) => void,
    private readonly _cancel: () => void
  ) {
    this.exit();
  }

  draw(state: FleetState): void {
    const { can_pause, canceling, choice, ended, level, pace, paused, phase, question, rows, stands, status } = state;
    const isAsking = question !== null || choice !== null;
    // Of an apply, those that were selected; before that, all.
    const isApply = phase === 'apply' && choice === null;
    const number = (isApply && rows.filter(({ apply }) => apply.words !== '').length) || rows.length;
    const total = `${count(number)} ${nounOf(number)}`;
    const goesOn = !ended || isAsking;
    this._icon.draw(isAsking ? 'waiting' : ended ? statusIcon(status) : paused ? 'paused' : 'turning');
    const words = `${choice ? 'Planned' : isApply ? 'Applying' : 'Planning'}: ${total}`;
    setText(this._status, goesOn ? words : `${count(rows.length)} ${nounOf(rows.length)}: ${stands}`);
    setText(this._level, level ? `MFA: ${level}` : '');
    setText(this._pace, isAsking || ended ? '' : paused ? 'Paused: no other run starts' : pace);
    this._paused = paused;
    setText(this._hold, paused ? 'Resume' : 'Pause');
    setVisible(this._hold, !isAsking && !ended && !canceling && (can_pause || paused));
    setVisible(this._stop, !isAsking && !ended);
    this._stop.disabled = canceling;
    setText(this._stop, canceling ? 'Canceling…' : 'Cancel all');
  }

  /** The kernel has exited: nothing can be asked of the runs. */
  exit(): void {
    setVisible(this._hold, false);
    setVisible(this._stop, false);
  }

  /** @param now - Seconds since the epoch, by the kernel's clock. */
  drawTime({ choice, ended, started_at }: FleetState, now: number): void {
    setText(this._elapsed, started_at && (!ended || choice) ? duration(now - started_at) : '');
  }

  private _paused = false;
  private readonly _icon = new IconHolder(make('span', 'tfmfa-status-icon'));
  private readonly _status = make('span', 'tfmfa-status-text', 'Waiting for the kernel…');
  private readonly _pace = make('span', 'tfmfa-step');
  private readonly _level = make('span', 'tfmfa-level');
  private readonly _elapsed = withAttributes(make('span', 'tfmfa-elapsed'), { role: 'timer', 'aria-label': 'Elapsed' });
  private readonly _hold = makeButton('Pause', '', () => this._pause(!this._paused));
  private readonly _stop = makeButton('Cancel all', 'tfmfa-cancel', () => this._cancel());

  readonly node = make(
    'div',
    'tfmfa-head',
    make(
      'div',
      'tfmfa-head-words',
      make('span', 'tfmfa-status', this._icon.node, this._status),
      this._level,
      this._pace
    ),
    make('div', 'tfmfa-head-end', this._elapsed, this._hold, this._stop)
  );
}

function nounOf(number: number): string {
  return number === 1 ? 'environment' : 'environments';
}
