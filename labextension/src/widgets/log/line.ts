// A line of the log: text, and pieces of text in the colors that Terraform gave them, with what a person searches for.

import { make } from '../../dom/elements';
import type { Lines } from '../../protocol/generated';

/** A line as one text, or as pieces, each with its classes. */
export type LogLine = Lines['lines'][number];

/** A part of a line's text to be marked, from one character to the one before another. */
export interface IHit {
  readonly from: number;
  readonly to: number;
  readonly isCurrent: boolean;
}

const COLORS = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'];
const STYLES = ['bold', 'dim', 'italic', 'underline', 'inverse', 'strike'];
const KNOWN: ReadonlySet<string> = new Set([...STYLES, ...COLORS.flatMap(color => [color, `bright-${color}`])]);

export function textOf(line: LogLine): string {
  return typeof line === 'string' ? line : line.map(([text]) => text).join('');
}

/** @param hits - In their order, none in another. */
export function fillLine(row: HTMLElement, line: LogLine, hits: readonly IHit[] = []): void {
  if (typeof line === 'string' && hits.length === 0) {
    row.textContent = line;
    return;
  }
  let at = 0;
  const pieces = typeof line === 'string' ? [[line, ''] as const] : line;
  row.replaceChildren(
    ...pieces.map(([text, classes]) => {
      const piece = make('span', ansiClasses(classes), ...marked(text, at, hits));
      at += text.length;
      return piece;
    })
  );
}

/** The style sheet's classes for a kernel's: those of ANSI's styles, and no others. */
export function ansiClasses(classes: string): string {
  const known = classes.split(' ').filter(name => KNOWN.has(name));
  return known.map(name => `tfmfa-${name}`).join(' ');
}

/** A piece of a line that begins at character `at`, with its part of the hits marked. */
function marked(text: string, at: number, hits: readonly IHit[]): readonly (Node | string)[] {
  const parts: (Node | string)[] = [];
  let done = 0;
  for (const { from, isCurrent, to } of hits) {
    const start = Math.max(done, from - at);
    const end = Math.min(text.length, to - at);
    if (start < end) {
      parts.push(text.slice(done, start));
      parts.push(make('mark', isCurrent ? 'tfmfa-hit tfmfa-hit-current' : 'tfmfa-hit', text.slice(start, end)));
      done = end;
    }
  }
  parts.push(text.slice(done));
  return parts.filter(part => part !== '');
}
