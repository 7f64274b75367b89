// Which cells are ours: those whose first line that is not blank is %%tfplan or %%tfapply, perhaps with an indent.
// tfmfa_nb/editing/cell.py has the same rule; tests/fixtures/protocol_cases.json holds both to it.

import { CELL_MAGICS } from '../protocol/generated';

// A byte order mark is white space to JavaScript only.
const BLANK = /^[^\S\ufeff]*$/;
// The line may end as Windows ends it.
const MAGIC = new RegExp(`^[ \\t]*(%%?)(${CELL_MAGICS.join('|')})(?=[ \\t\\r]|$)(.*)`);

/** Where a cell's magic line lies, `to` being its end. */
export interface IMagicLine {
  readonly from: number;
  readonly to: number;
}

/** A magic, and what stands behind it. */
export interface IMagic {
  readonly magic: string;
  readonly options: string;
  /** Whether HCL may stand below it: %%tfplan, not %tfplan. */
  readonly ofCell: boolean;
}

/** What is read line by line: an editor's text, or a string. */
export interface ILines {
  readonly length: number;
  lineAt(position: number): { from: number; to: number; text: string };
}

/** The magic line of a cell of ours; null for every other cell. */
export function magicLine(lines: ILines): IMagicLine | null {
  let line = lines.lineAt(0);
  while (BLANK.test(line.text) && line.to < lines.length) {
    line = lines.lineAt(line.to + 1);
  }
  return readMagic(line.text)?.ofCell ? { from: line.from, to: line.to } : null;
}

/** The magic of ours that a line begins with, of the line or of the cell; null for every other line. */
export function readMagic(line: string): IMagic | null {
  const found = MAGIC.exec(line);
  return found && { magic: found[2] ?? '', options: (found[3] ?? '').trim(), ofCell: found[1] === '%%' };
}
