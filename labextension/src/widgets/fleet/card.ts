// The card of a fleet: its matrix, live. It asks for the one code that is given for all runs as a run's card does.

import { make, setText, setVisible, withAttributes } from '../../dom/elements';
import type { FleetRequest, FleetState } from '../../protocol/generated';
import { count } from '../../text/numbers';
import { lockIndicatorName } from '../../text/words';
import { Facts } from '../card/facts';
import type { IFramed } from '../card/frame';
import { Frame } from '../card/frame';
import { LockIndicator } from '../card/indicator';
import { EXITED } from '../card/silence';
import type { FleetChannel, IPart } from '../channel';
import { Choice } from './choice';
import { FleetDecision } from './decision';
import { FleetFilters } from './filters';
import { FleetHead } from './head';
import { Matrix } from './matrix';
import { openRun } from './open';

const WORKING: ReadonlySet<string> = new Set(['planning', 'applying']);

export class FleetCard implements IPart, IFramed<FleetState> {
  constructor(channel: FleetChannel) {
    this._frame = new Frame<FleetState, FleetRequest>(channel, 'Terraform fleet');
    this._choice = new Choice(
      answer => this._frame.send({ ...answer, rows: this._matrix.selected }),
      () => this._frame.send({ type: 'cancel' }),
      this._frame.keyboard
    );
    this.body = make(
      'div',
      'tfmfa-body',
      this._decision.node,
      this._indicator.node,
      this._frame.silence.node,
      this._frame.question.node,
      this._choice.node,
      this._facts.node,
      this._filters.node,
      this._matrix.node
    );
    this.node = make('section', 'tfmfa-card tfmfa-fleet', this._head.node, this.body, this._status, this._alert);
    this._stopListening = channel.listen(state => {
      this._frame.hear();
      this._frame.receive(state);
    });
    this._frame.start(this);
  }

  dispose(): void {
    this._stopListening();
    this._frame.dispose();
    this._choice.dispose();
  }

  exit(state: FleetState | null): string {
    this._choice.draw(null);
    this._matrix.choose(null);
    this._head.exit();
    const follow = state && `Each Terraform that runs goes on. Follow all of them with %tfruns follow ${state.id}.`;
    return follow ? `${EXITED} ${follow}` : EXITED;
  }

  isOver({ choice, ended, question }: FleetState): boolean {
    return ended && question === null && choice === null;
  }

  /** After a selection, the fleet and its lock indicator stay as they were until the apply begins. */
  isSettled({ choice, ended, lock_indicator: indicator, phase, rows, started_at: start }: FleetState): boolean {
    if (choice !== null || start === this._selectedAfter) {
      return false;
    }
    const isWorking = rows.some(({ plan, apply }) => [plan, apply].some(({ status }) => WORKING.has(status)));
    const isAuthenticated = phase === 'plan' && this._selectedAfter === null && indicator === 'authenticated';
    return isWorking || ended || isAuthenticated;
  }

  draw(state: FleetState): void {
    this.node.dataset['lock'] = state.lock_indicator;
    this.node.toggleAttribute('data-ended', this.isOver(state));
    this._head.draw(state);
    this._indicator.draw(state);
    setVisible(this._indicator.node, state.choice === null); // until then, it is about the plans
    this._facts.draw({ identity: state.identity, policy: '', product: '', program: '' });
    this._drawRows(state);
    if (this._choice.draw(state.choice)) {
      this._matrix.choose(state.rows.flatMap(({ can_apply: can }, place) => (can ? [place] : [])));
    } else if (!state.choice) {
      this._matrix.choose(null);
    }
    this._selectedAfter = state.choice ? state.started_at : this._selectedAfter;
    this._drawSelection();
    this._announce(state);
  }

  drawTimes(state: FleetState, now: number): void {
    this._head.drawTime(state, now);
    this._matrix.drawTimes(now);
  }

  private _drawRows({ rows }: FleetState): void {
    this._filters.draw(rows);
    this._matrix.draw(rows, row => this._filters.fits(row), this._frame.now);
  }

  private _drawSelection(): void {
    if (this._frame.state) {
      this._decision.draw(this._frame.state, this._matrix.selected);
    }
    this._choice.drawSelection(this._matrix.selected.length, this._matrix.selectedUnseen);
  }

  private _filter(): void {
    if (this._frame.state) {
      this._drawRows(this._frame.state);
      this._drawSelection();
    }
  }

  /** What a screen reader says, once for each change; refusals interrupt. */
  private _announce(state: FleetState): void {
    const { choice, lock_indicator, lock_indicator_remedy, lock_indicator_text, question, rows } = state;
    const indicator = `${lockIndicatorName(lock_indicator)}. ${lock_indicator_text} ${lock_indicator_remedy}`;
    const failed = rows.filter(row => row.failed).length;
    const decision = this._decision.text;
    const asked = choice ? `${decision} Select what is applied.` : question ? `${decision} ${question.text}` : '';
    const isRefused = lock_indicator === 'failed';
    setText(this._status, `${isRefused ? '' : indicator} ${failed ? `${count(failed)} failed.` : ''} ${asked}`.trim());
    setText(this._alert, isRefused ? indicator : '');
  }

  private readonly _head = new FleetHead(
    paused => this._frame.send({ type: 'pause', paused }),
    () => this._frame.send({ type: 'cancel' })
  );
  private readonly _decision = new FleetDecision();
  private readonly _indicator = new LockIndicator();
  private readonly _choice: Choice;
  private _selectedAfter: number | null = null; // when the phase began after which somebody selects what is applied
  private readonly _facts = new Facts();
  private readonly _filters = new FleetFilters(() => this._filter());
  private readonly _matrix = new Matrix(
    ({ folder, run }) => openRun(this.node, { folder, run }),
    () => this._drawSelection()
  );
  private readonly _status = withAttributes(make('div', 'tfmfa-said'), { role: 'status', 'aria-live': 'polite' });
  private readonly _alert = withAttributes(make('div', 'tfmfa-said'), { role: 'alert' });
  private readonly _frame: Frame<FleetState, FleetRequest>;
  private readonly _stopListening: () => void;

  readonly body: HTMLElement;
  readonly node: HTMLElement;
}
