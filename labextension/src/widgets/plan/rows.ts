// The rows of a plan that have arrived: for what is chosen and open now, each in its place.

import type { PlanRow, PlanRows } from '../../protocol/generated';
import type { IRange } from '../log/window';
import { linesToAsk, linesToDrop } from '../log/window';

export class Rows {
  /** How many rows there are, arrived or not. */
  get total(): number {
    return this._total;
  }

  get(index: number): PlanRow | undefined {
    return this._rows.get(index);
  }

  /** What tells a row from the others: its own key, or its place before it has arrived. */
  keyOf(index: number): string {
    return this.get(index)?.place.key ?? placeKey(index);
  }

  /** The index of the row with this key; -1 if it has not arrived. */
  indexOf(key: string): number {
    return [...this._rows].find(([, row]) => row.place.key === key)?.[0] ?? -1;
  }

  /** Takes an answer; with `anew` nothing of what was there before stays, but a row that says the same is the same. */
  take({ rows, start, total }: PlanRows, anew: boolean): void {
    const before = new Map([...this._rows.values()].map(row => [row.place.key, row]));
    if (anew || total !== this._total) {
      this._rows.clear();
    }
    this._total = total;
    rows.forEach((row, index) => {
      const known = before.get(row.place.key);
      this._rows.set(start + index, known && JSON.stringify(known) === JSON.stringify(row) ? known : row);
    });
  }

  /** Lets go of rows that are far away from the `middle` of the view. */
  drop(middle: number): void {
    linesToDrop(this._rows, middle).forEach(index => this._rows.delete(index));
  }

  /** The rows to ask for, where some of those drawn have not arrived. */
  missing(drawn: IRange): IRange | null {
    return linesToAsk({ first: 0, last: this._total }, drawn, index => this._rows.has(index));
  }

  private readonly _rows = new Map<number, PlanRow>();
  private _total = 0;
}

/** The key of a row that has not arrived. */
export function placeKey(index: number): string {
  return `#${index}`;
}
