import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { FindRequest, Found, LinesRequest, TextRequest } from '../src/protocol/generated';
import { Log } from '../src/widgets/log/log';

const HEIGHT = 288;
type Request = FindRequest | LinesRequest | TextRequest;
let said: Request[];
let asked: [number, number][];
let log: Log;

// The page has no layout here: the pane is as high as its style says, and its content as its lines are.
beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  said = [];
  log = new Log(request => {
    said.push(request);
    if (request.type === 'lines') {
      asked.push([request.start, request.stop]);
    }
  });
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
const come = (start: number, texts: readonly string[], more: object = {}) =>
  log.receive({
    type: 'lines',
    start,
    lines: texts,
    brief: false,
    columns: 0,
    rows: 0,
    numbers: [],
    hidden: 0,
    ...more
  });
const button = (name: string) =>
  [...log.node.querySelectorAll('button')].find(each => each.textContent === name) as HTMLButtonElement;
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
  expect(asked).toEqual([[972, 1000]]);
  expect(log.node.querySelector('.tfmfa-log-size')?.textContent).toBe('1,000 lines');
  come(852, lines(852, 1000));
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
  come(852, lines(852, 1000));
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
  come(852, lines(852, 1000));
  scroll(0);
  log.update(0, 3, '');
  vi.advanceTimersByTime(1100); // the answer to the last question may still come
  expect(jump().hidden).toBe(true);
  expect(log.node.textContent).not.toContain('line 999');
  expect(asked.at(-1)).toEqual([0, 3]);
});

test('it can be expanded and collapsed', () => {
  const expand = button('Expand');
  expect(expand.getAttribute('aria-pressed')).toBe('false');
  expand.click();
  expect([expand.textContent, expand.getAttribute('aria-pressed')]).toEqual(['Collapse', 'true']);
  expect(log.node.classList.contains('tfmfa-expanded')).toBe(true);
});

test('a log without a line is not shown', () => {
  log.update(5, 5, '');
  expect(log.node.hidden).toBe(true);
  log.update(5, 6, '');
  expect(log.node.hidden).toBe(false);
  expect(log.node.querySelector('.tfmfa-log-size')?.textContent).toBe('1 line');
});

const field = () => log.node.querySelector('input') as HTMLInputElement;
const hits = () => log.node.querySelector('.tfmfa-log-hits')?.textContent;
const marks = () => [...log.node.querySelectorAll('mark')].map(mark => mark.textContent);
const current = () => log.node.querySelector('.tfmfa-hit-current')?.textContent;
const finds = () => said.filter(request => request.type === 'find');

function search(text: string): void {
  field().value = text;
  field().dispatchEvent(new Event('input'));
}

const NOTHING: Omit<Found, 'number'> = {
  type: 'found',
  total: 0,
  position: -1,
  row: -1,
  nth: -1,
  marks: [],
  problem: ''
};

function found(answer: Partial<Found>): void {
  const number = finds().at(-1)?.number ?? 0;
  log.receive({ ...NOTHING, number, ...answer });
  frame();
}

function press(target: HTMLElement, key: string, more: KeyboardEventInit = {}): KeyboardEvent {
  const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more });
  target.dispatchEvent(event);
  return event;
}

test('a search shows the hit that the kernel names, marks all in view, and goes on from it', () => {
  log.update(0, 1000, '');
  frame();
  search('Line 40');
  expect(finds().at(-1)).toMatchObject({ kind: 'text', text: 'Line 40', position: -1, row: 984 });
  search('line 40');
  found({ total: 11, position: 1, row: 400, nth: 0 });
  come(388, lines(388, 428));
  frame();
  expect(hits()).toBe('2 of 11');
  expect(log.node.querySelector('[role=search] [role=status]')?.textContent).toBe('2 of 11');
  expect(marks()).toEqual(Array.from({ length: 10 }, () => 'line 40'));
  expect(current()).toBe('line 40');
  expect(pane().scrollTop).toBe(400 * 18 - (HEIGHT - 18) / 2);
  press(field(), 'Enter');
  expect(finds().at(-1)?.position).toBe(2);
  press(pane(), 'F3', { shiftKey: true });
  expect(finds().at(-1)?.position).toBe(0);
});

test('an answer to an earlier search is not shown, and nothing found is said', () => {
  log.update(0, 10, '');
  search('one');
  const earlier = finds().at(-1)?.number ?? 0;
  search('two');
  log.receive({ ...NOTHING, number: earlier, total: 3, position: 0, row: 0, nth: 0 });
  expect(hits()).toBe('');
  found({});
  expect(hits()).toBe('No hits');
  expect(button('↓').disabled).toBe(true);
});

test('a search that is not answered is asked again, and only that one', () => {
  log.update(0, 10, '');
  search('one');
  search('two');
  const { number } = finds().at(-1) ?? { number: -1 };
  vi.advanceTimersByTime(6100); // after 2 and 4 more seconds
  const asks = finds().map(({ number: each, text }) => [each, text]);
  expect(asks.slice(1)).toEqual(Array.from({ length: 3 }, () => [number, 'two']));
  found({ total: 3, position: 0, row: 0, nth: 0 });
  expect(hits()).toBe('1 of 3');
  vi.advanceTimersByTime(10_000);
  expect(finds()).toHaveLength(4);
  search('three');
  press(field(), 'Escape');
  vi.advanceTimersByTime(10_000);
  expect(finds()).toHaveLength(5);
});

test('a log that grows takes no search away that is not answered yet', () => {
  log.update(0, 10, '');
  search('two');
  const before = finds().at(-1)?.number;
  log.update(0, 20, '');
  vi.advanceTimersByTime(1500);
  expect(finds().at(-1)?.number).toBe(before);
  found({ total: 3, position: 0, row: 0, nth: 0 });
  vi.advanceTimersByTime(1500);
  expect(finds().at(-1)?.number).not.toBe(before); // now it is counted again
});

test('Escape ends a search, / and Ctrl+F begin one', () => {
  log.update(0, 10, '');
  frame();
  come(0, lines(0, 10));
  search('line');
  found({ total: 10, position: 0, row: 0, nth: 0 });
  expect(marks()).toHaveLength(10);
  press(field(), 'Escape');
  expect([field().value, marks(), document.activeElement]).toEqual(['', [], pane()]);
  expect(press(pane(), '/').defaultPrevented).toBe(true);
  expect(document.activeElement).toBe(field());
  pane().focus();
  expect(press(pane(), 'f', { ctrlKey: true }).defaultPrevented).toBe(true);
  expect(document.activeElement).toBe(field());
  expect(press(pane(), 'F3').defaultPrevented).toBe(false);
});

test('a log that grows is counted again, without moving the view', () => {
  log.update(0, 1000, '');
  frame();
  search('line');
  found({ total: 1000, position: 0, row: 0, nth: 0 });
  scroll(5000);
  log.update(0, 1100, '');
  log.update(0, 1200, '');
  vi.advanceTimersByTime(1100);
  expect(finds()).toHaveLength(2);
  found({ total: 1200, position: 0, row: 0, nth: 0 });
  expect(hits()).toBe('1 of 1,200');
  expect(pane().scrollTop).toBe(5000);
});

test('the first error is gone to, its whole line marked; a log without one says so', () => {
  log.update(0, 10, '');
  frame();
  come(0, ['a', '│ Error: no', ...lines(2, 10)]);
  button('First error').click();
  expect(finds().at(-1)).toMatchObject({ kind: 'error', position: 0 });
  found({ total: 2, position: 0, row: 1, nth: 0 });
  expect([hits(), current()]).toEqual(['Error 1 of 2', '│ Error: no']);
  button('First error').click();
  found({});
  expect(hits()).toBe('No errors');
});

test('a pattern is left to the kernel, whose marks are drawn', () => {
  log.update(0, 10, '');
  frame();
  come(0, ['one two', 'three four', ...lines(2, 10)]);
  search('(o|r)+');
  button('.*').click();
  expect(finds().at(-1)).toMatchObject({ kind: 'pattern', text: '(o|r)+', position: -1 });
  const marked = [
    { row: 0, start: 6, stop: 7, current: true },
    { row: 1, start: 1, stop: 3, current: false },
    { row: 0, start: 0, stop: 1, current: false }
  ];
  found({ total: 7, position: 1, row: 0, nth: 1, marks: marked });
  expect([hits(), marks(), current()]).toEqual(['2 of 7', ['o', 'o', 'hr'], 'o']);
  expect(button('.*').getAttribute('aria-pressed')).toBe('true');
  button('.*').click();
  expect(finds().at(-1)).toMatchObject({ kind: 'text', text: '(o|r)+' });
  expect(marks()).toEqual([]);
});

test('a wrong pattern says what is wrong, until it is another', () => {
  log.update(0, 10, '');
  button('.*').click();
  search('(');
  const problem = 'Not a regular expression: missing ): (';
  const shown = (): HTMLElement => log.node.querySelector<HTMLElement>('.tfmfa-log-problem') as HTMLElement;
  expect(shown().hidden).toBe(true);
  found({ problem });
  expect([shown().textContent, shown().hidden, hits()]).toEqual([problem, false, '']);
  expect(log.node.querySelector('[role=search] [role=status]')?.textContent).toBe(problem);
  expect(field().getAttribute('aria-invalid')).toBe('true');
  search('()');
  found({});
  expect([shown().hidden, hits(), field().getAttribute('aria-invalid')]).toEqual([true, 'No hits', 'false']);
  search('(');
  found({ problem });
  search('');
  expect([shown().hidden, field().getAttribute('aria-invalid')]).toEqual([true, 'false']);
});

test('another view keeps the line at the top, and is shown once the kernel has said how many rows it has', () => {
  log.update(100, 1100, '');
  frame();
  come(952, lines(952, 1100));
  scroll(500 * 18);
  button('Hide progress').click();
  expect(said.at(-1)).toMatchObject({ type: 'lines', line: 600, brief: true, columns: 0 });
  expect(pane().scrollTop).toBe(500 * 18);
  vi.advanceTimersByTime(1100); // it may be lost
  expect(said.filter(each => each.type === 'lines' && each.line === 600)).toHaveLength(2);
  const numbers = Array.from({ length: 300 }, (_, index) => 301 + index * 2);
  come(100, lines(0, 300), { brief: true, rows: 500, numbers, hidden: 500 });
  frame();
  expect(pane().scrollTop).toBe(250 * 18);
  expect(log.node.querySelector('.tfmfa-log-size')?.textContent).toBe('1,000 lines, 500 hidden');
  button('Hide progress').click();
  frame();
  expect(pane().scrollTop).toBe(501 * 18);
  expect(log.node.querySelector('.tfmfa-log-size')?.textContent).toBe('1,000 lines');
});

test('in another view, new lines are asked for, and the end is followed', () => {
  log.update(0, 100, '');
  frame();
  come(0, lines(0, 100));
  button('Wrap').click();
  expect(said.at(-1)).toMatchObject({ type: 'lines', line: 99, brief: false, columns: 80 });
  const rows = (first: number, last: number, total: number) =>
    come(first, lines(first, last), {
      columns: 80,
      rows: total,
      numbers: Array.from({ length: last - first }, (_, index) => Math.floor((first + index) / 2))
    });
  rows(0, 200, 200);
  frame();
  expect(pane().scrollTop).toBe(200 * 18 - HEIGHT);
  log.update(0, 150, '');
  frame();
  expect(said.at(-1)).toMatchObject({ type: 'lines', start: 200, columns: 80 });
  rows(200, 300, 300);
  frame();
  expect(pane().scrollTop).toBe(300 * 18 - HEIGHT);
  const before = said.length;
  log.update(0, 150, '');
  vi.advanceTimersByTime(3000);
  expect(said).toHaveLength(before);
  log.receive({ type: 'lines', start: 0, lines: [], brief: true, columns: 7, rows: 3, numbers: [], hidden: 0 });
  frame();
  expect(pane().scrollTop).toBe(300 * 18 - HEIGHT); // another page looks otherwise
});

test('a row in which a selection begins stays, out of view, until it ends', () => {
  log.update(0, 1000, '');
  frame();
  scroll(0);
  come(0, lines(0, 200));
  frame();
  const [first, second] = rows();
  document.getSelection()?.setBaseAndExtent(first?.firstChild as Node, 2, second?.firstChild as Node, 3);
  scroll(100 * 18);
  expect(rows()[0]).toBe(first);
  expect(first?.classList.contains('tfmfa-held')).toBe(true);
  document.getSelection()?.removeAllRanges();
  scroll(101 * 18);
  expect(rows()).not.toContain(first);
  expect(rows().map(row => row.textContent)).toEqual(lines(89, 129));
});

async function bring(text: string): Promise<TextRequest> {
  const request = said.at(-1) as TextRequest;
  const packed = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'));
  const bytes = new Uint8Array(await new Response(packed).arrayBuffer());
  const data = btoa(String.fromCharCode(...bytes));
  log.receive({ type: 'text', number: request.number, data, row: 0, skip: 0, done: true });
  await vi.waitFor(() => expect(log.node.querySelector('.tfmfa-log-said')?.textContent).not.toBe(''));
  return request;
}

test('all of the log is copied from the kernel, by the button and by the keys', async () => {
  vi.useRealTimers();
  const copied = vi.spyOn(navigator.clipboard, 'writeText').mockResolvedValue();
  log.update(10, 1010, '');
  button('Copy').click();
  expect(button('Download').disabled).toBe(true);
  expect(await bring('one\ntwo\n')).toMatchObject({ start: 10, skip: 0, stop: -1, brief: false, columns: 0 });
  expect(copied).toHaveBeenLastCalledWith('one\ntwo\n');
  expect(log.node.querySelector('.tfmfa-log-said')?.textContent).toBe('Copied 2 lines');
  expect(button('Download').disabled).toBe(false);
  expect(press(pane(), 'a', { ctrlKey: true }).defaultPrevented).toBe(true);
  expect(press(pane(), 'c', { ctrlKey: true }).defaultPrevented).toBe(true);
  await bring('all\n');
  await vi.waitFor(() => expect(copied).toHaveBeenLastCalledWith('all\n'));
  press(pane(), 'Escape');
  expect(press(pane(), 'c', { ctrlKey: true }).defaultPrevented).toBe(false);
});

test('a selection over rows that are not drawn is copied from where it begins to where it ends', async () => {
  const copied = vi.spyOn(navigator.clipboard, 'writeText').mockResolvedValue();
  log.update(0, 1000, '');
  frame();
  scroll(0);
  come(0, ['ab😀cd', ...lines(1, 200)]);
  frame();
  const start = rows()[0]?.firstChild as Node;
  document.getSelection()?.setBaseAndExtent(start, 4, rows()[1]?.firstChild as Node, 3);
  scroll(100 * 18);
  const end = rows().find(row => row.textContent === 'line 105')?.firstChild as Node;
  document.getSelection()?.setBaseAndExtent(start, 4, end, 6);
  vi.useRealTimers();
  const event = new Event('copy', { bubbles: true, cancelable: true });
  pane().dispatchEvent(event);
  expect(event.defaultPrevented).toBe(true);
  expect(await bring('cd\nline 1\n')).toMatchObject({ start: 0, skip: 3, stop: 105 });
  expect(copied).toHaveBeenLastCalledWith('cd\nline 1\nline 1');
});
