// The environments of a fleet as a grid: one stop for Tab, arrow keys inside.
// https://www.w3.org/WAI/ARIA/apg/patterns/grid/

import { make, setVisible, withAttributes } from '../../dom/elements';
import type { FleetRow } from '../../protocol/generated';
import { Row } from './row';

const PAGE = 10; // rows that a page key goes by
const HEADS = ['Environment', 'Plan', 'Changes', 'Apply'];

export class Matrix {
  /**
   * @param _open - Called with the row whose run is to be shown.
   * @param _selected - Called when others are selected.
   */
  constructor(
    private readonly _open: (row: FleetRow) => void,
    private readonly _selected: () => void
  ) {
    this._all.addEventListener('change', () => this._selectShown(this._all.checked));
    this._grid.addEventListener('keydown', event => this._press(event));
    this._grid.addEventListener('focusin', event => this._enter(event.target));
    this.choose(null);
  }

  /** The places of the selected rows. */
  get selected(): readonly number[] {
    return [...(this._selection ?? [])].sort((one, other) => one - other);
  }

  /** How many of them are not shown. */
  get selectedUnseen(): number {
    return this.selected.filter(place => this._lines[place]?.node.hidden).length;
  }

  /** Lets rows be selected, or no longer. */
  choose(selection: Iterable<number> | null): void {
    this._selection = selection && new Set(selection);
    this._grid.toggleAttribute('data-choosing', this._selection !== null);
    this._drawBoxes();
  }

  /** @param now - Seconds since the epoch, by the kernel's clock. */
  draw(rows: readonly FleetRow[], fits: (row: FleetRow) => boolean, now: number): void {
    this._rows = rows;
    while (this._lines.length < rows.length) {
      const place = this._lines.length;
      const line = new Row(this._open, selected => this._select(place, selected));
      this._lines.push(line);
      this._body.append(line.node);
    }
    rows.forEach((row, place) => {
      const line = this._lines[place];
      line?.draw(row, now);
      if (line) {
        setVisible(line.node, fits(row));
      }
    });
    withAttributes(this._grid, { 'aria-rowcount': rows.length + 1 });
    this._drawBoxes();
  }

  drawTimes(now: number): void {
    this._lines.forEach(line => line.drawTime(now));
  }

  private _select(place: number, selected: boolean): void {
    if (selected) {
      this._selection?.add(place);
    } else {
      this._selection?.delete(place);
    }
    this._drawBoxes();
    this._selected();
  }

  private _selectShown(selected: boolean): void {
    this._selectable.forEach(place => {
      if (selected) {
        this._selection?.add(place);
      } else {
        this._selection?.delete(place);
      }
    });
    this._drawBoxes();
    this._selected();
  }

  /** The places of the rows that are shown, and can be applied. */
  private get _selectable(): number[] {
    return this._rows.flatMap(({ can_apply: can }, place) => (can && !this._lines[place]?.node.hidden ? [place] : []));
  }

  private _drawBoxes(): void {
    const selection = this._selection;
    this._rows.forEach(({ can_apply: can }, place) => {
      this._lines[place]?.choose(selection && can ? selection.has(place) : null);
    });
    const shown = this._selectable;
    const number = shown.filter(place => selection?.has(place)).length;
    this._all.disabled = selection === null || shown.length === 0;
    this._all.checked = number > 0 && number === shown.length;
    this._all.indeterminate = number > 0 && number < shown.length;
    this._drawStops();
  }

  // The keyboard

  /** What can have the keyboard, line by line: the box, where rows can be selected, and the name. */
  private get _stops(): readonly (readonly HTMLElement[])[] {
    const isChoosing = this._selection !== null;
    return [
      ...(isChoosing ? [[this._all]] : []),
      ...this._lines.filter(({ node }) => !node.hidden).map(({ box, name }) => (isChoosing ? [box, name] : [name]))
    ];
  }

  private _drawStops(): void {
    const all = this._stops.flat().filter(node => !isDisabled(node));
    if (!this._stop || !all.includes(this._stop)) {
      this._stop = all[0] ?? null;
    }
    for (const node of [this._all, ...this._lines.flatMap(({ box, name }) => [box, name])]) {
      node.tabIndex = node === this._stop ? 0 : -1;
    }
  }

  private _enter(target: EventTarget | null): void {
    if (target instanceof HTMLElement && target !== this._stop) {
      this._stop = target;
      this._drawStops();
    }
  }

  private _press(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const lines = this._stops;
    const line = lines.findIndex(nodes => nodes.some(node => node === event.target));
    const column = lines[line]?.findIndex(node => node === event.target) ?? 0;
    const moves = new Map<string, readonly [line: number, column: number]>([
      ['ArrowDown', [line + 1, column]],
      ['ArrowUp', [line - 1, column]],
      ['ArrowRight', [line, column + 1]],
      ['ArrowLeft', [line, column - 1]],
      ['Home', [0, column]],
      ['End', [lines.length - 1, column]],
      ['PageDown', [Math.min(lines.length - 1, line + PAGE), column]],
      ['PageUp', [Math.max(0, line - PAGE), column]]
    ]);
    const move = moves.get(event.key);
    if (move && line >= 0) {
      event.preventDefault();
      const step = event.key === 'End' ? -1 : event.key === 'Home' ? 1 : Math.sign(move[0] - line);
      goTo(lines, move, step);
    }
  }

  private readonly _all = withAttributes(make('input'), {
    type: 'checkbox',
    'aria-label': 'Select all that are shown'
  });
  private readonly _body = make('tbody');
  private readonly _lines: Row[] = [];
  private _rows: readonly FleetRow[] = [];
  private _selection: Set<number> | null = null;
  private _stop: HTMLElement | null = null;
  private readonly _grid = withAttributes(
    make(
      'table',
      'tfmfa-fleet-grid',
      make(
        'thead',
        '',
        make(
          'tr',
          '',
          make('td', 'tfmfa-fleet-box', this._all),
          ...HEADS.map(head => withAttributes(make('th', '', head), { scope: 'col' }))
        )
      ),
      this._body
    ),
    { role: 'grid', 'aria-label': 'Environments of the fleet' }
  );

  readonly node = make('div', 'tfmfa-fleet-matrix', this._grid);
}

/** Moves the keyboard to a place, or from there on in steps past the lines that cannot have it. */
function goTo(
  lines: readonly (readonly HTMLElement[])[],
  [line, column]: readonly [line: number, column: number],
  step: number
): void {
  const nodes = lines[line];
  const node = nodes?.[Math.max(0, Math.min(nodes.length - 1, column))];
  if (node && !isDisabled(node)) {
    node.focus();
  } else if (node && step !== 0) {
    goTo(lines, [line + step, column], step);
  }
}

function isDisabled(node: HTMLElement): boolean {
  return (node instanceof HTMLButtonElement || node instanceof HTMLInputElement) && node.disabled;
}
