// Which rows of a fleet are shown: those that change something, that destroy, that failed, or that have a text.

import { make, makeButton, setText, setVisible, withAttributes } from '../../dom/elements';
import type { FleetRow } from '../../protocol/generated';
import { count } from '../../text/numbers';
import { destroys } from './decision';

type Kind = 'changed' | 'destroys' | 'failed';
const NAMES: readonly (readonly [kind: Kind, name: string])[] = [
  ['changed', 'Changed'],
  ['destroys', 'Destroys'],
  ['failed', 'Failed']
];
const ARE: Readonly<Record<Kind, (row: FleetRow) => boolean>> = {
  changed: ({ changed }) => changed,
  destroys,
  failed: ({ failed }) => failed
};

export class FleetFilters {
  /** @param _changed - Called when others are shown. */
  constructor(private readonly _changed: () => void) {
    this._text.addEventListener('input', _changed);
  }

  /** Whether a row is shown. */
  fits(row: FleetRow): boolean {
    const text = this._text.value.trim().toLowerCase();
    const words = [row.name, row.run, row.plan.words, row.plan.error, row.apply.words, row.apply.error];
    const hasText = text === '' || words.some(each => each.toLowerCase().includes(text));
    return hasText && (this._kind === null || ARE[this._kind](row));
  }

  /** Shows how many rows there are of each kind. */
  draw(rows: readonly FleetRow[]): void {
    const shown = rows.filter(row => this.fits(row)).length;
    for (const [kind, name] of NAMES) {
      const number = rows.filter(ARE[kind]).length;
      const chip = this._chips.get(kind);
      if (chip) {
        setText(chip, `${name} ${count(number)}`);
        withAttributes(chip, { 'aria-pressed': String(this._kind === kind) });
        setVisible(chip, number > 0 || this._kind === kind);
      }
    }
    const all = `${count(rows.length)} ${rows.length === 1 ? 'environment' : 'environments'}`;
    setText(this._size, shown < rows.length ? `${count(shown)} of ${all}` : all);
  }

  private _choose(kind: Kind): void {
    this._kind = this._kind === kind ? null : kind;
    this._changed();
  }

  private readonly _chips = new Map(
    NAMES.map(([kind, name]) => [kind, makeButton(name, 'tfmfa-chip', () => this._choose(kind))])
  );
  private readonly _text = withAttributes(make('input', 'tfmfa-plan-filter'), {
    type: 'search',
    placeholder: 'Filter environments',
    'aria-label': 'Filter environments',
    spellcheck: 'false'
  });
  private readonly _size = withAttributes(make('span', 'tfmfa-faint'), { role: 'status' });
  private _kind: Kind | null = null;

  readonly node = make('div', 'tfmfa-fleet-filters', ...this._chips.values(), this._text, this._size);
}
