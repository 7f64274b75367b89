// The notice on a card whose kernel says nothing.

import { make, setText, setVisible } from '../../dom/elements';
import { makeIcon } from '../../dom/icons';

const ASK_AGAIN = 2000; // ms without a word after which the card asks
const STALE = 7000; // ms after which it says that the kernel is silent
const NOT_RESPONDING = 'The kernel is not responding. This card may be out of date.';
const EXITED =
  'The kernel has exited, so this card is no longer updated. Terraform keeps running, and its log and state are safe.';

export class Silence {
  constructor() {
    setVisible(this.node, false);
  }

  /** Whether it is time to ask the kernel how things stand. */
  get isLong(): boolean {
    return this._lasted > ASK_AGAIN;
  }

  /** The kernel has said something. */
  end(): void {
    this._since = performance.now();
  }

  /**
   * @param matters - Whether the card shows what may change.
   * @param exited - Whether nothing can be sent to the kernel.
   */
  draw(matters: boolean, exited: boolean): void {
    setVisible(this.node, matters && (exited || this._lasted > STALE));
    setText(this._text, exited ? EXITED : NOT_RESPONDING);
  }

  private get _lasted(): number {
    return performance.now() - this._since;
  }

  private readonly _text = make('span', 'tfmfa-grow');
  private _since = performance.now();

  readonly node = make('div', 'tfmfa-silent', makeIcon('warning'), this._text);
}
