// A tree of which the rows in view are drawn, each as high as its text needs. The log's lines have one height, and a
// window of their own.

import {
  elementScroll,
  measureElement,
  observeElementOffset,
  observeElementRect,
  Virtualizer
} from '@tanstack/virtual-core';
import { make, withAttributes } from '../../dom/elements';
import type { ITreeRows } from '../../dom/tree_keys';
import { listenToTreeKeys } from '../../dom/tree_keys';
import type { PlanRow } from '../../protocol/generated';
import type { IRange } from '../log/window';
import type { IChangeActions } from './row';
import { fillMissing, fillRow, updateMark } from './row';
import type { Rows } from './rows';
import { placeKey } from './rows';

const HEIGHT = 26; // pixels of most rows; each is measured when it is drawn
const OVERSCAN = 10;

export interface ITreeEvents extends IChangeActions {
  toggle(row: PlanRow): void;
  /** These rows are drawn. */
  drawn(range: IRange): void;
  /** Look for the row that begins with what was typed. */
  type(typed: string, after: number): void;
}

/** Where a person is in the tree, by the keys of rows. */
interface ISpot {
  readonly active: string;
  readonly first: string;
  readonly index: number;
  readonly below: number;
}

export class Tree {
  constructor(
    private readonly _rows: Rows,
    private readonly _events: ITreeEvents
  ) {
    listenToTreeKeys(this.node, this._keyed());
    this.node.addEventListener('click', event => this._onClick(event));
    this.node.addEventListener('focusin', event => this._onFocus(event));
    this._virtual = new Virtualizer<HTMLElement, HTMLElement>({
      ...this._counted(),
      getScrollElement: () => this.node,
      estimateSize: () => HEIGHT,
      overscan: OVERSCAN,
      observeElementRect,
      observeElementOffset,
      // While the card is hidden, as for a frame when the theme changes, rows are as high as they were.
      measureElement: (row, entry, virtual) =>
        this.node.clientWidth
          ? measureElement(row, entry, virtual)
          : (virtual.measurementsCache[virtual.indexFromElement(row)]?.size ?? HEIGHT),
      scrollToFn: elementScroll,
      // The row that has the focus stays, wherever the view is.
      rangeExtractor: ({ count, endIndex, overscan, startIndex }) => {
        const first = Math.max(0, startIndex - overscan);
        const last = Math.min(count - 1, endIndex + overscan);
        const indexes = Array.from({ length: last - first + 1 }, (_, index) => first + index);
        const active = Math.min(this._active, count - 1);
        return active < first ? [active, ...indexes] : active > last ? [...indexes, active] : indexes;
      },
      onChange: () => this._drawSoon()
    });
    this._unmount = this._virtual._didMount();
    this._watch.observe(this.node);
  }

  /** Where a person is: the row that has the focus, and the first one in view if that is not the very first. */
  get spot(): ISpot {
    const top = this._virtual.scrollOffset ?? 0;
    const first = this._virtual.getVirtualItems().find(({ end, index }) => end > top && index !== this._active);
    return {
      active: this._rows.keyOf(this._active),
      first: first && top > HEIGHT ? this._rows.keyOf(first.index) : '',
      index: first?.index ?? -1,
      below: top - (first?.start ?? 0)
    };
  }

  /** Draws the rows again, some of which are in another place now, and stays where the person was. */
  refreshAt({ active, below, first, index }: ISpot, sought: string): void {
    const focused = this._rows.indexOf(active);
    this._active = focused >= 0 ? focused : this._active;
    this.refresh(sought);
    const now = first ? this._rows.indexOf(first) : -1;
    const offset = now >= 0 && now !== index ? this._virtual.getOffsetForIndex(now, 'start') : undefined;
    if (offset) {
      this._virtual.scrollToOffset(offset[0] + below);
    }
  }

  /** Draws the rows again: some have arrived, or are others. */
  refresh(sought: string): void {
    if (sought !== this._sought) {
      this._sought = sought;
      this._filled.clear();
    }
    this._active = Math.max(0, Math.min(this._active, this._rows.total - 1));
    this._virtual.setOptions({ ...this._virtual.options, ...this._counted() });
    this._virtual._willUpdate();
    this._draw();
  }

  /** Goes to the first row, where other rows are shown. */
  goToStart(): void {
    this._active = 0;
    this._virtual.scrollToOffset(0);
  }

  /** Moves the focus to a row. */
  goTo(index: number): void {
    if (index < 0 || index >= this._rows.total) {
      return;
    }
    this._active = index;
    this._virtual.scrollToIndex(index, { align: 'auto' });
    this._draw();
    this._drawn.get(this._rows.keyOf(index))?.focus({ preventScroll: true });
  }

  /** The middle of what is in view. */
  get middle(): number {
    const range = this._virtual.range;
    return range ? (range.startIndex + range.endIndex) / 2 : 0;
  }

  /** What is drawn, or would be, beside the row that has the focus. */
  get range(): IRange {
    const { startIndex = 0, endIndex = -1 } = this._virtual.range ?? {};
    return {
      first: Math.max(0, startIndex - OVERSCAN),
      last: Math.min(this._rows.total, endIndex + 1 + OVERSCAN)
    };
  }

  dispose(): void {
    cancelAnimationFrame(this._frame);
    this._watch.disconnect();
    this._unmount();
  }

  private _counted(): { count: number; getItemKey: (index: number) => string } {
    return { count: this._rows.total, getItemKey: index => this._rows.keyOf(index) };
  }

  /** Rows are as high as the width makes them; while the card is hidden, they have none. */
  private _resized(): void {
    const width = this.node.clientWidth;
    if (width > 0 && width !== this._width) {
      this._width = width;
      this._virtual.measure();
    }
  }

  private _drawSoon(): void {
    this._frame ||= requestAnimationFrame(() => this._draw());
  }

  private _draw(): void {
    cancelAnimationFrame(this._frame);
    this._frame = 0;
    const items = this._virtual.getVirtualItems();
    this._space.style.height = `${this._virtual.getTotalSize()}px`;
    const focused = this.node.contains(document.activeElement);
    const wanted = new Set(items.map(item => this._rows.keyOf(item.index)));
    for (const item of items) {
      this._rename(placeKey(item.index), this._rows.keyOf(item.index));
    }
    for (const [key, node] of this._drawn) {
      if (!wanted.has(key)) {
        node.remove();
        this._drawn.delete(key);
        this._filled.delete(key);
      }
    }
    let next: Element | null = this._space.firstElementChild;
    for (const { index, start } of items) {
      const node = this._row(index);
      node.style.transform = `translateY(${start}px)`;
      if (node === next) {
        next = node.nextElementSibling;
      } else {
        this._space.insertBefore(node, next);
      }
    }
    // All at once, after all are filled: each look at a height between two changes would lay out the page anew.
    for (const { index } of items) {
      this._virtual.measureElement(this._drawn.get(this._rows.keyOf(index)) ?? null);
    }
    if (focused && !this.node.contains(document.activeElement)) {
      this._drawn.get(this._rows.keyOf(this._active))?.focus({ preventScroll: true });
    }
    this._events.drawn(this.range);
  }

  /** A row that arrives takes the element, and with it the focus, of the one that stood for it. */
  private _rename(before: string, key: string): void {
    const node = this._drawn.get(before);
    if (node && before !== key && !this._drawn.has(key)) {
      this._drawn.delete(before);
      this._filled.delete(before);
      this._drawn.set(key, node);
    }
  }

  private _row(index: number): HTMLElement {
    const key = this._rows.keyOf(index);
    let node = this._drawn.get(key);
    if (!node) {
      node = withAttributes(make('div'), { role: 'treeitem' });
      this._drawn.set(key, node);
    }
    const row = this._rows.get(index);
    const before = this._filled.get(key);
    if (row ? before !== row : !this._filled.has(key)) {
      this._filled.set(key, row);
      if (row) {
        if (!updateMark(node, before, row)) {
          fillRow(node, row, this._sought, this._events);
        }
      } else {
        fillMissing(node);
      }
    }
    const isActive = index === this._active;
    withAttributes(node, { tabindex: isActive ? 0 : -1, 'data-index': index });
    node.querySelectorAll('button').forEach(button => (button.tabIndex = isActive ? 0 : -1));
    return node;
  }

  private _onClick(event: MouseEvent): void {
    const index = indexOf(event.target);
    const row = index === null ? undefined : this._rows.get(index);
    const selects = document.getSelection()?.isCollapsed === false; // whoever selects a value to copy it
    if (row?.place.open !== undefined && !selects) {
      this._events.toggle(row);
    }
  }

  private _onFocus(event: FocusEvent): void {
    const index = indexOf(event.target);
    if (index !== null && index !== this._active) {
      this._active = index;
      this._drawSoon();
    }
  }

  private _toggle(index: number): void {
    const row = this._rows.get(index);
    if (row?.place.open !== undefined) {
      this._events.toggle(row);
    }
  }

  private _keyed(): ITreeRows {
    return {
      active: () => this._active,
      total: () => this._rows.total,
      page: () => {
        const range = this._virtual.range;
        return range ? Math.max(1, range.endIndex - range.startIndex - 1) : 1;
      },
      goTo: index => this.goTo(index),
      isOpen: index => this._rows.get(index)?.place.open,
      parentOf: index => this._rows.get(index)?.place.parent ?? -1,
      toggle: index => this._toggle(index),
      type: typed => this._events.type(typed, this._active)
    };
  }

  private readonly _space = withAttributes(make('div', 'tfmfa-plan-space'), { role: 'none' });
  private readonly _drawn = new Map<string, HTMLElement>();
  private readonly _filled = new Map<string, PlanRow | undefined>();
  private readonly _watch = new ResizeObserver(() => this._resized());
  private _width = 0;
  private _active = 0;
  private _sought = '';
  private _frame = 0;

  readonly node = withAttributes(make('div', 'tfmfa-plan-pane', this._space), {
    role: 'tree',
    'aria-label': 'Changes of the plan'
  });

  private readonly _virtual: Virtualizer<HTMLElement, HTMLElement>;
  private readonly _unmount: () => void;
}

/** The index of the row that an element is in. */
function indexOf(target: EventTarget | null): number | null {
  const row = target instanceof Element ? target.closest<HTMLElement>('[data-index]') : null;
  return row ? Number(row.dataset['index']) : null;
}
