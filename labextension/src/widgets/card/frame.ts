// What a run's card and a fleet's card have in common: the states that arrive, the question, and the silence of a
// kernel. Any message may be lost, so it asks again.

import { keepKeys, setVisible, withAttributes } from '../../dom/elements';
import type { CardState, Hello } from '../../protocol/generated';
import { PROTOCOL } from '../../protocol/generated';
import type { CodeAnswer, IChannel } from '../channel';
import { canSeal } from '../sealing';
import { Keyboard } from './focus';
import { Question } from './question';
import { Silence } from './silence';

const TICK = 500; // ms

type Answer = Parameters<ConstructorParameters<typeof Question>[0]>[0];

/** What both kinds of states have. */
export type FramedState = Pick<CardState, 'lock_indicator' | 'now' | 'question' | 'seq'>;

/** What is in the frame. */
export interface IFramed<State> {
  readonly node: HTMLElement;
  readonly body: HTMLElement;
  draw(state: State): void;
  /** @param now - Seconds since the epoch, by the kernel's clock. */
  drawTimes(state: State, now: number): void;
  /** Whether nothing more will happen to what the state shows. */
  isOver(state: State): boolean;
  /** Whether nothing else is about to be asked: a refused code is asked for again. */
  isSettled(state: State): boolean;
  /** The kernel has exited: nothing can be answered any more. Returns what that means. */
  exit(state: State | null): string;
}

export class Frame<State extends FramedState, Sent> {
  /**
   * @param _channel - The way to the kernel.
   * @param name - What the card shows, for a screen reader.
   */
  constructor(
    private readonly _channel: Pick<IChannel<Sent | Answer | CodeAnswer | Hello, unknown>, 'onExit' | 'send'>,
    private readonly _name: string
  ) {}

  /** Begins, once all parts of the card are there. */
  start(card: IFramed<State>): void {
    this._card = card;
    withAttributes(card.node, { 'aria-label': this._name, tabindex: -1 });
    keepKeys(card.node);
    this.keyboard.begin(card.node);
    setVisible(card.body, false);
    this._channel.onExit(() => this._exit());
    this._timer = window.setInterval(() => this._tick(), TICK);
    this._greet();
  }

  dispose(): void {
    clearInterval(this._timer);
    this.keyboard.end();
    this.question.dispose();
    this._card?.node.remove();
  }

  /** What was drawn last; null before the first state. */
  get state(): State | null {
    return this._state;
  }

  /** Seconds since the epoch, by the kernel's clock. */
  get now(): number {
    return Date.now() / 1000 + this._offset;
  }

  send(message: Sent | Answer | CodeAnswer | Hello): void {
    if (this._hasExited) {
      return;
    }
    try {
      this._channel.send(message);
    } catch {
      this._exit();
    }
  }

  /** The kernel has said something. */
  hear(): void {
    this.silence.end();
  }

  /** Shows a state, unless a newer one is shown. */
  receive(state: State): void {
    if (state.seq <= (this._state?.seq ?? 0)) {
      return;
    }
    this._state = state;
    this._offset = state.now - Date.now() / 1000;
    if (this._card) {
      setVisible(this._card.body, true);
      this._card.draw(state);
    }
    this.question.draw(state.question);
    this._drawTimes(state);
    if (this.keyboard.isHeld && state.question === null && this._card?.isSettled(state)) {
      this.keyboard.settle();
    }
  }

  private get _isOver(): boolean {
    return this._state !== null && this._card?.isOver(this._state) === true;
  }

  private _greet(): void {
    this.send({ type: 'hello', protocol: PROTOCOL, seals: canSeal() });
  }

  /** What was on the card stays, but nothing can be answered any more. */
  private _exit(): void {
    const { isWithin } = this.keyboard;
    this._hasExited = true;
    this.question.draw(null);
    this.silence.exit(this._card?.exit(this._state) ?? '');
    if (isWithin) {
      this.keyboard.settle();
    }
  }

  private _tick(): void {
    if (!this._isOver && !this._hasExited && this.silence.isLong) {
      this._greet();
    }
    this.silence.draw(this._state !== null && !this._isOver);
    if (this._state) {
      this._drawTimes(this._state);
    }
  }

  private _drawTimes(state: State): void {
    this.question.drawWait(this.now);
    this._card?.drawTimes(state, this.now);
  }

  readonly keyboard = new Keyboard();
  readonly question = new Question(message => this.send(message), this.keyboard);
  readonly silence = new Silence();
  private _card: IFramed<State> | null = null;
  private _timer = 0;
  private _state: State | null = null;
  private _offset = 0; // the kernel's clock less the browser's, in seconds
  private _hasExited = false;
}
