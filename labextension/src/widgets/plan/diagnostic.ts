// An error as Terraform explains it: what is wrong, the lines of the configuration, and the values in them.

import { make, withAttributes } from '../../dom/elements';
import { makeIcon } from '../../dom/icons';
import type { DiagnosticLine, DiagnosticRow } from '../../protocol/generated';

export function diagnosticBody({ detail, lines, summary, values, where }: DiagnosticRow): HTMLElement {
  const parts: HTMLElement[] = [
    make('div', 'tfmfa-diagnostic-summary', makeIcon('warning'), make('span', '', `Error: ${summary}`))
  ];
  if (where) {
    parts.push(make('div', 'tfmfa-diagnostic-where', where));
  }
  if (lines.length > 0) {
    parts.push(make('div', 'tfmfa-diagnostic-source', ...lines.map(line)));
  }
  if (values.length > 0) {
    parts.push(make('ul', 'tfmfa-diagnostic-values', ...values.map(value => make('li', '', value))));
  }
  if (detail) {
    parts.push(make('div', 'tfmfa-diagnostic-detail', detail));
  }
  return make('div', 'tfmfa-diagnostic-body', ...parts);
}

function line({ number, pieces }: DiagnosticLine): HTMLElement {
  const text = pieces.map(([piece, marked]) => (marked ? make('u', '', piece) : piece));
  const count = withAttributes(make('span', 'tfmfa-diagnostic-number', number ? String(number) : ''), {
    'aria-hidden': 'true'
  });
  return make('div', '', count, make('code', '', ...text));
}
