import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Log } from '../src/widgets/log/log';

const HEIGHT = 288;
let asked: [number, number][];
let log: Log;

// The page has no layout here: the pane is as high as its style says, and its content as its lines are.
beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  log = new Log((start, stop) => asked.push([start, stop]));
  document.body.replaceChildren(log.node);
  const space = log.node.querySelector('.tfmfa-log-space') as HTMLElement;
  Object.defineProperties(pane(), {
    clientHeight: { value: HEIGHT },
    scrollHeight: { get: () => Math.max(HEIGHT, parseFloat(space.style.height)) }
  });
});

afterEach(() => {
  log.dispose();
  vi.useRealTimers();
});

const pane = () => log.node.querySelector('.tfmfa-log-pane') as HTMLElement;
const rows = () => [...log.node.querySelectorAll('.tfmfa-log-row')];
const jump = () => log.node.querySelector('.tfmfa-jump') as HTMLButtonElement;
const lines = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => `line ${from + index}`);
const frame = () => vi.advanceTimersByTime(20);

function scroll(top: number): void {
  pane().scrollTop = top;
  pane().dispatchEvent(new Event('scroll'));
  frame();
}

test('it follows the end, and asks for the lines in view and some before them', () => {
  log.update(0, 1000, 'run.log');
  frame();
  expect(pane().scrollTop).toBe(1000 * 18 - HEIGHT);
  expect(asked).toEqual([[852, 1000]]);
  expect(log.node.querySelector('.tfmfa-log-size')?.textContent).toBe('1,000 lines');
  log.receive(852, lines(852, 1000));
  frame();
  expect(rows().at(-1)?.textContent).toBe('line 999');
  expect(rows()).toHaveLength(28);
  log.update(0, 1100, 'run.log');
  frame();
  expect(pane().scrollTop).toBe(1100 * 18 - HEIGHT);
});

test('it asks again for lines that did not come, one question at a time', () => {
  log.update(0, 1000, '');
  frame();
  log.update(0, 1001, '');
  frame();
  expect(asked).toHaveLength(1);
  vi.advanceTimersByTime(1100);
  expect(asked).toHaveLength(2);
});

test('rows that stay in view are the same elements, so that a selection in them survives', () => {
  log.update(0, 1000, '');
  frame();
  log.receive(852, lines(852, 1000));
  const kept = rows().at(-1);
  log.update(0, 1003, '');
  frame();
  expect(rows()).toContain(kept);
});

test('whoever scrolls back is left there, and is told how many lines have come', () => {
  log.update(0, 1000, '');
  frame();
  scroll(pane().scrollTop - 1);
  expect(jump().hidden).toBe(false);
  const place = pane().scrollTop;
  log.update(0, 1500, '');
  frame();
  expect(pane().scrollTop).toBe(place);
  expect(jump().textContent).toBe('Jump to end (500 new)');
  jump().click();
  expect(pane().scrollTop).toBe(1500 * 18 - HEIGHT);
  expect(jump().hidden).toBe(true);
});

test('a log that has begun anew is followed, without the lines of the one before', () => {
  log.update(0, 1000, '');
  frame();
  log.receive(852, lines(852, 1000));
  scroll(0);
  log.update(0, 3, '');
  vi.advanceTimersByTime(1100); // the answer to the last question may still come
  expect(jump().hidden).toBe(true);
  expect(log.node.textContent).not.toContain('line 999');
  expect(asked.at(-1)).toEqual([0, 3]);
});

test('it can be expanded and collapsed', () => {
  const button = log.node.querySelector('.tfmfa-plain') as HTMLButtonElement;
  expect([button.textContent, button.getAttribute('aria-pressed')]).toEqual(['Expand', 'false']);
  button.click();
  expect([button.textContent, button.getAttribute('aria-pressed')]).toEqual(['Collapse', 'true']);
  expect(log.node.classList.contains('tfmfa-expanded')).toBe(true);
});

test('a log without a line is not shown', () => {
  log.update(5, 5, '');
  expect(log.node.hidden).toBe(true);
  log.update(5, 6, '');
  expect(log.node.hidden).toBe(false);
  expect(log.node.querySelector('.tfmfa-log-size')?.textContent).toBe('1 line');
});
