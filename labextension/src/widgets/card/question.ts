// The question on the card: a code, or a confirmation.

import { make, makeButton, setText, setVisible, uniqueId, withAttributes } from '../../dom/elements';
import type {
  Authenticate,
  Cancel,
  Confirm,
  Discard,
  Question as QuestionAsked,
  SealingKey
} from '../../protocol/generated';
import { duration } from '../../text/numbers';
import type { CodeAnswer } from '../channel';
import { canSeal, seal } from '../sealing';
import { unsealedNote } from '../unsealed';
import type { Keyboard } from './focus';
import { isTypingElsewhere } from './focus';

const RETRY = 5000; // ms until an answer that brought nothing can be given again: it may have been lost on its way
const NOT_SEALED = 'This page could not encrypt the code, so the code was not sent. Reload the page, then try again.';

const KEEPS = 'Apply nothing now. What was planned can be applied later.';
const DELETES = 'Delete what was planned. Nothing is changed.';

export type QuestionAnswer = Authenticate | Cancel | CodeAnswer | Confirm | Discard;

export class Question {
  /**
   * @param _send - Called with the message that answers.
   * @param _keyboard - The card's.
   */
  constructor(
    private readonly _send: (message: QuestionAnswer) => void,
    private readonly _keyboard: Keyboard
  ) {
    this._field.id = uniqueId('code');
    this._typed.id = uniqueId('word');
    this._typed.addEventListener('input', () => this._enable(true));
    this.node.noValidate = true;
    this.node.hidden = true;
    this.node.addEventListener('submit', event => {
      event.preventDefault();
      this._authenticate();
    });
  }

  draw(question: QuestionAsked | null): void {
    if (!question) {
      this._close();
    } else if (question.number !== this._number) {
      this._open(question);
    }
  }

  /**
   * Counts down to the next code.
   *
   * @param now - Seconds since the epoch, by the kernel's clock.
   */
  drawWait(now: number): void {
    const seconds = Math.ceil(this._nextCodeAt - now);
    setText(this._wait, seconds > 0 ? `Next code in ${duration(seconds)}` : '');
    setText(this._ready, this._nextCodeAt && seconds <= 0 ? 'The next code is available.' : '');
  }

  dispose(): void {
    clearTimeout(this._retry);
  }

  private _open(question: QuestionAsked): void {
    const code = question.kind === 'code';
    this._number = question.number;
    this._key = question.sealing_key;
    this._field.value = '';
    this._nextCodeAt = question.next_code_at;
    setText(this._prompt, question.word ? `${question.text} Type "${question.word}" to confirm.` : question.text);
    setText(this._problem, question.problem);
    setVisible(this._field, code);
    setVisible(this._submit, code);
    setVisible(this._confirm, !code);
    setText(code ? this._submit : this._confirm, question.button);
    const isApply = question.phase === 'apply';
    setVisible(this._cancel, code || !isApply);
    setVisible(this._discard, isApply);
    withAttributes(this._cancel, { title: isApply ? KEEPS : '' });
    setVisible(this._typed, question.word !== '');
    withAttributes(this._typed, { placeholder: question.word });
    this._prompt.htmlFor = code ? this._field.id : this._typed.id;
    this._typed.value = '';
    this._word = question.word;
    this._enable(true);
    if (this._note) {
      setVisible(this._note, code);
    }
    setVisible(this.node, true);
    if (code) {
      this._focus(); // a confirmation is never one stray Enter away
    }
  }

  private _close(): void {
    if (!this.node.hidden) {
      this._field.value = '';
      const wasHere = this._keyboard.isHere || this._hasFocus();
      setVisible(this.node, false);
      if (wasHere) {
        this._keyboard.hold();
      } else {
        this._keyboard.release();
      }
    }
  }

  private _authenticate(): void {
    if (this._field.hidden) {
      this._confirm.click(); // Enter in the field for the word
      return;
    }
    const code = this._field.value.trim();
    if (!code) {
      this._field.focus();
      return;
    }
    this._field.value = '';
    this._hold();
    answerWith(code, this._number, this._key).then(this._send, () => {
      setText(this._problem, NOT_SEALED);
      this._takeAgain();
    });
  }

  private _answer(message: Cancel | Confirm | Discard): void {
    this._hold();
    this._send(message);
  }

  /** Takes no other answer for a while. */
  private _hold(): void {
    this._keyboard.answer(this._hasFocus());
    this._enable(false);
    this._retry = window.setTimeout(() => this._takeAgain(), RETRY);
  }

  /** The answer brought nothing: another one can be given, from where the first one was. */
  private _takeAgain(): void {
    const { isHere } = this._keyboard;
    this._enable(true);
    if (isHere && !this._field.hidden) {
      this._field.focus({ preventScroll: true });
    }
  }

  private _enable(enabled: boolean): void {
    clearTimeout(this._retry);
    for (const control of [this._field, this._submit, this._typed, this._cancel, this._discard]) {
      control.disabled = !enabled;
    }
    this._confirm.disabled = !enabled || this._typed.value.trim() !== this._word;
  }

  /**
   * Only where it does not take the keyboard from somebody who types elsewhere, nor into what is out of view, unless
   * the card has the keyboard.
   */
  private _focus(): void {
    const wasHere = this._keyboard.isHere;
    requestAnimationFrame(() => {
      if (this.node.hidden) {
        return; // answered elsewhere meanwhile
      }
      const { bottom, top } = this.node.getBoundingClientRect();
      const isInView = top >= 0 && bottom <= window.innerHeight;
      if (!isTypingElsewhere(this.node) && (wasHere || isInView)) {
        this._field.focus({ preventScroll: isInView });
      }
      this._keyboard.release();
    });
  }

  private _hasFocus(): boolean {
    return this.node.contains(document.activeElement);
  }

  private readonly _field = withAttributes(make('input', 'tfmfa-code'), {
    type: 'text',
    inputmode: 'numeric',
    autocomplete: 'one-time-code',
    maxlength: 64,
    size: 9,
    placeholder: '000 000',
    spellcheck: 'false',
    autocapitalize: 'off'
  });
  private readonly _typed = withAttributes(make('input', 'tfmfa-word'), {
    type: 'text',
    autocomplete: 'off',
    maxlength: 256,
    spellcheck: 'false',
    autocapitalize: 'off'
  });
  private readonly _prompt = make('label', 'tfmfa-prompt');
  private readonly _submit = withAttributes(make('button', 'tfmfa-button tfmfa-primary', 'Authenticate'), {
    type: 'submit'
  });
  private readonly _confirm = makeButton('Confirm', 'tfmfa-primary', () =>
    this._answer({ type: 'confirm', number: this._number, word: this._word })
  );
  private readonly _cancel = makeButton('Cancel', '', () => this._answer({ type: 'cancel' }));
  private readonly _discard = withAttributes(
    makeButton('Discard', '', () => this._answer({ type: 'discard' })),
    { title: DELETES }
  );
  private readonly _wait = withAttributes(make('span', 'tfmfa-wait'), { role: 'timer' });
  private readonly _ready = withAttributes(make('span', 'tfmfa-wait'), { role: 'status' });
  private readonly _problem = withAttributes(make('div', 'tfmfa-unread'), { role: 'alert' });
  private readonly _note = unsealedNote('The code', this._field);
  private _number = 0;
  private _key: SealingKey | undefined;
  private _nextCodeAt = 0; // by the kernel's clock; 0 where nothing is known of it
  private _word = '';
  private _retry = 0;

  readonly node = make(
    'form',
    'tfmfa-form',
    this._problem,
    this._prompt,
    make(
      'span',
      'tfmfa-controls',
      this._field,
      this._submit,
      this._typed,
      this._confirm,
      make('span', 'tfmfa-others', this._cancel, this._discard)
    ),
    this._wait,
    this._ready,
    ...(this._note ? [this._note] : [])
  );
}

/** @throws Where the page can seal, and does not succeed: then nothing may be sent. */
async function answerWith(
  code: string,
  number: number,
  key: SealingKey | undefined
): Promise<Authenticate | CodeAnswer> {
  if (!canSeal()) {
    return { type: 'unsealed_code', number, code };
  }
  if (!key) {
    throw new Error('This question has no key.');
  }
  return { type: 'authenticate', number, sealed: await seal('code', code, key) };
}
