// What is worth interrupting somebody for: a question, and the end of a run.

import type { IState } from '../runs/state';
import { runWords } from '../text/words';

export interface IEvent {
  readonly message: string;
  readonly type: 'info' | 'success' | 'warning' | 'error';
  /** It stays until it is answered. */
  readonly asks: boolean;
}

const TYPES = new Map<string, IEvent['type']>([
  ['errored', 'error'],
  ['planned', 'success'],
  ['planned_and_finished', 'success'],
  ['applied', 'success'],
  ['finished', 'success']
]);

/** What has happened between two states of a notebook's kernel; null for nothing of note. */
export function eventOf(before: IState | null, now: IState | null): IEvent | null {
  const run = now?.run;
  if (!run) {
    return null;
  }
  const same = before?.run?.id === run.id ? before.run : null;
  if (run.question && run.question !== same?.question) {
    const wanted = run.question === 'code' ? 'an MFA code' : 'your confirmation';
    return { message: `${run.environment}: the ${run.phase} needs ${wanted}.`, type: 'warning', asks: true };
  }
  if (same && before?.busy && !now.busy) {
    return { message: `${run.environment}: ${runWords(run)}.`, type: TYPES.get(run.status) ?? 'info', asks: false };
  }
  return null;
}
