import { Text } from '@codemirror/state';
import { expect, test } from 'vitest';
import cases from '../../tests/fixtures/protocol_cases.json';
import { magicOf } from '../src/runs/magics';
import { magicLine, readMagic } from '../src/hcl/magic';

test.each(cases.cells)('$name: $text', ({ text, cell }) => {
  const doc = Text.of(text.split('\n'));
  const found = magicLine(doc);
  const magic = found && readMagic(doc.sliceString(found.from, found.to));
  expect(magic).toEqual(cell && { magic: cell.magic, options: cell.line, ofCell: true });
  if (found && cell) {
    expect(doc.sliceString(found.to + 1)).toBe(cell.body);
    expect(magicOf(text)).toBe(cell.magic);
  }
});

test('the line magic of a cell is known, and is no cell of ours', () => {
  expect(magicOf('\n  %tfapply -e x')).toBe('tfapply');
  expect(magicOf('x = 1\n%tfapply -e x')).toBe('');
  expect(magicOf('%tfruns')).toBe('');
});
