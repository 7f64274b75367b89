// How a person looks at the log: with all its lines or without those that only tell progress, wrapped or not.

import { make } from '../../dom/elements';

export interface IView {
  readonly brief: boolean;
  /** The width to which lines are wrapped, in characters; 0 if they are not. */
  readonly columns: number;
}

/** Each line of the file is a row. */
export const WHOLE: IView = { brief: false, columns: 0 };

const PADDING = 20; // pixels beside a row; style/log.css has the same
const SAMPLE = 100; // characters
const USUAL = 80;

export function isSame(one: IView, other: IView): boolean {
  return one.brief === other.brief && one.columns === other.columns;
}

/** How many characters fit beside each other into a pane of the log. */
export function columnsOf(pane: HTMLElement): number {
  const sample = make('span', 'tfmfa-log-sample', '0'.repeat(SAMPLE));
  pane.append(sample);
  const { width } = sample.getBoundingClientRect();
  sample.remove();
  return width > 0 ? Math.max(1, Math.floor((pane.clientWidth - PADDING) / (width / SAMPLE))) : USUAL;
}
