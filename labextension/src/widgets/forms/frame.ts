// What the forms share: messages, one action at a time, and one line that says how it ended.

import { keepKeys, make, setText, uniqueId, withAttributes } from '../../dom/elements';
import type { FormAction, FormContent, FormRequest, FormResult, SealingKey } from '../../protocol/generated';
import { PROTOCOL } from '../../protocol/generated';
import type { FormChannel, FormStateOf, SecretAction } from '../channel';
import { canSeal, seal } from '../sealing';
import { Action } from './action';

const TICK = 500; // ms
const ASK_AGAIN = 2000; // ms without a word after which the form asks
const SILENCE = 8000; // ms after which it says that the kernel is not responding
const NOT_RESPONDING = 'The kernel is not responding. It may be busy, or it may have exited.';
const LOST = 'The kernel did not receive that. Try again.';
const NOT_SEALED = 'This page could not encrypt the secret, so nothing was sent. Reload the page, then try again.';

type ActionType = FormAction['type'];

/** What a form does with what its kernel says. */
export interface IFormBody<Content extends FormContent> {
  /** Shows the kernel's view of things, `saved` right after an action that succeeded. */
  draw(content: Content, saved: boolean): void;
  /** Shows how an action of this form ended. */
  end?(result: FormResult, type: ActionType): void;
}

export class FormFrame<Content extends FormContent> {
  constructor(
    private readonly _channel: FormChannel<Content>,
    title: string,
    private readonly _body: IFormBody<Content>
  ) {
    this.title = make('h3', 'tfmfa-sheet-title', title);
    this.title.id = `${this.id}-title`;
    withAttributes(this.node, { 'aria-labelledby': this.title.id });
    keepKeys(this.node);
  }

  readonly id = uniqueId('form');
  readonly node = make('section', 'tfmfa-card tfmfa-sheet');
  readonly title: HTMLElement;
  readonly success = withAttributes(make('div', 'tfmfa-sheet-said'), { role: 'status' });
  readonly failure = withAttributes(make('div', 'tfmfa-sheet-alarm'), { role: 'alert' });

  /** Whether an action is under way. */
  get isBusy(): boolean {
    return this._pending !== '';
  }

  /** Shows the form's parts and begins to listen. */
  start(...parts: readonly Node[]): void {
    this.node.append(this.title, ...parts, this.success, this.failure);
    this._stopListening = this._channel.listen(message => this._receive(message));
    this._timer = window.setInterval(() => this._tick(), TICK);
    this._greet();
  }

  dispose(): void {
    clearInterval(this._timer);
    this._stopListening();
    this.node.remove();
  }

  /** A button of the form. */
  action(text: string, className: string, press: () => void): Action {
    const action = new Action(text, className, press);
    this._actions.push(action);
    return action;
  }

  /** Sends what was typed, to be acted on; the secret sealed, if the page can. */
  act(type: ActionType, texts: Readonly<Record<string, string>>, secret?: string): void {
    this._count += 1;
    this._pending = `${this.id}-${this._count}`;
    this._type = type;
    this._heard = this._sent = performance.now();
    this.tell('');
    this._drawBusy();
    const action: FormAction = { type, number: this._pending, texts };
    if (secret === undefined) {
      this._send(action);
    } else if (canSeal()) {
      void this._seal(action, secret);
    } else {
      this._send({ type: 'unsealed', action, secret });
    }
  }

  /** Says how something went: well, or what is wrong. */
  tell(success: string, failure = ''): void {
    setText(this.success, success);
    setText(this.failure, failure);
  }

  private async _seal(action: FormAction, secret: string): Promise<void> {
    if (!this._key) {
      this._release(); // the kernel has not said anything yet
      this.tell('', NOT_RESPONDING);
      return;
    }
    try {
      const sealed = await seal('secret', secret, this._key);
      this._send({ ...action, sealed });
    } catch {
      this._release();
      this.tell('', NOT_SEALED);
    }
  }

  private _greet(): void {
    this._send({ type: 'hello', protocol: PROTOCOL, seals: canSeal() });
  }

  private _send(message: FormRequest | SecretAction): void {
    try {
      this._channel.send(message);
    } catch {
      this._release(); // the kernel has exited
      this.tell('', NOT_RESPONDING);
    }
  }

  private _receive(message: FormStateOf<Content>): void {
    if (message.seq <= this._seq) {
      return;
    }
    this._seq = message.seq;
    this._heard = performance.now();
    if (this.failure.textContent === NOT_RESPONDING) {
      this.tell('');
    }
    const { busy, content, result } = message;
    this._key = message.sealing_key;
    const isMine = this._pending !== '' && result.number === this._pending && !busy;
    if (this._pending && !isMine && !busy && this._heard - this._sent > ASK_AGAIN) {
      this._release();
      this.tell('', LOST);
    }
    if (content) {
      this._body.draw(content, isMine && result.good);
    }
    if (isMine && this._type) {
      this._release();
      this.tell(result.good ? result.text : '', result.good ? '' : result.text);
      this._body.end?.(result, this._type);
    }
  }

  private _tick(): void {
    if (this._seq && !this._pending) {
      return;
    }
    const quiet = performance.now() - this._heard;
    if (quiet > SILENCE) {
      this._release();
      this.tell('', NOT_RESPONDING);
    } else if (quiet > ASK_AGAIN) {
      this._greet();
    }
  }

  private _release(): void {
    this._pending = '';
    this._drawBusy();
  }

  private _drawBusy(): void {
    for (const action of this._actions) {
      action.isBusy = this.isBusy;
    }
    this.node.classList.toggle('tfmfa-busy', this.isBusy);
  }

  private readonly _actions: Action[] = [];
  private _stopListening: () => void = () => undefined;
  private _timer = 0;
  private _key: SealingKey | undefined; // to which the next secret is sealed
  private _seq = 0;
  private _count = 0;
  private _pending = ''; // the number of the action that is under way
  private _type: ActionType | null = null;
  private _heard = performance.now();
  private _sent = performance.now();
}
