// The card of a fleet: its matrix, live. It asks for the one code that is given for all runs as a run's card does.

import { keepKeys, make, setText, setVisible, withAttributes } from '../../dom/elements';
import type { FleetRequest, FleetState } from '../../protocol/generated';
import { PROTOCOL } from '../../protocol/generated';
import { count } from '../../text/numbers';
import { lockIndicatorName } from '../../text/words';
import { Facts } from '../card/facts';
import { LockIndicator } from '../card/indicator';
import { Question } from '../card/question';
import { EXITED, Silence } from '../card/silence';
import type { CodeAnswer, FleetChannel, IPart } from '../channel';
import { canSeal } from '../sealing';
import { Choice } from './choice';
import { FleetFilters } from './filters';
import { FleetHead } from './head';
import { Matrix } from './matrix';
import { openRun } from './open';

const TICK = 500; // ms

export class FleetCard implements IPart {
  constructor(private readonly _channel: FleetChannel) {
    withAttributes(this.node, { 'aria-label': 'Terraform fleet', tabindex: -1 });
    keepKeys(this.node);
    setVisible(this._body, false);
    this._stopListening = _channel.listen(state => this._receive(state));
    _channel.onExit(() => this._exit());
    this._timer = window.setInterval(() => this._tick(), TICK);
    this._greet();
  }

  dispose(): void {
    clearInterval(this._timer);
    this._stopListening();
    if (this.node.contains(document.activeElement)) {
      this._question.giveFocusBack();
    }
    this._question.dispose();
    this._choice.dispose();
    this.node.remove();
  }

  private _greet(): void {
    this._send({ type: 'hello', protocol: PROTOCOL, seals: canSeal() });
  }

  private _send(message: FleetRequest | CodeAnswer): void {
    try {
      this._channel.send(message);
    } catch {
      this._exit();
    }
  }

  /** What was on the card stays, but nothing can be answered any more. */
  private _exit(): void {
    this._hasExited = true;
    const id = this._state?.id;
    this._silence.exit(
      id ? `${EXITED} Each Terraform that runs goes on. Follow all of them with %tfruns follow ${id}.` : EXITED
    );
    this._question.draw(null);
    this._choice.draw(null);
    this._matrix.choose(null);
    this._head.exit();
  }

  private _receive(state: FleetState): void {
    this._silence.end();
    if (state.seq > (this._state?.seq ?? 0)) {
      this._draw(state);
    }
  }

  private _tick(): void {
    const isOver = this._state?.ended === true && this._state.question === null && this._state.choice === null;
    if (!isOver && !this._hasExited && this._silence.isLong) {
      this._greet();
    }
    this._silence.draw(this._state !== null && !isOver);
    if (this._state) {
      this._drawTimes(this._state);
    }
  }

  private _draw(state: FleetState): void {
    this._state = state;
    this._offset = state.now - Date.now() / 1000;
    this.node.dataset['lock'] = state.lock_indicator;
    this.node.toggleAttribute('data-ended', state.ended && state.question === null && state.choice === null);
    setVisible(this._body, true);
    this._head.draw(state);
    setText(this._decision, state.decision);
    this._indicator.draw(state);
    setVisible(this._indicator.node, state.choice === null); // until then, it is about the plans
    this._facts.draw({ identity: state.identity, policy: '', product: '', program: '' });
    this._question.draw(state.question);
    this._drawRows(state);
    if (this._choice.draw(state.choice)) {
      this._matrix.choose(state.rows.flatMap(({ can_apply: can }, place) => (can ? [place] : [])));
    } else if (!state.choice) {
      this._matrix.choose(null);
    }
    this._drawSelection();
    this._drawTimes(state);
    this._announce(state);
    if (this._question.keepsFocus && !state.question && ['open', 'authenticated'].includes(state.lock_indicator)) {
      this._question.giveFocusBack();
    }
  }

  private _drawRows({ rows }: FleetState): void {
    this._filters.draw(rows);
    this._matrix.draw(rows, row => this._filters.fits(row), this._now);
  }

  private _drawSelection(): void {
    this._choice.drawSelection(this._matrix.selected.length, this._matrix.selectedUnseen);
  }

  private _filter(): void {
    if (this._state) {
      this._drawRows(this._state);
      this._drawSelection();
    }
  }

  private get _now(): number {
    return Date.now() / 1000 + this._offset;
  }

  private _drawTimes(state: FleetState): void {
    this._head.drawTime(state, this._now);
    this._question.drawWait(this._now);
    this._matrix.drawTimes(this._now);
  }

  /** What a screen reader says, once for each change; refusals interrupt. */
  private _announce(state: FleetState): void {
    const { choice, decision, lock_indicator, lock_indicator_remedy, lock_indicator_text, question, rows } = state;
    const indicator = `${lockIndicatorName(lock_indicator)}. ${lock_indicator_text} ${lock_indicator_remedy}`;
    const failed = rows.filter(row => row.failed).length;
    const asked = choice ? `${decision} Select what is applied.` : question ? `${decision} ${question.text}` : '';
    const isRefused = lock_indicator === 'failed';
    setText(this._status, `${isRefused ? '' : indicator} ${failed ? `${count(failed)} failed.` : ''} ${asked}`.trim());
    setText(this._alert, isRefused ? indicator : '');
  }

  private readonly _head = new FleetHead(
    paused => this._send({ type: 'pause', paused }),
    () => this._send({ type: 'cancel' })
  );
  private readonly _decision = make('p', 'tfmfa-decision-line');
  private readonly _indicator = new LockIndicator();
  private readonly _silence = new Silence();
  private readonly _question = new Question(message => this._send(message));
  private readonly _choice = new Choice(
    answer => this._send({ ...answer, rows: this._matrix.selected }),
    () => this._send({ type: 'cancel' })
  );
  private readonly _facts = new Facts();
  private readonly _filters = new FleetFilters(() => this._filter());
  private readonly _matrix = new Matrix(
    ({ folder, run }) => openRun(this.node, { folder, run }),
    () => this._drawSelection()
  );
  private readonly _body = make(
    'div',
    'tfmfa-body',
    make('div', 'tfmfa-decision', this._decision),
    this._indicator.node,
    this._silence.node,
    this._question.node,
    this._choice.node,
    this._facts.node,
    this._filters.node,
    this._matrix.node
  );
  private readonly _status = withAttributes(make('div', 'tfmfa-said'), { role: 'status', 'aria-live': 'polite' });
  private readonly _alert = withAttributes(make('div', 'tfmfa-said'), { role: 'alert' });
  private readonly _stopListening: () => void;
  private readonly _timer: number;
  private _state: FleetState | null = null;
  private _offset = 0; // the kernel's clock less the browser's, in seconds
  private _hasExited = false;

  readonly node = make('section', 'tfmfa-card tfmfa-fleet', this._head.node, this._body, this._status, this._alert);
}
