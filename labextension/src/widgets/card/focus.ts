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
      this._isInside = true;
      this._notebook = card.closest<HTMLElement>('.jp-Notebook');
      if (relatedTarget instanceof HTMLElement && !card.contains(relatedTarget)) {
        this._before = relatedTarget;
      }
    });
    card.addEventListener('focusout', ({ relatedTarget }) => {
      // Nothing takes it where what had it is disabled, or goes.
      this._isInside = !(relatedTarget instanceof HTMLElement) || card.contains(relatedTarget);
    });
  }

  /** Whether a person who has answered is to be brought back. */
  get isHeld(): boolean {
    return this._isHeld;
  }

  /** Whether the card itself has it, or a part that is gone: the browser then says that the page has it. */
  get isHere(): boolean {
    const { activeElement, body } = document;
    return (this._card !== null && activeElement === this._card) || (this._isInside && activeElement === body);
  }

  /** Whether the card or a part of it has it. */
  get isWithin(): boolean {
    return this.isHere || this._card?.contains(document.activeElement) === true;
  }

  /**
   * A person answers.
   *
   * @param isThere - Whether they are where they answer. In Safari, a button that is pressed leaves them on the card.
   */
  answer(isThere: boolean): void {
    this._isHeld = isThere || this.isHere;
  }

  /** What was answered goes away. */
  hold(): void {
    this._isHeld = true;
    this._card?.focus({ preventScroll: true });
  }

  /** Something else has it. */
  release(): void {
    this._isHeld = false;
  }

  /** Nothing else is asked: the person is where they were, unless they have gone elsewhere meanwhile. */
  settle(): void {
    const { isHere } = this;
    this._isHeld = false;
    if (isHere) {
      this._giveBack();
    }
  }

  /** The card is about to go, with all that could have the keyboard. */
  end(): void {
    if (this.isWithin) {
      this._giveBack();
    }
  }

  private _giveBack(): void {
    // A card that goes is out of its notebook before it is told.
    const place = this._card?.isConnected ? this._card : (this._notebook ?? this._before);
    if (place && sayAnswered(place) && this._before?.isConnected) {
      this._before.focus({ preventScroll: true });
    }
  }

  private _card: HTMLElement | null = null;
  private _notebook: HTMLElement | null = null; // that the card is in
  private _before: HTMLElement | null = null;
  private _isInside = false;
  private _isHeld = false;
}

/**
 * Whether a person types outside `own`.
 *
 * The empty cell that Shift+Enter has just made is nobody's typing yet; a terminal's field is always empty, and so may
 * be the field of another card, or of the same one in another place.
 */
export function isTypingElsewhere(own: HTMLElement): boolean {
  const editor = document.activeElement?.closest<HTMLElement>("input, textarea, select, [contenteditable='true']");
  if (!editor || own.contains(editor)) {
    return false;
  }
  const text = 'value' in editor && typeof editor.value === 'string' ? editor.value : editor.textContent;
  return !editor.closest('.jp-Cell') || editor.closest('.tfmfa-card') !== null || text.trim() !== '';
}
