// The states of a run and of its lock indicator, in words: the same on the card, in the status bar and in notifications.
// tfmfa_nb/protocol/words.py has the same; tests/fixtures/protocol_cases.json holds both to it.

import type { RunStatus } from '../protocol/generated';
import {
  ACTION_NAMES,
  ACTION_SIGNS,
  APPLY_NAMES,
  FINAL_STATUSES,
  HOP_NAMES,
  LOCK_INDICATOR_NAMES,
  QUESTION_NAMES,
  STATUS_NAMES
} from '../protocol/generated';

export function lockIndicatorName(state: string): string {
  return lookUp(LOCK_INDICATOR_NAMES, state) ?? state;
}

/** HCP Terraform's name of a status, as its pages write it: Planned and finished. */
export function statusName(status: string): string {
  return lookUp(STATUS_NAMES, status) ?? status;
}

/** Whether nothing more will happen to a run. */
export function isFinal(status: string): boolean {
  return FINAL_STATUSES.includes(status);
}

/** How a run, or a fleet, stands, in a line: what a person is asked goes before its status. */
export function runWords({ canceling, question, stands, status }: RunStatus): string {
  const asked = lookUp(QUESTION_NAMES, question);
  if (asked !== undefined) {
    return capitalized(asked);
  }
  if (canceling && !isFinal(status)) {
    return 'Canceling';
  }
  return stands ? capitalized(stands) : statusName(status);
}

/** Whether a role can be assumed. */
export function hopName(state: string): string {
  return lookUp(HOP_NAMES, state) ?? state;
}

/** How far the apply of a change is. */
export function applyName(state: string): string {
  return lookUp(APPLY_NAMES, state) ?? state;
}

/** The sign that Terraform's plan has for an action; a blank where it has none. */
export function actionSign(action: string): string {
  return lookUp(ACTION_SIGNS, action) ?? ' ';
}

/** The action on a resource in Terraform's words. */
export function actionName(action: string): string {
  return lookUp(ACTION_NAMES, action) ?? action;
}

/** What the sign before an attribute or a line means; nothing where it has not changed. */
export function attributeWord(sign: string): string {
  return { '+': 'added', '-': 'removed', '~': 'changed' }[sign] ?? '';
}

/** What a generated table has under `name`; nothing that every object has, such as its constructor. */
export function lookUp(table: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** `words`, with a capital letter at the beginning. */
export function capitalized(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
