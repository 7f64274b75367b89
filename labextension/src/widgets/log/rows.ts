// The rows that are drawn, and what a person has selected in them. A row stays the same element while it is in view, so
// that a selection survives new lines; one in which a selection begins or ends stays wherever the view goes.

import { make } from '../../dom/elements';
import type { IHit, LogLine } from './line';
import { fillLine } from './line';
import type { IRange } from './window';

const MISSING = 'tfmfa-missing';
const HELD = 'tfmfa-held';

/** A selection: from character `from` of one row to somewhere in another, or in the same. */
export interface ISelected {
  readonly first: number;
  readonly from: number;
  readonly last: number;
  /** What is selected of the last row. */
  readonly ending: string;
}

export class Rows {
  /**
   * @param _lineAt - A row's content; nothing if it has not come.
   * @param _hitsIn - What is to be marked in it.
   */
  constructor(
    private readonly _lineAt: (row: number) => LogLine | undefined,
    private readonly _hitsIn: (row: number, line: LogLine) => readonly IHit[]
  ) {}

  readonly node = make('div', 'tfmfa-log-rows');

  clear(): void {
    this.node.replaceChildren();
    this._drawn.clear();
  }

  draw({ first, last }: IRange): void {
    const held = this._held();
    for (const [row, node] of this._drawn) {
      const isOut = row < first || row >= last;
      node.classList.toggle(HELD, isOut);
      if (isOut && !held.has(node)) {
        node.remove();
        this._drawn.delete(row);
      }
    }
    let next = [...this._drawn].filter(([row]) => row >= first).sort(([a], [b]) => a - b)[0]?.[1] ?? null;
    for (let row = first; row < last; row++) {
      const node = this._drawn.get(row);
      if (node) {
        next = node.nextSibling as HTMLElement | null;
      } else {
        const fresh = make('div', 'tfmfa-log-row');
        fresh.dataset['row'] = String(row);
        this._drawn.set(row, fresh);
        this._fill(fresh, row);
        this.node.insertBefore(fresh, next);
      }
    }
  }

  /** Draws a row whose content has come. */
  fill(row: number): void {
    const node = this._drawn.get(row);
    if (node?.classList.contains(MISSING)) {
      this._fill(node, row);
    }
  }

  /** Draws the marks anew. */
  mark(): void {
    this._drawn.forEach((node, row) => this._fill(node, row));
  }

  /** The mark of the hit that a person is at. */
  get current(): HTMLElement | null {
    return this.node.querySelector('.tfmfa-hit-current');
  }

  get isSelecting(): boolean {
    const selection = document.getSelection();
    return selection !== null && !selection.isCollapsed && this.node.contains(selection.anchorNode);
  }

  get selected(): ISelected | null {
    const selection = document.getSelection();
    if (!selection || selection.isCollapsed || selection.rangeCount === 0) {
      return null;
    }
    const range = selection.getRangeAt(0);
    const start = this._edge(range.startContainer, range.startOffset);
    const end = this._edge(range.endContainer, range.endOffset);
    if (!start || !end) {
      return null;
    }
    const isOne = start.row === end.row;
    const ending = end.node.textContent.slice(isOne ? start.at : 0, end.at);
    const from = Array.from(start.node.textContent.slice(0, start.at)).length; // as the kernel counts
    return { first: start.row, from, last: end.row, ending };
  }

  /** Whether the selection has rows in it that are not drawn. */
  get isSelectionBeyond(): boolean {
    return this.isSelecting && this.node.querySelector(`.${HELD}`) !== null;
  }

  private _held(): ReadonlySet<Node | null> {
    const selection = this.isSelecting ? document.getSelection() : null;
    return new Set([rowOf(selection?.anchorNode), rowOf(selection?.focusNode)]);
  }

  private _edge(container: Node, offset: number): { node: HTMLElement; row: number; at: number } | null {
    const node = rowOf(container) ?? rowOf(container.childNodes[offset] ?? container.childNodes[offset - 1]);
    if (!node || !this.node.contains(node)) {
      return null;
    }
    const before = document.createRange();
    before.setStart(node, 0);
    if (node.contains(container)) {
      before.setEnd(container, offset);
    } else if (container.childNodes[offset] === undefined) {
      before.selectNodeContents(node);
    }
    return { node, row: Number(node.dataset['row']), at: before.toString().length };
  }

  private _fill(node: HTMLElement, row: number): void {
    const line = this._lineAt(row);
    node.classList.toggle(MISSING, line === undefined);
    if (line !== undefined) {
      const hits = this._hitsIn(row, line);
      fillLine(node, line, hits);
      node.classList.toggle(
        'tfmfa-row-current',
        hits.some(({ isCurrent }) => isCurrent)
      );
    }
  }

  private readonly _drawn = new Map<number, HTMLElement>();
}

function rowOf(node: Node | null | undefined): HTMLElement | null {
  const element = node instanceof Element ? node : (node?.parentElement ?? null);
  return element?.closest<HTMLElement>('.tfmfa-log-row') ?? null;
}
