// What of a fleet is applied, and how it goes on: the environments that are selected in the matrix, in waves.

import { make, makeButton, setText, setVisible, withAttributes } from '../../dom/elements';
import type { ApplySelected, FleetChoice } from '../../protocol/generated';
import { count } from '../../text/numbers';
import type { Keyboard } from '../card/focus';

const RETRY = 5000; // ms until an answer that brought nothing can be given again: it may have been lost on its way
const MOST = 1000;

export class Choice {
  /**
   * @param _apply - Called with the answer, without its rows.
   * @param cancel - Called when nothing is to be applied.
   * @param _keyboard - The card's.
   */
  constructor(
    private readonly _apply: (answer: Omit<ApplySelected, 'rows'>) => void,
    cancel: () => void,
    private readonly _keyboard: Keyboard
  ) {
    this._cancel = makeButton('Cancel', '', () => {
      this._keyboard.hold();
      cancel();
    });
    this.node.append(
      this._button,
      this._cancel,
      this._unseen,
      make('span', 'tfmfa-gap'),
      ...[this._canary, this._atOnce, this._stopAfter].map(({ label }) => label)
    );
    setVisible(this.node, false);
  }

  /** @returns Whether this is another question than before, which nobody has selected rows for. */
  draw(choice: FleetChoice | null): boolean {
    if (!choice && this.node.contains(document.activeElement)) {
      this._keyboard.hold();
    }
    setVisible(this.node, choice !== null);
    if (!choice || choice.number === this._number) {
      return false;
    }
    this._number = choice.number;
    this._canary.set(choice.canary);
    this._atOnce.set(choice.at_once);
    this._stopAfter.set(choice.stop_after);
    this._hold(false);
    return true;
  }

  /**
   * @param selected - How many rows are selected.
   * @param unseen - How many of them the filters hide.
   */
  drawSelection(selected: number, unseen: number): void {
    setText(this._button, `Apply ${count(selected)} selected`);
    setText(this._unseen, unseen ? `${count(unseen)} of them not shown` : '');
    this._selected = selected;
    this._button.disabled = this._isHeld || selected === 0;
  }

  dispose(): void {
    clearTimeout(this._retry);
  }

  private _answer(): void {
    this._keyboard.hold();
    this._hold(true);
    this._retry = window.setTimeout(() => this._hold(false), RETRY);
    this._apply({
      type: 'apply_selected',
      number: this._number,
      at_once: this._atOnce.value,
      canary: this._canary.value,
      stop_after: this._stopAfter.value
    });
  }

  private _hold(held: boolean): void {
    clearTimeout(this._retry);
    this._isHeld = held;
    this._button.disabled = held || this._selected === 0;
    this._cancel.disabled = held;
  }

  private readonly _button = makeButton('Apply', 'tfmfa-primary', () => this._answer());
  private readonly _cancel: HTMLButtonElement;
  private readonly _unseen = withAttributes(make('span', 'tfmfa-fleet-unseen'), { role: 'status' });
  private readonly _canary = new Numeral('Start with', 'all', '', 'How many must succeed before the others start');
  private readonly _atOnce = new Numeral('At a time', 'auto', '', 'How many environments Terraform works on at once');
  private readonly _stopAfter = new Numeral(
    'Stop after',
    'no',
    'failures',
    'After this many failures, no other environment starts'
  );
  private _number = 0;
  private _selected = 0;
  private _isHeld = false;
  private _retry = 0;

  readonly node = withAttributes(make('div', 'tfmfa-fleet-choice'), {
    role: 'group',
    'aria-label': 'What is applied'
  });
}

/** A field for a whole number, which may be left empty. */
class Numeral {
  /**
   * @param name - What stands before the field.
   * @param empty - What an empty field means.
   * @param unit - What stands behind the field.
   * @param meaning - What the number does.
   */
  constructor(name: string, empty: string, unit: string, meaning: string) {
    withAttributes(this._field, { placeholder: empty, title: meaning });
    this.label.append(name, ' ', this._field, unit && ` ${unit}`);
  }

  get value(): number {
    const value = Number(this._field.value);
    return Number.isInteger(value) ? Math.max(0, Math.min(MOST, value)) : 0;
  }

  set(value: number): void {
    this._field.value = value ? String(value) : '';
  }

  private readonly _field = withAttributes(make('input', 'tfmfa-fleet-number'), {
    type: 'number',
    min: 1,
    max: MOST,
    step: 1
  });

  readonly label = make('label', 'tfmfa-fleet-option');
}
