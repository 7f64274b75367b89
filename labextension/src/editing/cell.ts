// Whether a text is a cell of ours, and what an answer of the kernel's says.

import type { JSONObject, PartialJSONValue } from '@lumino/coreutils';
import { Text } from '@codemirror/state';
import type { ILines } from '../hcl/magic';
import { magicLine } from '../hcl/magic';

export function isOurs(source: ILines | string): boolean {
  return magicLine(typeof source === 'string' ? Text.of(source.split('\n')) : source) !== null;
}

/** The texts of an answer, of which nothing is taken on trust. */
export function text(answer: JSONObject | null, name: string): string {
  const found = answer?.[name];
  return typeof found === 'string' ? found : '';
}

/** A position in a text of `length`. */
export function position(answer: JSONObject | null, name: string, length: number): number {
  const found = answer?.[name];
  return typeof found === 'number' ? Math.min(Math.max(Math.trunc(found), 0), length) : 0;
}

export function list(answer: JSONObject | null, name: string): JSONObject[] {
  const found: PartialJSONValue | undefined = answer?.[name];
  const isObject = (each: PartialJSONValue) => typeof each === 'object' && each !== null && !Array.isArray(each);
  return Array.isArray(found) ? (found.filter(isObject) as JSONObject[]) : [];
}
