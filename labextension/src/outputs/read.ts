// What a cell shows that is drawn with buttons; it may come from a notebook that nobody trusts.

import type { ErrorDocument, OutputContent } from '../protocol/generated';
import { fields, list, numeral, text, texts } from '../runs/untrusted';

/** The content of an output; null where it is none that is known. */
export function readOutput(data: unknown): OutputContent | null {
  const content = fields(data);
  switch (content['type']) {
    case 'runs':
      return {
        type: 'runs',
        title: text(content, 'title'),
        folder: text(content, 'folder'),
        heads: texts(content, 'heads'),
        status_column: numeral(content, 'status_column'),
        rows: list(content, 'rows').map(row => ({
          run: text(row, 'run'),
          status: text(row, 'status'),
          cells: texts(row, 'cells')
        })),
        steps: list(content, 'steps').map(step => ({ text: text(step, 'text'), command: text(step, 'command') }))
      };
    case 'documents':
      return {
        type: 'documents',
        documents: list(content, 'documents').map((each): ErrorDocument => ({
          title: text(each, 'title'),
          text: text(each, 'text')
        }))
      };
    default:
      return null;
  }
}
