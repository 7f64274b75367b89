// The tree of the runs panel.
// A row keeps its element from one answer to the next, and with it the focus.

import { make, withAttributes } from '../dom/elements';
import type { ITreeRows } from '../dom/tree_keys';
import { listenToTreeKeys } from '../dom/tree_keys';
import type { Act } from './row';
import { actionsOf, fillRow, labelOf } from './row';
import type { Row } from './rows';
import { parentOf } from './rows';

export class RunsTree {
  /**
   * @param _act - Does what a person chose.
   * @param _toggle - Opens or closes a row.
   */
  constructor(
    private readonly _act: Act,
    private readonly _toggle: (key: string) => void
  ) {
    listenToTreeKeys(this.node, this._keyed());
    this.node.addEventListener('click', event => this._onClick(event));
    this.node.addEventListener('focusin', event => this._onFocus(event));
  }

  readonly node = withAttributes(make('div', 'tfmfa-runs-tree'), {
    role: 'tree',
    'aria-label': 'Environments and their runs'
  });

  /** Draws the rows, as they are `now`, in seconds since the epoch. */
  draw(rows: readonly Row[], now: number): void {
    const focused = this._focused();
    const before = Math.max(0, this._index());
    this._rows = rows;
    const keys = new Set(rows.map(row => row.key));
    for (const [key, { node }] of this._drawn) {
      if (!keys.has(key)) {
        node.remove();
        this._drawn.delete(key);
      }
    }
    if (!keys.has(this._active)) {
      this._active = rows[Math.min(before, rows.length - 1)]?.key ?? '';
    }
    let next: Element | null = this.node.firstElementChild;
    for (const row of rows) {
      const node = this._row(row, now);
      if (node === next) {
        next = node.nextElementSibling;
      } else {
        this.node.insertBefore(node, next);
      }
    }
    this._mark();
    if (focused !== null && !this.node.contains(document.activeElement)) {
      const row = this._drawn.get(this._active)?.node;
      (row?.querySelector<HTMLElement>(`[data-action='${focused}']`) ?? row)?.focus({ preventScroll: true });
    }
  }

  /** The action of the button that has the focus, or "" where a row has it; null where it is elsewhere. */
  private _focused(): string | null {
    const active = document.activeElement;
    return active instanceof HTMLElement && this.node.contains(active) ? (active.dataset['action'] ?? '') : null;
  }

  private _row(row: Row, now: number): HTMLElement {
    const shown = JSON.stringify([row, labelOf(row, now)]);
    let drawn = this._drawn.get(row.key);
    if (!drawn) {
      drawn = { node: withAttributes(make('div'), { role: 'treeitem' }), shown: '' };
      this._drawn.set(row.key, drawn);
    }
    if (drawn.shown !== shown) {
      drawn.shown = shown;
      fillRow(drawn.node, row, now, this._act);
    }
    return drawn.node;
  }

  /** Lets the keyboard in at one row, and at its buttons. */
  private _mark(): void {
    for (const [key, { node }] of this._drawn) {
      const tabIndex = key === this._active ? 0 : -1;
      node.tabIndex = tabIndex;
      node.querySelectorAll('button').forEach(button => (button.tabIndex = tabIndex));
    }
  }

  private _index(): number {
    return this._rows.findIndex(row => row.key === this._active);
  }

  private _goTo(index: number): void {
    const row = this._rows[index];
    if (row) {
      this._active = row.key;
      this._mark();
      this._drawn.get(row.key)?.node.focus();
    }
  }

  private _rowAt(target: EventTarget | null): Row | undefined {
    const node = target instanceof Element ? target.closest<HTMLElement>('[role=treeitem]') : null;
    return this._rows.find(row => row.key === node?.dataset['key']);
  }

  private _onClick(event: MouseEvent): void {
    const inButton = event.target instanceof Element && event.target.closest('button');
    const row = this._rowAt(event.target);
    if (row?.isOpen !== undefined && !inButton) {
      this._toggle(row.key);
    }
  }

  private _onFocus(event: FocusEvent): void {
    const row = this._rowAt(event.target);
    if (row && row.key !== this._active) {
      this._active = row.key;
      this._mark();
    }
  }

  private _type(typed: string): void {
    const start = this._index() + (typed.length > 1 ? 0 : 1);
    const order = [...this._rows.keys()].map(index => (start + index) % this._rows.length);
    const found = order.find(index => this._words(index).startsWith(typed.toLowerCase()));
    if (found !== undefined) {
      this._goTo(found);
    }
  }

  private _words(index: number): string {
    const row = this._rows[index];
    return row ? labelOf(row, 0).toLowerCase() : '';
  }

  /** Opens the run of a row. */
  private _enter(index: number): void {
    const row = this._rows[index];
    const [first] = row ? actionsOf(row) : [];
    if (row && (first === 'open' || first === 'follow' || first === 'show')) {
      this._act(first, row);
    }
  }

  private _keyed(): ITreeRows {
    return {
      active: () => this._index(),
      total: () => this._rows.length,
      page: () => this._rows.length, // all are in view
      goTo: index => this._goTo(index),
      isOpen: index => this._rows[index]?.isOpen,
      parentOf: index => parentOf(this._rows, index),
      toggle: index => this._toggle(this._rows[index]?.key ?? ''),
      enter: index => this._enter(index),
      type: typed => this._type(typed)
    };
  }

  private _rows: readonly Row[] = [];
  private readonly _drawn = new Map<string, { readonly node: HTMLElement; shown: string }>();
  private _active = '';
}
