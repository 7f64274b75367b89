import { expect, test } from 'vitest';
import { ansiClasses, fillLine } from '../src/widgets/log/line';

test('a line is drawn as text, and in pieces with the classes of its colors', () => {
  const row = document.createElement('div');
  fillLine(row, 'plain <b>');
  expect(row.innerHTML).toBe('plain &lt;b&gt;');
  fillLine(row, [
    ['+', 'bold bright-green'],
    [' create <i>', '']
  ]);
  expect(row.textContent).toBe('+ create <i>');
  expect([...row.children].map(({ className }) => className)).toEqual(['tfmfa-bold tfmfa-bright-green', '']);
  fillLine(row, []);
  expect(row.textContent).toBe('');
});

test.each(['jp-Cell', 'tfmfa-bold', 'expanded', 'bright-', 'bright-bold', 'button primary', 'constructor', '"><img'])(
  'no class but those of ANSI styles reaches the page: %s',
  classes => {
    expect(ansiClasses(classes)).toBe('');
    expect(ansiClasses(`red ${classes}  underline`)).toBe('tfmfa-red tfmfa-underline');
  }
);

test('what is found is marked across pieces, without a letter changed', () => {
  const row = document.createElement('div');
  const hits = [
    { from: 0, to: 3, isCurrent: false },
    { from: 5, to: 9, isCurrent: true }
  ];
  fillLine(
    row,
    [
      ['plan', 'bold'],
      [': <two>', '']
    ],
    hits
  );
  expect(row.textContent).toBe('plan: <two>');
  expect([...row.querySelectorAll('mark')].map(mark => [mark.textContent, mark.className])).toEqual([
    ['pla', 'tfmfa-hit'],
    [' <tw', 'tfmfa-hit tfmfa-hit-current']
  ]);
  fillLine(row, 'abc', [{ from: 1, to: 2, isCurrent: false }]);
  expect(row.innerHTML).toBe('<span>a<mark class="tfmfa-hit">b</mark>c</span>');
  fillLine(
    row,
    [
      ['ab', 'red'],
      ['cd', '']
    ],
    [{ from: 1, to: 3, isCurrent: false }]
  );
  expect([...row.querySelectorAll('mark')].map(mark => mark.textContent)).toEqual(['b', 'c']);
});
