import { afterEach, expect, test, vi } from 'vitest';
import { drawOutput } from '../src/outputs/draw';
import { readOutput } from '../src/outputs/read';

const RUNS = {
  type: 'runs',
  title: 'Runs of "staging", newest first',
  folder: 'staging',
  heads: ['Run', 'Started (UTC)', 'Status'],
  status_column: 2,
  rows: [{ run: 'run-1', status: 'planned', cells: ['run-1', '2026-11-26 18:00, 3 min ago', 'Planned'] }],
  steps: [
    { text: 'To show a run', command: '%tfruns -e staging open run-1' },
    { text: 'The environment is locked.', command: '' }
  ]
};

afterEach(() => {
  vi.unstubAllGlobals();
});

function drawn(data: unknown, open: ((folder: string, run: string) => void) | null = null): HTMLElement {
  const content = readOutput(data);
  if (!content) {
    throw new Error('no content');
  }
  return drawOutput(content, open);
}

test('a run of the list is opened by its button', () => {
  const open = vi.fn();
  const node = drawn(RUNS, open);
  expect(node.querySelectorAll('th').length).toBe(3);
  expect(node.querySelectorAll('td svg').length).toBe(1); // beside the status
  node.querySelector<HTMLElement>("[aria-label='Open run-1']")?.click();
  expect(open.mock.calls).toEqual([['staging', 'run-1']]);
  expect(drawn(RUNS).querySelector('td button')).toBeNull(); // nothing can open it
});

test('a command and a document are copied as they are', async () => {
  const writeText = vi.fn(() => Promise.resolve());
  vi.stubGlobal('navigator', { clipboard: { writeText } });
  drawn(RUNS).querySelector<HTMLElement>("[aria-label^='Copy %tfruns']")?.click();
  const text = '{\n  "a": "<b>"\n}';
  const node = drawn({ type: 'documents', documents: [{ title: 'Trust policy', text }] });
  expect(node.querySelector('pre')?.textContent).toBe(text);
  const button = node.querySelector('button');
  button?.click();
  await vi.waitFor(() => expect(node.querySelector('[role=status]')?.textContent).toBe('Copied'));
  expect(writeText.mock.calls).toEqual([['%tfruns -e staging open run-1'], [text]]);
});

test('of what nobody trusts, only text is drawn', () => {
  const bad = '<img src=x onerror=alert(1)>';
  const node = drawn({ ...RUNS, title: bad, heads: [bad], rows: [{ cells: [bad], run: bad }], steps: [{ text: bad }] });
  expect(node.querySelector('img')).toBeNull();
  expect(node.textContent).toContain(bad);
  for (const data of [null, 'x', [], {}, { type: 'later' }, { type: ['runs'] }]) {
    expect(readOutput(data)).toBeNull();
  }
  expect(drawn({ type: 'runs', rows: [null, 3], steps: 'x' }).querySelector('tr')).toBeNull();
});
