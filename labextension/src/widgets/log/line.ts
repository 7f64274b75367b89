// A line of the log: text, and pieces of text in the colors that Terraform gave them.

import { make } from '../../dom/elements';
import type { Lines } from '../../protocol/generated';

/** A line as one text, or as pieces, each with its classes. */
export type LogLine = Lines['lines'][number];

const COLORS = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'];
const STYLES = ['bold', 'dim', 'italic', 'underline', 'inverse', 'strike'];
const KNOWN: ReadonlySet<string> = new Set([...STYLES, ...COLORS.flatMap(color => [color, `bright-${color}`])]);

export function fillLine(row: HTMLElement, line: LogLine): void {
  if (typeof line === 'string') {
    row.textContent = line;
  } else {
    row.replaceChildren(...line.map(([text, classes]) => make('span', ansiClasses(classes), text)));
  }
}

/** The style sheet's classes for a kernel's: those of ANSI's styles, and no others. */
export function ansiClasses(classes: string): string {
  const known = classes.split(' ').filter(name => KNOWN.has(name));
  return known.map(name => `tfmfa-${name}`).join(' ');
}
