// Reading what the kernel says, of which nothing is taken on trust.

import type { JSONObject, PartialJSONValue } from '@lumino/coreutils';

/** What is sent as an object. */
export function fields(value: unknown): JSONObject {
  return isObject(value) ? value : {};
}

export function text(message: JSONObject | null, name: string): string {
  const found = message?.[name];
  return typeof found === 'string' ? found : '';
}

/** A number; 0 where there is none. */
export function numeral(message: JSONObject | null, name: string): number {
  const found = message?.[name];
  return typeof found === 'number' && Number.isFinite(found) ? found : 0;
}

/** The texts of a list. */
export function texts(message: JSONObject | null, name: string): string[] {
  const found: PartialJSONValue | undefined = message?.[name];
  return Array.isArray(found) ? found.filter(each => typeof each === 'string') : [];
}

/** A position in a text of `length`. */
export function position(message: JSONObject | null, name: string, length: number): number {
  const found = message?.[name];
  return typeof found === 'number' ? Math.min(Math.max(Math.trunc(found), 0), length) : 0;
}

export function list(message: JSONObject | null, name: string): JSONObject[] {
  const found: PartialJSONValue | undefined = message?.[name];
  return Array.isArray(found) ? found.filter(isObject) : [];
}

function isObject(value: unknown): value is JSONObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
