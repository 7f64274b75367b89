// The notice on a card whose kernel says nothing.

import { make, setText, setVisible } from '../../dom/elements';
import { makeIcon } from '../../dom/icons';
import type { CardState } from '../../protocol/generated';
import { isFinal } from '../../text/words';

const ASK_AGAIN = 2000; // ms without a word after which the card asks
const STALE = 7000; // ms after which it says that the kernel is silent
const NOT_RESPONDING = 'The kernel is not responding. This card may be out of date.';
export const EXITED = 'The kernel has exited, so this card is no longer updated.';
const WORKING: readonly string[] = ['planning', 'confirmed', 'applying', 'running'];

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

  /** The kernel has exited: `text` says what that means. */
  exit(text: string): void {
    this._exited ??= text;
    setText(this._text, this._exited);
  }

  /** @param matters - Whether the card shows what may change. */
  draw(matters: boolean): void {
    const exited = this._exited;
    setVisible(this.node, matters && (exited !== undefined || this._lasted > STALE));
    setText(this._text, exited ?? NOT_RESPONDING);
  }

  private get _lasted(): number {
    return performance.now() - this._since;
  }

  private readonly _text = make('span', 'tfmfa-grow');
  private _since = performance.now();
  private _exited: string | undefined;

  readonly node = make('div', 'tfmfa-silent', makeIcon('warning'), this._text);
}

/** What the exit of the kernel means for the run, and what to do. */
export function exitedText({ phase, status }: CardState): string {
  if (WORKING.includes(status)) {
    return `${EXITED} Terraform keeps running, and its log and state are safe. Follow it with %tfruns follow.`;
  }
  if (status === 'planned' && phase === 'apply') {
    return `${EXITED} No code can be entered here. The plan is still pending: open it with %tfruns open.`;
  }
  return isFinal(status) ? EXITED : `${EXITED} No code can be entered here. Run the cell again.`;
}
