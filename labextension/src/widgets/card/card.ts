// The run card. It keeps its elements and changes them in place, so that a typed code and the focus survive each
// state that arrives.

import { make } from '../../dom/elements';
import type { CardMessage, CardRequest, CardState } from '../../protocol/generated';
import type { CardChannel, IPart } from '../channel';
import { Log } from '../log/log';
import { Timeline } from '../pictures/timeline';
import { Plan } from '../plan/plan';
import { Announcer } from './announcer';
import { Approvals } from './approvals';
import { Decision } from './decision';
import { Facts } from './facts';
import type { IFramed } from './frame';
import { Frame } from './frame';
import { Head } from './head';
import { LockIndicator } from './indicator';
import { Notes } from './notes';
import { Outputs } from './outputs';
import { PolicyChecks } from './policy_checks';
import { Problem } from './problem';
import { Progress } from './progress';
import { Roles } from './roles';
import { EXITED, exitedText } from './silence';
import { Stopping } from './stopping';

export class Card implements IPart, IFramed<CardState> {
  constructor(channel: CardChannel) {
    this._frame = new Frame<CardState, CardRequest>(channel, 'Terraform run');
    this.body = make(
      'div',
      'tfmfa-body',
      this._decision.node,
      this._indicator.node,
      this._frame.silence.node,
      this._frame.question.node,
      this._problem.node,
      this._policyChecks.node,
      this._approvals.node,
      this._stopping.node,
      this._progress.node,
      this._outputs.node,
      this._facts.node,
      this._roles.node,
      this._notes.node,
      this._timeline.node,
      this._plan.node,
      this._log.node
    );
    const { alert, status } = this._announcer;
    this.node = make('section', 'tfmfa-card', this._head.node, this.body, status, alert);
    this._stopListening = channel.listen(message => this._receive(message));
    this._frame.start(this);
  }

  dispose(): void {
    this._stopListening();
    this._frame.dispose();
    this._plan.dispose();
    this._timeline.dispose();
    this._log.dispose();
  }

  exit(state: CardState | null): string {
    this._head.exit();
    this._stopping.exit();
    return state ? exitedText(state) : EXITED;
  }

  isOver({ ended_at }: CardState): boolean {
    return ended_at > 0;
  }

  /** Between a confirmation and a code, the lock indicator is still the plan's. */
  isSettled(state: CardState): boolean {
    const isAboutToAsk = state.phase === 'apply' && state.status === 'planned';
    return this.isOver(state) || (!isAboutToAsk && ['open', 'authenticated'].includes(state.lock_indicator));
  }

  draw(state: CardState): void {
    this.node.dataset['status'] = state.status;
    this.node.dataset['lock'] = state.lock_indicator;
    this.node.toggleAttribute('data-plan', state.has_plan);
    this.node.toggleAttribute('data-ended', state.ended_at > 0 && state.question === null);
    this._head.draw(state);
    this._decision.draw(state);
    this._indicator.draw(state);
    this._facts.draw(state);
    this._roles.draw(state.roles);
    this._notes.draw(state.notes);
    this._stopping.draw(state);
    this._progress.draw(state);
    this._outputs.draw(state);
    this._problem.draw(state);
    this._policyChecks.draw(state);
    this._approvals.draw(state);
    this._plan.update(state.has_plan, state.comparison, `${state.progress?.version ?? 0} ${state.ended_at > 0}`);
    this._timeline.update(state.has_timeline);
    this._log.update(state.log_start, state.log_lines, state.log_path);
    this._announcer.draw(state);
  }

  drawTimes(state: CardState, now: number): void {
    this._head.drawTime(state, now);
    this._progress.drawTimes(now);
    this._plan.drawTimes(now);
  }

  private _receive(message: CardMessage): void {
    this._frame.hear();
    if (message.type === 'plan_rows' || message.type === 'plan_graph') {
      this._plan.receive(message);
    } else if (message.type === 'timeline') {
      this._timeline.receive(message);
    } else if (message.type === 'state') {
      this._frame.receive(message);
    } else {
      this._log.receive(message);
    }
  }

  private _send(message: CardRequest): void {
    this._frame.send(message);
  }

  private readonly _head = new Head(() => this._send({ type: 'cancel' }));
  private readonly _indicator = new LockIndicator();
  private readonly _decision = new Decision();
  private readonly _facts = new Facts();
  private readonly _roles = new Roles();
  private readonly _notes = new Notes();
  private readonly _stopping = new Stopping(() => this._send({ type: 'kill' }));
  private readonly _progress = new Progress();
  private readonly _outputs = new Outputs();
  private readonly _problem = new Problem();
  private readonly _policyChecks = new PolicyChecks();
  private readonly _approvals = new Approvals();
  private readonly _plan = new Plan(request => this._send(request));
  private readonly _timeline = new Timeline(request => this._send(request));
  private readonly _log = new Log(request => this._send(request));
  private readonly _announcer = new Announcer();
  private readonly _frame: Frame<CardState, CardRequest>;
  private readonly _stopListening: () => void;

  readonly body: HTMLElement;
  readonly node: HTMLElement;
}
