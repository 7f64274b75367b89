// The card's first line: status, environment, level, counts, time, and the way to stop.

import { make, makeButton, setText, setVisible, withAttributes } from '../../dom/elements';
import { IconHolder, makeIcon, statusIcon } from '../../dom/icons';
import type { CardState } from '../../protocol/generated';
import { count, duration } from '../../text/numbers';
import { statusName } from '../../text/words';

/** The environment, with Terraform's workspace unless it is the default one. */
function placeOf({ environment, workspace }: CardState): string {
  return ['', 'default'].includes(workspace) ? environment : `${environment} (workspace ${workspace})`;
}

/** The accounts of the roles that change something there, or else, that of the keys; all are told below. */
function accountOf({ identity: { account, alias }, roles }: CardState): string {
  const accounts = new Set(roles.map(({ hops }) => hops.at(-1)?.arn.split(':')[4] ?? ''));
  const [first = ''] = accounts;
  if (accounts.size > 1) {
    return `roles in ${count(accounts.size)} accounts`;
  }
  return first ? `role in account ${first}` : account && `account ${alias || account}`;
}

/** The status in words, with the command of a run that is neither a plan nor its apply. */
function statusOf({ command, phase, status }: CardState): string {
  if (phase === 'unlock') {
    return 'Unlocking the state';
  }
  return command ? `${statusName(status)} (${command})` : statusName(status);
}

export class Head {
  /** @param _cancel - Asks the run to stop. */
  constructor(private readonly _cancel: () => void) {
    setVisible(this._button, false);
  }

  draw(state: CardState): void {
    const isAsking = state.question !== null;
    this._icon.draw(isAsking ? 'waiting' : statusIcon(state.status));
    setText(this._status, statusOf(state));
    setText(this._step, state.step && `${state.step}…`);
    setVisible(this._step, state.step !== '' && !isAsking);
    setText(this._warningText, state.warning);
    setVisible(this._warning, state.warning !== '');
    setText(this._environment, placeOf(state));
    setText(this._account, accountOf(state));
    setText(this._level, `MFA: ${state.level}`);
    setVisible(this._button, state.ended_at === 0 && !isAsking);
    this._button.disabled = state.canceling;
    setText(this._button, state.canceling ? 'Canceling…' : 'Cancel');
  }

  /** The kernel has exited: nothing can be asked of the run. */
  exit(): void {
    setVisible(this._button, false);
  }

  /** @param now - Seconds since the epoch, by the kernel's clock. */
  drawTime({ ended_at, started_at, waited }: CardState, now: number): void {
    const whole = started_at ? duration((ended_at || now) - started_at) : '';
    setText(this._elapsed, waited >= 1 ? `${whole}, ${duration(waited)} of it waiting for you` : whole);
  }

  private readonly _icon = new IconHolder(make('span', 'tfmfa-status-icon'));
  private readonly _status = make('span', 'tfmfa-status-text', 'Waiting for the kernel…');
  private readonly _step = make('span', 'tfmfa-step');
  private readonly _warningText = make('span');
  private readonly _warning = make('span', 'tfmfa-mark tfmfa-mark-warning', makeIcon('warning'), this._warningText);
  private readonly _environment = make('span', 'tfmfa-environment');
  private readonly _account = make('span', 'tfmfa-account');
  private readonly _level = make('span', 'tfmfa-level');
  private readonly _elapsed = withAttributes(make('span', 'tfmfa-elapsed'), { role: 'timer', 'aria-label': 'Elapsed' });
  private readonly _button = makeButton('Cancel', 'tfmfa-cancel', () => this._cancel());

  readonly node = make(
    'div',
    'tfmfa-head',
    make(
      'div',
      'tfmfa-head-words',
      make('span', 'tfmfa-status', this._icon.node, this._status, this._step),
      this._warning,
      make('span', 'tfmfa-place', this._environment, ' ', this._account),
      this._level
    ),
    make('div', 'tfmfa-head-end', this._elapsed, this._button)
  );
}
