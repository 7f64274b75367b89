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
