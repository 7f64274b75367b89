// Draws a list of runs, and documents to copy, as the HTML beside them shows them, with buttons.

import { copyText } from '../dom/clipboard';
import { make, makeButton, withAttributes } from '../dom/elements';
import { makeIcon, statusIcon } from '../dom/icons';
import type { DocumentsOutput, OutputContent, RunsOutput } from '../protocol/generated';

const SHOWN = 2_000; // ms for which a button says that it has copied

/** Opens a run; null where nothing can. */
export type Open = ((folder: string, run: string) => void) | null;

export function drawOutput(content: OutputContent, open: Open): HTMLElement {
  return content.type === 'runs' ? drawRuns(content, open) : drawDocuments(content);
}

function drawRuns({ folder, heads, rows, status_column, steps, title }: RunsOutput, open: Open): HTMLElement {
  const node = make('div', 'tfmfa-output', make('p', '', make('strong', '', title)));
  if (rows.length > 0) {
    const names = heads.map(head => withAttributes(make('th', '', head), { scope: 'col' }));
    const body = rows.map(({ cells: [id = '', ...others], run, status }) => {
      const first = make('td', '', make('code', '', id));
      if (open) {
        const button = makeButton('Open', 'tfmfa-output-button', () => open(folder, run));
        first.append(' ', withAttributes(button, { 'aria-label': `Open ${run}` }));
      }
      const cells = others.map((cell, index) => drawCell(cell, index + 1 === status_column ? statusIcon(status) : ''));
      return make('tr', '', first, ...cells);
    });
    const table = make('table', '', make('thead', '', make('tr', '', ...names)), make('tbody', '', ...body));
    node.append(
      withAttributes(make('div', 'tfmfa-output-table', table), { tabindex: 0, role: 'region', 'aria-label': title })
    );
  }
  for (const { command, text } of steps) {
    const line = make('p', 'tfmfa-output-step', command ? `${text}: ` : text);
    if (command) {
      line.append(make('code', '', command), ' ', copyButton(command, `Copy ${command}`));
    }
    node.append(line);
  }
  return node;
}

function drawCell(text: string, icon: string): HTMLElement {
  return icon ? make('td', '', makeIcon(icon), ' ', text) : make('td', '', text);
}

function drawDocuments({ documents }: DocumentsOutput): HTMLElement {
  const parts = documents.map(({ text, title }) => {
    const head = make('div', 'tfmfa-output-head', make('strong', '', `${title}:`), copyButton(text, `Copy: ${title}`));
    const attributes = { tabindex: 0, role: 'region', 'aria-label': title };
    return make('div', 'tfmfa-output-document', head, withAttributes(make('pre', '', text), attributes));
  });
  return make('div', 'tfmfa-output', ...parts);
}

function copyButton(text: string, name: string): HTMLElement {
  const said = withAttributes(make('span', 'tfmfa-said'), { role: 'status' });
  const words = make('span', '', 'Copy');
  const button = makeButton('', 'tfmfa-output-button', () => {
    void copyText(text).then(done => {
      words.textContent = said.textContent = done ? 'Copied' : 'Not copied';
      setTimeout(() => {
        words.textContent = 'Copy';
        said.textContent = '';
      }, SHOWN);
    });
  });
  withAttributes(button, { 'aria-label': name }).append(makeIcon('copy'), words);
  return make('span', 'tfmfa-output-copy', button, said);
}
