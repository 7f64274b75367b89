// Which lines of a log are in view, drawn, kept and asked for.

export const LINE_HEIGHT = 18; // pixels; style/card.css has the same
const OVERSCAN = 12; // lines drawn above and below the view
const AHEAD = 120; // lines asked for beyond what is drawn
const MOST_ASKED = 500;
const MOST_KEPT = 20_000;
const MOST_SHOWN = 900_000; // Firefox lays out no more than 17.8 million pixels
const STEP = 100_000; // lines by which the beginning moves on in a longer log

/** Lines from `first` to the one before `last`. */
export interface IRange {
  readonly first: number;
  readonly last: number;
}

/** The first line that can be shown of a log with lines from `start` to the one before `total`. */
export function firstShown(start: number, total: number): number {
  return start + STEP * Math.ceil(Math.max(0, total - start - MOST_SHOWN) / STEP);
}

/**
 * The lines to draw.
 *
 * @param log - What can be shown.
 * @param top - The first pixel in view.
 * @param height - How many pixels are in view.
 */
export function linesToDraw(log: IRange, top: number, height: number): IRange {
  const above = Math.floor(top / LINE_HEIGHT);
  const inView = Math.ceil(height / LINE_HEIGHT);
  return {
    first: log.first + Math.max(0, above - OVERSCAN),
    last: log.first + Math.min(log.last - log.first, above + inView + OVERSCAN)
  };
}

/**
 * The lines to ask for, where some of those drawn are missing.
 *
 * @param log - What can be shown.
 * @param drawn - The lines to draw.
 * @param has - Whether a line is known.
 * @param ahead - How many more to ask for, in the direction that a person scrolls.
 */
export function linesToAsk(log: IRange, drawn: IRange, has: (line: number) => boolean, ahead = AHEAD): IRange | null {
  let first = drawn.first;
  while (first < drawn.last && has(first)) {
    first++;
  }
  if (first >= drawn.last) {
    return null;
  }
  let last = drawn.last;
  while (has(last - 1)) {
    last--;
  }
  if (first === drawn.first) {
    first = Math.max(log.first, first - ahead);
  }
  return { first, last: Math.min(log.last, last + ahead, first + MOST_ASKED) };
}

/** Which of the `kept` lines to let go of, where there are too many: those far from the `middle` of the view. */
export function linesToDrop(kept: ReadonlyMap<number, unknown>, middle: number): number[] {
  return kept.size > MOST_KEPT ? [...kept.keys()].filter(line => Math.abs(line - middle) > MOST_KEPT / 4) : [];
}
