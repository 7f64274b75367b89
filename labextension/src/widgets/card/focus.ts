// Who has the keyboard.

import { sayAnswered } from '../../dom/answered';

/**
 * The keyboard of a card.
 *
 * What a person answers on goes away with their answer. Until it is known whether something else is asked, the card
 * holds the keyboard: a key meant for the card is no command of the notebook. Then they are where they were before.
 */
export class Keyboard {
  /** @param card - The card, which can have the keyboard. */
  begin(card: HTMLElement): void {
    this._card = card;
    card.addEventListener('focusin', ({ relatedTarget }) => {
      if (relatedTarget instanceof HTMLElement && !card.contains(relatedTarget)) {
        this._before = relatedTarget;
      }
    });
  }

  /** Whether a person who has answered is to be brought back. */
  get isHeld(): boolean {
    return this._isHeld;
  }

  /** Whether the card itself has it, or is to have it. */
  get isHere(): boolean {
    return this._isHeld || (this._card !== null && document.activeElement === this._card);
  }

  /** A person answers, who may have pressed a button without going there. */
  answer(isThere: boolean): void {
    this._isHeld = isThere;
  }

  /** What was answered goes away. */
  hold(): void {
    this._isHeld = true;
    this._card?.focus({ preventScroll: true });
  }

  /** Something else is asked, and has the keyboard. */
  release(): void {
    this._isHeld = false;
  }

  /** Nothing else is asked: the person is where they were, unless they have gone elsewhere meanwhile. */
  settle(): void {
    this._isHeld = false;
    const { activeElement, body } = document;
    if (activeElement === this._card || activeElement === body) {
      this._giveBack();
    }
  }

  /** The card is about to go, with all that could have the keyboard. */
  end(): void {
    if (this._card?.contains(document.activeElement)) {
      this._giveBack();
    }
  }

  private _giveBack(): void {
    if (this._card && sayAnswered(this._card) && this._before?.isConnected) {
      this._before.focus({ preventScroll: true });
    }
  }

  private _card: HTMLElement | null = null;
  private _before: HTMLElement | null = null;
  private _isHeld = false;
}

/**
 * Whether a person types outside `own`.
 *
 * The empty cell that Shift+Enter has just made is nobody's typing yet; a terminal's field is always empty.
 */
export function isTypingElsewhere(own: HTMLElement): boolean {
  const editor = document.activeElement?.closest<HTMLElement>("input, textarea, select, [contenteditable='true']");
  if (!editor || own.contains(editor)) {
    return false;
  }
  const text = 'value' in editor && typeof editor.value === 'string' ? editor.value : editor.textContent;
  return !editor.closest('.jp-Cell') || text.trim() !== '';
}
