// What the kernel says of its runs, as it says it.

import type { JSONObject } from '@lumino/coreutils';
import { fields, text } from './untrusted';

export interface IRun {
  readonly id: string;
  readonly environment: string;
  readonly phase: string;
  readonly status: string;
  readonly level: string;
  readonly lock_indicator: string;
  /** What a person is asked now: "code", "confirm", or nothing. */
  readonly question: string;
  readonly canceling: boolean;
}

/** An environment in which nothing has run yet. */
export interface ILevel {
  readonly environment: string;
  readonly level: string;
  readonly lock_indicator: string;
  /** Why the level is not known; empty where it is. */
  readonly error: string;
}

export interface IState {
  /** Whether a run is planning, asking or applying. */
  readonly busy: boolean;
  /** The run that was begun last. */
  readonly run: IRun | null;
}

/** A message of the kernel, of which nothing is taken on trust. */
export function readState(data: unknown): IState {
  const { busy, run } = fields(data);
  if (!run) {
    return { busy: busy === true, run: null };
  }
  const said = fields(run);
  const word = wordsOf(said);
  return {
    busy: busy === true,
    run: {
      id: word('id'),
      environment: word('environment'),
      phase: word('phase'),
      status: word('status'),
      level: word('level'),
      lock_indicator: word('lock_indicator'),
      question: word('question'),
      canceling: said['canceling'] === true
    }
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
function wordsOf(said: JSONObject): (name: string) => string {
  return name => text(said, name).slice(0, 200);
}
