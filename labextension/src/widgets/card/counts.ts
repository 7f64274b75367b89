// How many resources a plan adds, changes and destroys: +2 ~1 -0.

import { make, Refill, setVisible, withAttributes } from '../../dom/elements';
import type { Counts as PlanCounts } from '../../protocol/generated';
import { count } from '../../text/numbers';

export class Counts {
  readonly node = make('span', 'tfmfa-counts tfmfa-mono');

  draw(counts: PlanCounts | null): void {
    setVisible(this.node, counts !== null);
    if (counts) {
      const words = `${counts.add} to add, ${counts.change} to change, ${counts.destroy} to destroy`;
      withAttributes(this.node, { role: 'img', 'aria-label': words, title: words });
      this._refill.draw(counts);
    }
  }

  private readonly _refill = new Refill<PlanCounts>(this.node, ({ add, change, destroy, imported }) => [
    signed('+', add, 'tfmfa-add'),
    ' ',
    signed('~', change, 'tfmfa-change'),
    ' ',
    signed('-', destroy, 'tfmfa-destroy'),
    ...(imported ? [` ${count(imported)} imported`] : [])
  ]);
}

function signed(sign: string, value: number, className: string): HTMLElement {
  return make('span', value ? className : 'tfmfa-none', `${sign}${count(value)}`);
}
