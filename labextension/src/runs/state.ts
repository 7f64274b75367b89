// What the kernel says of its runs, as it says it.

import type { JSONObject } from '@lumino/coreutils';
import type { KernelStatus, LevelAnswer, RunStatus } from '../protocol/generated';
import { fields, text } from './untrusted';

/** How a notebook's kernel stands: whether a run is planning, asking or applying, and which one was started last. */
export type IState = Pick<KernelStatus, 'busy' | 'run'>;

/** An environment in which nothing has run yet; `error` says why its level is not known. */
export type ILevel = LevelAnswer & { readonly error: string };

/** A message of the kernel, of which nothing is taken on trust. */
export function readState(data: unknown): IState {
  const { busy, run } = fields(data);
  return { busy: busy === true, run: run ? readRun(fields(run)) : null };
}

function readRun(run: JSONObject): RunStatus {
  const word = wordsOf(run);
  return {
    id: word('id'),
    environment: word('environment'),
    phase: word('phase'),
    status: word('status'),
    level: word('level'),
    lock_indicator: word('lock_indicator'),
    question: word('question'),
    card: word('card'),
    stands: word('stands'),
    canceling: run['canceling'] === true
  };
}

/** The kernel's answer about an environment. */
export function readLevel(data: unknown): ILevel {
  const word = wordsOf(fields(data));
  return {
    environment: word('environment'),
    level: word('level'),
    lock_indicator: word('lock_indicator'),
    error: word('error')
  };
}

/** What fits into a line. */
function wordsOf(message: JSONObject): (name: string) => string {
  return name => text(message, name).slice(0, 200);
}
