// Whether a text is a cell of ours.

import { Text } from '@codemirror/state';
import type { ILines } from '../hcl/magic';
import { magicLine } from '../hcl/magic';

export function isOurs(source: ILines | string): boolean {
  return magicLine(typeof source === 'string' ? Text.of(source.split('\n')) : source) !== null;
}
