// What is destroyed, replaced, or forgotten, and what has become of it.

import { make, Refill, setVisible } from '../../dom/elements';
import type { SevereChange } from '../../protocol/generated';
import { count } from '../../text/numbers';
import { actionSign } from '../../text/words';

/** A change, of a fleet with the environment that it is in. */
export interface ISevere extends SevereChange {
  readonly environment?: string;
}

interface IShown {
  readonly severe: readonly ISevere[];
  readonly more: number;
}

export class Severe {
  /** @param more - How many others there are. */
  draw(severe: readonly ISevere[], more: number): void {
    setVisible(this.node, severe.length > 0 || more > 0);
    this._list.draw({ severe, more });
  }

  private readonly _list = new Refill<IShown>(make('ul', 'tfmfa-severe'), ({ more, severe }) => [
    ...severe.map(item),
    ...(more > 0 ? [make('li', 'tfmfa-faint', `and ${count(more)} more`)] : [])
  ]);

  readonly node = this._list.node;
}

function item({ action, address, environment, reason, words }: ISevere): HTMLElement {
  const sign = make('span', `tfmfa-sign tfmfa-mono tfmfa-part-${action}`, actionSign(action));
  sign.setAttribute('aria-hidden', 'true'); // the words say it
  const where = environment === undefined ? '' : make('span', 'tfmfa-severe-environment', `${environment}: `);
  const what = make('span', 'tfmfa-mono tfmfa-address', address);
  const why = reason ? make('span', 'tfmfa-faint', `: ${reason}`) : '';
  return make('li', '', sign, make('span', '', where, what, ' ', make('strong', '', words), why));
}
