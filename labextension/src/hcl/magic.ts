// Which cells are ours: those whose first line that is not blank is %%tfplan or %%tfapply, as IPython reads them.

const MAGIC = /^%%(tfplan|tfapply)(?!\S)/;
const BLANK = /^\s*$/;

/** Where a cell's magic line lies, `to` being its end. */
export interface IMagicLine {
  readonly from: number;
  readonly to: number;
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
  return MAGIC.test(line.text) ? { from: line.from, to: line.to } : null;
}
