// Where organization variables are to be stored: in the OS keychain, or in the kernel's memory.

import { make, setText, setVisible, withAttributes } from '../../dom/elements';

export type Place = 'keychain' | 'kernel';

export class Storage {
  constructor(id: string) {
    this._keychain = new Choice(id, 'keychain', 'OS keychain');
    this._kernel = new Choice(id, 'kernel', 'This kernel only');
    for (const { radio } of [this._keychain, this._kernel]) {
      radio.addEventListener('change', () => {
        this._isChosen = true; // before the kernel has said what there is: its default must not take its place
      });
    }
    this._problem.id = `${id}-no-keychain`;
    withAttributes(this._keychain.radio, { 'aria-describedby': this._problem.id });
    this.node = make(
      'fieldset',
      'tfmfa-where',
      make('legend', 'tfmfa-sheet-label', 'Store in'),
      this._keychain.node,
      this._kernel.node,
      this._problem
    );
  }

  readonly node: HTMLElement;

  get place(): Place {
    return this._keychain.radio.checked ? 'keychain' : 'kernel';
  }

  /**
   * @param keychain - Its name; empty where there is none.
   * @param problem - Why there is none.
   */
  draw(keychain: string, problem: string): void {
    const isUsable = keychain !== '';
    setText(this._keychain.text, isUsable ? `OS keychain (${keychain})` : 'OS keychain');
    if (!this._isChosen) {
      this._isChosen = true;
      (isUsable ? this._keychain : this._kernel).radio.checked = true;
    }
    if (!isUsable) {
      this._kernel.radio.checked = true;
    }
    this._keychain.radio.disabled = !isUsable;
    setText(this._problem, problem);
    setVisible(this._problem, problem !== '');
  }

  private readonly _keychain: Choice;
  private readonly _kernel: Choice;
  private readonly _problem = make('span', 'tfmfa-reason');
  private _isChosen = false;
}

class Choice {
  constructor(id: string, place: Place, text: string) {
    withAttributes(this.radio, { id: `${id}-${place}`, type: 'radio', name: `${id}-place`, value: place });
    withAttributes(this.text, { for: this.radio.id });
    setText(this.text, text);
  }

  readonly radio = make('input');
  readonly text = make('label');
  readonly node = make('span', 'tfmfa-place', this.radio, this.text);
}
