// The tree of the runs panel; the keys are those of WAI-ARIA's pattern (https://www.w3.org/WAI/ARIA/apg/patterns/treeview/).
// A row keeps its element from one answer to the next, and with it the focus.

import { make, withAttributes } from '../dom/elements';
import type { Act } from './row';
import { actionsOf, fillRow, labelOf } from './row';
import type { Row } from './rows';
import { parentOf } from './rows';

const TYPING = 700; // ms after which another word begins

export class RunsTree {
  /**
   * @param _act - Does what a person chose.
   * @param _toggle - Opens or closes a row.
   */
  constructor(
    private readonly _act: Act,
    private readonly _toggle: (key: string) => void
  ) {
    this.node.addEventListener('keydown', event => this._onKey(event));
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

  private _onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target instanceof HTMLButtonElement) {
      return;
    }
    const move = this._moves[event.key];
    if (move) {
      move();
    } else if (event.key.length === 1) {
      this._type(event.key);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  private _type(key: string): void {
    const now = performance.now();
    this._typed = (now - this._typedAt < TYPING ? this._typed : '') + key.toLowerCase();
    this._typedAt = now;
    const start = this._index() + (this._typed.length > 1 ? 0 : 1);
    const order = [...this._rows.keys()].map(index => (start + index) % this._rows.length);
    const found = order.find(index => this._words(index).startsWith(this._typed));
    if (found !== undefined) {
      this._goTo(found);
    }
  }

  private _words(index: number): string {
    const row = this._rows[index];
    return row ? labelOf(row, 0).toLowerCase() : '';
  }

  /** Does the usual with the active row: opens or closes it, or opens its run. */
  private _enter(): void {
    const row = this._rows[this._index()];
    const [first] = row ? actionsOf(row) : [];
    if (row?.isOpen !== undefined) {
      this._toggle(row.key);
    } else if (row && (first === 'open' || first === 'follow' || first === 'show')) {
      this._act(first, row);
    }
  }

  private _inward(): void {
    const row = this._rows[this._index()];
    if (row?.isOpen === false) {
      this._toggle(row.key);
    } else if (row?.isOpen) {
      this._goTo(this._index() + 1);
    }
  }

  private _outward(): void {
    const row = this._rows[this._index()];
    if (row?.isOpen) {
      this._toggle(row.key);
    } else {
      this._goTo(parentOf(this._rows, this._index()));
    }
  }

  private readonly _moves: Readonly<Record<string, () => void>> = {
    ArrowDown: () => this._goTo(this._index() + 1),
    ArrowUp: () => this._goTo(this._index() - 1),
    ArrowRight: () => this._inward(),
    ArrowLeft: () => this._outward(),
    Home: () => this._goTo(0),
    End: () => this._goTo(this._rows.length - 1),
    Enter: () => this._enter(),
    ' ': () => this._enter()
  };

  private _rows: readonly Row[] = [];
  private readonly _drawn = new Map<string, { readonly node: HTMLElement; shown: string }>();
  private _active = '';
  private _typed = '';
  private _typedAt = -Infinity;
}
