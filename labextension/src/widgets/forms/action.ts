// A form's button. It keeps the focus while its action is under way, which `disabled` would take from it.

import { makeButton, withAttributes } from '../../dom/elements';

export class Action {
  constructor(
    text: string,
    className: string,
    private readonly _press: () => void
  ) {
    this.node = makeButton(text, className, () => {
      if (this._isAllowed && !this._isBusy) {
        this._press();
      }
    });
  }

  readonly node: HTMLButtonElement;

  /** Whether it may be pressed at all. */
  set isAllowed(allowed: boolean) {
    this._isAllowed = allowed;
    this._draw();
  }

  /** Whether an action of its form is under way. */
  set isBusy(busy: boolean) {
    this._isBusy = busy;
    this._draw();
  }

  private _draw(): void {
    withAttributes(this.node, { 'aria-disabled': String(this._isBusy || !this._isAllowed) });
  }

  private _isAllowed = true;
  private _isBusy = false;
}
