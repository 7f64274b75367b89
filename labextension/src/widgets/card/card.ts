// The run card. It keeps its elements and changes them in place, so that a typed code and the focus survive each
// state that arrives. Any message may be lost, so it asks again.

import { keepKeys, make, setVisible, withAttributes } from '../../dom/elements';
import type { CardMessage, CardRequest, CardState } from '../../protocol/generated';
import { PROTOCOL } from '../../protocol/generated';
import type { CardChannel, CodeAnswer, IPart } from '../channel';
import { Log } from '../log/log';
import { TimeLine } from '../pictures/time_line';
import { Plan } from '../plan/plan';
import { canSeal } from '../sealing';
import { Announcer } from './announcer';
import { Approvals } from './approvals';
import { Decision } from './decision';
import { Facts } from './facts';
import { Head } from './head';
import { LockIndicator } from './indicator';
import { Notes } from './notes';
import { Outputs } from './outputs';
import { PolicyChecks } from './policy_checks';
import { Problem } from './problem';
import { Progress } from './progress';
import { Question } from './question';
import { Roles } from './roles';
import { EXITED, exitedText, Silence } from './silence';
import { Stopping } from './stopping';

const TICK = 500; // ms

export class Card implements IPart {
  constructor(private readonly _channel: CardChannel) {
    withAttributes(this.node, { 'aria-label': 'Terraform run', tabindex: -1 });
    keepKeys(this.node);
    setVisible(this._body, false);
    this._stopListening = _channel.listen(message => this._receive(message));
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
    this._plan.dispose();
    this._timeLine.dispose();
    this._log.dispose();
    this.node.remove();
  }

  private _greet(): void {
    this._send({ type: 'hello', protocol: PROTOCOL, seals: canSeal() });
  }

  private _send(message: CardRequest | CodeAnswer): void {
    try {
      this._channel.send(message);
    } catch {
      this._exit();
    }
  }

  /** What was on the card stays, but nothing can be answered any more. */
  private _exit(): void {
    this._hasExited = true;
    this._silence.exit(this._state ? exitedText(this._state) : EXITED);
    this._question.draw(null);
    this._head.exit();
    this._stopping.exit();
  }

  private _receive(message: CardMessage): void {
    this._silence.end();
    if (message.type === 'plan_rows' || message.type === 'plan_graph') {
      this._plan.receive(message);
    } else if (message.type === 'time_line') {
      this._timeLine.receive(message);
    } else if (message.type !== 'state') {
      this._log.receive(message);
    } else if (message.seq > (this._state?.seq ?? 0)) {
      this._draw(message);
    }
  }

  private _tick(): void {
    const isOver = this._state !== null && this._state.ended_at > 0;
    if (!isOver && !this._hasExited && this._silence.isLong) {
      this._greet();
    }
    this._silence.draw(this._state !== null && !isOver);
    if (this._state) {
      this._drawTimes(this._state);
    }
  }

  private _draw(state: CardState): void {
    this._state = state;
    this._offset = state.now - Date.now() / 1000;
    this.node.dataset['status'] = state.status;
    this.node.dataset['lock'] = state.lock_indicator;
    this.node.toggleAttribute('data-plan', state.has_plan);
    this.node.toggleAttribute('data-ended', state.ended_at > 0 && state.question === null);
    setVisible(this._body, true);
    this._head.draw(state);
    this._decision.draw(state);
    this._indicator.draw(state);
    this._facts.draw(state);
    this._roles.draw(state.roles);
    this._notes.draw(state.notes);
    this._question.draw(state.question);
    this._stopping.draw(state);
    this._progress.draw(state);
    this._outputs.draw(state);
    this._problem.draw(state);
    this._policyChecks.draw(state);
    this._approvals.draw(state);
    this._plan.update(state.has_plan, state.comparison, `${state.progress?.version ?? 0} ${state.ended_at > 0}`);
    this._timeLine.update(state.has_time_line);
    this._log.update(state.log_start, state.log_lines, state.log_path);
    this._drawTimes(state);
    this._announcer.draw(state);
    if (this._question.keepsFocus && isSettled(state)) {
      this._question.giveFocusBack();
    }
  }

  private _drawTimes(state: CardState): void {
    const now = Date.now() / 1000 + this._offset;
    this._head.drawTime(state, now);
    this._question.drawWait(now);
    this._progress.drawTimes(now);
    this._plan.drawTimes(now);
  }

  private readonly _head = new Head(() => this._send({ type: 'cancel' }));
  private readonly _indicator = new LockIndicator();
  private readonly _decision = new Decision();
  private readonly _facts = new Facts();
  private readonly _roles = new Roles();
  private readonly _notes = new Notes();
  private readonly _question = new Question(message => this._send(message));
  private readonly _stopping = new Stopping(() => this._send({ type: 'kill' }));
  private readonly _progress = new Progress();
  private readonly _outputs = new Outputs();
  private readonly _problem = new Problem();
  private readonly _policyChecks = new PolicyChecks();
  private readonly _approvals = new Approvals();
  private readonly _silence = new Silence();
  private readonly _plan = new Plan(request => this._send(request));
  private readonly _timeLine = new TimeLine(request => this._send(request));
  private readonly _log = new Log(request => this._send(request));
  private readonly _announcer = new Announcer();
  private readonly _body = make(
    'div',
    'tfmfa-body',
    this._decision.node,
    this._indicator.node,
    this._silence.node,
    this._question.node,
    this._problem.node,
    this._policyChecks.node,
    this._approvals.node,
    this._stopping.node,
    this._progress.node,
    this._outputs.node,
    this._facts.node,
    this._roles.node,
    this._notes.node,
    this._timeLine.node,
    this._plan.node,
    this._log.node
  );
  private readonly _stopListening: () => void;
  private readonly _timer: number;
  private _state: CardState | null = null;
  private _offset = 0; // the kernel's clock less the browser's, in seconds
  private _hasExited = false;

  readonly node = make(
    'section',
    'tfmfa-card',
    this._head.node,
    this._body,
    this._announcer.status,
    this._announcer.alert
  );
}

/** Whether no other question is about to follow the last one: a refused code is asked for again. */
function isSettled({ ended_at, lock_indicator, question }: CardState): boolean {
  return question === null && (ended_at > 0 || ['open', 'authenticated'].includes(lock_indicator));
}
