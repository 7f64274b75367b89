// The keys of a tree, by WAI-ARIA's pattern (https://www.w3.org/WAI/ARIA/apg/patterns/treeview/).

const TYPING = 700; // ms after which another word begins

/** The rows of a tree that is drawn elsewhere, by their indexes. */
export interface ITreeRows {
  /** The row that has the focus, or would have it. */
  active(): number;
  total(): number;
  /** Moves the focus; nothing happens where there is no such row. */
  goTo(index: number): void;
  /** Whether a row is open; undefined where nothing is below it. */
  isOpen(index: number): boolean | undefined;
  parentOf(index: number): number;
  toggle(index: number): void;
  /** Does the usual with a row below which nothing is. */
  enter?(index: number): void;
  /** How many rows a page has. */
  page(): number;
  /** Goes to a row whose words begin with what was typed. */
  type(typed: string): void;
}

export function listenToTreeKeys(node: HTMLElement, rows: ITreeRows): void {
  let typed = '';
  let typedAt = -Infinity;
  const goBy = (step: number): void => {
    rows.goTo(Math.max(0, Math.min(rows.total() - 1, rows.active() + step)));
  };
  const enter = (): void => {
    if (rows.isOpen(rows.active()) === undefined) {
      rows.enter?.(rows.active());
    } else {
      rows.toggle(rows.active());
    }
  };
  const inward = (): void => {
    const isOpen = rows.isOpen(rows.active());
    if (isOpen) {
      goBy(1);
    } else if (isOpen === false) {
      rows.toggle(rows.active());
    }
  };
  const outward = (): void => {
    if (rows.isOpen(rows.active())) {
      rows.toggle(rows.active());
    } else {
      rows.goTo(rows.parentOf(rows.active()));
    }
  };
  const moves = new Map<string, () => void>([
    ['ArrowDown', () => goBy(1)],
    ['ArrowUp', () => goBy(-1)],
    ['ArrowRight', inward],
    ['ArrowLeft', outward],
    ['Home', () => rows.goTo(0)],
    ['End', () => rows.goTo(rows.total() - 1)],
    ['PageDown', () => goBy(rows.page())],
    ['PageUp', () => goBy(-rows.page())],
    ['Enter', enter],
    [' ', enter]
  ]);
  const type = (key: string): void => {
    const now = performance.now();
    typed = now - typedAt < TYPING ? typed + key : key;
    typedAt = now;
    rows.type(typed);
  };
  node.addEventListener('keydown', event => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target instanceof HTMLButtonElement) {
      return;
    }
    const move = moves.get(event.key);
    if (move) {
      move();
    } else if (event.key.length === 1) {
      type(event.key);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  });
}
