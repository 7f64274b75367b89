import type { NotebookPanel } from '@jupyterlab/notebook';
import type { JSONObject } from '@lumino/coreutils';
import { Signal } from '@lumino/signaling';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { EnvironmentRuns, FolderRuns, ListedFleet, RunRow, RunStatus } from '../src/protocol/generated';
import type { IRuns } from '../src/runs/runs';
import type { IState } from '../src/runs/state';
import { RunsData } from '../src/sidebar/data';
import type { Act } from '../src/sidebar/row';
import { actionsOf, labelOf } from '../src/sidebar/row';
import { rowsOf } from '../src/sidebar/rows';
import { RunsTree } from '../src/sidebar/tree';
import { ago } from '../src/text/when';

const NOW = 1_700_000_000;

function run(id: string, more: Partial<RunRow> = {}): RunRow {
  return {
    id: `run-20261126-120000-${id}`,
    status: 'planned',
    words: 'Planned',
    changes: '+1 ~0 -0',
    command: '',
    workspace: '',
    authenticated_by: 'alice',
    started_at: NOW - 180,
    time: '0:04',
    actions: ['open', 'discard'],
    ...more
  };
}

function environment(name: string, runs: readonly RunRow[] = [], more: Partial<EnvironmentRuns> = {}): EnvironmentRuns {
  return {
    name,
    option: `-e ${name}`,
    folder: name,
    level: 'applies only',
    lock_indicator: 'required',
    workspace: '',
    lock: '',
    holder: '',
    can_unlock: false,
    problems: [],
    runs,
    total: runs.length,
    ...more
  };
}

function folder(...environments: readonly EnvironmentRuns[]): FolderRuns {
  return { folder: 'notebooks', at: NOW, fleets: [], environments, more: 0 };
}

function status(more: Partial<RunStatus> = {}): RunStatus {
  const words = { phase: 'plan', status: 'pending', level: 'never', lock_indicator: 'required', card: 'c', stands: '' };
  return { id: run('aaaaaa').id, environment: 'staging', canceling: false, question: 'code', ...words, ...more };
}

/** Open notebooks, of which each has a kernel that answers when it is told to. */
class Notebooks {
  readonly changed = new Signal<IRuns, NotebookPanel | null>(this as unknown as IRuns);
  readonly asked: ((answer: JSONObject | null) => void)[] = [];
  readonly states = new Map<NotebookPanel, IState>();
  current: NotebookPanel | null = null;

  get notebooks(): readonly NotebookPanel[] {
    return [...this.states.keys()];
  }

  state(panel: NotebookPanel | null): IState | null {
    return (panel && this.states.get(panel)) ?? null;
  }

  ask(): Promise<JSONObject | null> {
    return new Promise(resolve => this.asked.push(resolve));
  }

  open(path: string, state: IState | null): NotebookPanel {
    const panel = { id: path, context: { path }, title: { label: path } } as unknown as NotebookPanel;
    if (state) {
      this.states.set(panel, state);
    }
    this.current = panel;
    return panel;
  }

  tell(panel: NotebookPanel | null = null): void {
    this.changed.emit(panel);
  }
}

const FREE: IState = { busy: false, run: null };

function answer(...environments: readonly EnvironmentRuns[]): JSONObject {
  return folder(...environments) as unknown as JSONObject;
}

let notebooks: Notebooks;
let data: RunsData;

beforeEach(() => {
  vi.useFakeTimers();
  notebooks = new Notebooks();
  data = new RunsData(notebooks as unknown as IRuns);
});

afterEach(() => {
  data.dispose();
  vi.useRealTimers();
  document.body.replaceChildren();
});

test('nothing is asked while nobody looks, and many events are one question', async () => {
  notebooks.open('a/one.ipynb', FREE);
  notebooks.tell();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(notebooks.asked.length).toBe(0);
  data.setShown(true);
  expect(notebooks.asked.length).toBe(1);
  for (let count = 0; count < 20; count++) {
    notebooks.tell();
  }
  await vi.advanceTimersByTimeAsync(1_000);
  expect(notebooks.asked.length).toBe(1); // it has not answered yet
  notebooks.asked[0]?.(answer(environment('staging')));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(notebooks.asked.length).toBe(2); // something has happened since it was asked
  notebooks.asked[1]?.(answer());
  await vi.advanceTimersByTimeAsync(60_000);
  expect(notebooks.asked.length).toBe(2);
});

test('a run of another kernel is looked at again while somebody looks, and only then', async () => {
  notebooks.open('one.ipynb', FREE);
  data.setShown(true);
  const goesOn = answer(environment('staging', [run('bbbbbb', { status: 'applying', actions: ['follow', 'cancel'] })]));
  notebooks.asked[0]?.(goesOn);
  await vi.advanceTimersByTimeAsync(15_000);
  expect(notebooks.asked.length).toBe(2);
  notebooks.asked[1]?.(goesOn);
  await vi.advanceTimersByTimeAsync(0);
  data.setShown(false);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(notebooks.asked.length).toBe(2);
});

test('a run that another program started is answered from here, and looked at until it is', async () => {
  notebooks.open('one.ipynb', FREE);
  data.setShown(true);
  const waits = run('bbbbbb', { status: 'planned', words: 'Waiting for a code', actions: ['answer', 'open'] });
  notebooks.asked[0]?.(answer(environment('staging', [waits])));
  await vi.advanceTimersByTimeAsync(15_000);
  expect(notebooks.asked.length).toBe(2);
  const rows = rowsOf({ folder: data.folder, waiting: [], live: () => null }, new Set());
  expect(rows.flatMap(actionsOf)).toEqual(['answer', 'open']);
});

test('a kernel that is late is said to be, and what it said before stays', async () => {
  notebooks.open('one.ipynb', FREE);
  data.setShown(true);
  notebooks.asked[0]?.(answer(environment('staging')));
  await vi.advanceTimersByTimeAsync(0);
  data.refresh();
  await vi.advanceTimersByTimeAsync(3_000);
  expect([data.isLate, data.folder?.at, data.folder?.environments.length]).toEqual([true, NOW, 1]);
  notebooks.asked[1]?.({ error: 'It broke.' });
  await vi.advanceTimersByTimeAsync(0);
  expect([data.isLate, data.problem, data.folder?.environments.length]).toEqual([false, 'It broke.', 1]);
});

test('another notebook is asked at once, also behind a kernel that does not answer', async () => {
  notebooks.open('a/one.ipynb', FREE);
  data.setShown(true);
  notebooks.open('b/two.ipynb', FREE);
  notebooks.tell();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(notebooks.asked.length).toBe(2);
  notebooks.asked[1]?.(answer(environment('of-two')));
  notebooks.asked[0]?.(answer(environment('of-one')));
  await vi.advanceTimersByTimeAsync(0);
  expect(data.folder?.environments.map(each => each.name)).toEqual(['of-two']);
});

test('without our extension, a notebook of the same folder tells, and else nobody', () => {
  const other = notebooks.open('a/loaded.ipynb', FREE);
  notebooks.open('a/bare.ipynb', null);
  data.setShown(true);
  expect(data.source).toBe(other);
  notebooks.open('b/bare.ipynb', null);
  data.refresh();
  expect([data.source, data.hasNotebook]).toEqual([null, true]);
});

test('what waits is known from every notebook, also while nobody looks', () => {
  const one = notebooks.open('a/one.ipynb', { busy: true, run: status() });
  notebooks.open('b/two.ipynb', { busy: true, run: status({ question: '', id: 'other' }) });
  expect(data.waiting.map(each => each.notebook)).toEqual([one]);
  expect(data.live(run('aaaaaa').id)?.notebook).toBe(one);
});

const SHOWN = {
  folder: folder(
    environment('prod', [run('cccccc')], { total: 12, lock: 'apply, run-x', holder: 'run-x' }),
    environment('staging', [
      run('aaaaaa'),
      run('bbbbbb', { status: '', words: 'record not valid', actions: ['discard'] })
    ])
  ),
  waiting: [{ run: status(), notebook: 'one.ipynb' }],
  live: (id: string) => (id === run('aaaaaa').id ? status() : null)
};

test('what waits comes first, and each row has its place', () => {
  const rows = rowsOf(SHOWN, new Set());
  expect(rows.map(({ kind, level, position, size }) => [kind, level, position, size])).toEqual([
    ['group', 1, 1, 3],
    ['waiting', 2, 1, 1],
    ['environment', 1, 2, 3],
    ['run', 2, 1, 2],
    ['note', 2, 2, 2],
    ['environment', 1, 3, 3],
    ['run', 2, 1, 2],
    ['run', 2, 2, 2]
  ]);
  expect(rows.map(row => labelOf(row, NOW))).toEqual([
    'Waiting for you: 1',
    'Waiting for a code, staging, one.ipynb',
    'prod, MFA: applies only, Locked by run x',
    'Planned, +1 ~0 -0, MFA by alice, 3 min ago',
    '11 older: %tfruns -e prod',
    'staging, MFA: applies only, Free',
    'Waiting for a code, +1 ~0 -0, MFA by alice, 3 min ago',
    'record not valid, +1 ~0 -0, MFA by alice, 3 min ago'
  ]);
  expect(rowsOf(SHOWN, new Set(['in prod', 'waiting'])).map(row => row.kind)).toEqual([
    ...['group', 'environment', 'environment', 'run', 'run']
  ]);
});

test('a fleet is one entry, which opens to the runs of its environments', () => {
  const fleet: ListedFleet = {
    id: 'fleet-20261126-120000-dddddd',
    started_at: NOW - 180,
    status: 'applying',
    environments: '2 environments',
    stands: '1 applying, 1 planned',
    runs: [
      { name: 'a', folder: 'a', run: 'run-a', status: 'applying', words: 'Applying' },
      { name: 'b', folder: 'b', run: 'run-b', status: 'planned', words: 'Planned' }
    ],
    more: 3,
    actions: ['open', 'cancel', 'discard']
  };
  const shown = { ...SHOWN, folder: { ...folder(), fleets: [fleet] }, waiting: [] };
  const closed = rowsOf(shown, new Set());
  expect(closed.map(row => [labelOf(row, NOW), row.isOpen])).toEqual([
    ['Fleet of 2 environments, 1 applying, 1 planned, 3 min ago', false]
  ]);
  expect(closed.flatMap(actionsOf)).toEqual(['open', 'cancel']);
  const open = rowsOf(shown, new Set([`of ${fleet.id}`]));
  expect(open.map(row => labelOf(row, NOW)).slice(1)).toEqual(['a, Applying', 'b, Planned', '3 more environments']);
  const asking = { ...shown, live: () => status({ id: fleet.id, stands: '2 pending' }) };
  const [row] = rowsOf(asking, new Set());
  expect(row && labelOf(row, NOW)).toBe('Fleet of 2 environments, Waiting for a code, 3 min ago');
  expect(row && actionsOf(row)).toEqual(['open']);
});

function tree(): { act: ReturnType<typeof vi.fn<Act>>; press: (key: string) => void; drawn: RunsTree } {
  const act = vi.fn<Act>();
  const closed = new Set<string>();
  const drawn = new RunsTree(act, key => {
    if (!closed.delete(key)) {
      closed.add(key);
    }
    drawn.draw(rowsOf(SHOWN, closed), NOW);
  });
  document.body.append(drawn.node);
  drawn.draw(rowsOf(SHOWN, closed), NOW);
  const press = (key: string) =>
    document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
  drawn.node.querySelector<HTMLElement>('[tabindex="0"]')?.focus();
  return { act, press, drawn };
}

function focused(): string {
  return document.activeElement?.getAttribute('aria-label') ?? '';
}

test("the tree's keys are those of the pattern", () => {
  const { act, press } = tree();
  expect(focused()).toBe('Waiting for you: 1');
  press('End');
  expect(focused()).toMatch(/^record not valid/);
  press('Enter'); // it cannot be opened, and is not discarded by a key
  expect(act).not.toHaveBeenCalled();
  press('ArrowLeft');
  expect(focused()).toMatch(/^staging/);
  press('ArrowLeft');
  expect(document.activeElement?.getAttribute('aria-expanded')).toBe('false');
  press('ArrowDown');
  expect(focused()).toMatch(/^staging/); // it is the last row now
  press('ArrowRight');
  press('ArrowRight');
  expect(focused()).toMatch(/^Waiting for a code, \+1/);
  press('p');
  expect(focused()).toMatch(/^prod/);
  press('ArrowDown');
  press('Enter');
  expect(act.mock.calls.map(([action, row]) => [action, row.key])).toEqual([['open', `in prod ${run('cccccc').id}`]]);
});

test('the focus stays on a row and on its button while the rows are drawn anew', () => {
  const { drawn } = tree();
  const button = drawn.node.querySelector<HTMLElement>("[data-action='open']");
  button?.focus();
  const changed = {
    ...SHOWN,
    folder: folder(environment('new'), environment('prod', [run('cccccc', { time: '9:99' })]))
  };
  drawn.draw(rowsOf(changed, new Set()), NOW + 600);
  expect(focused()).toBe(`Open ${run('cccccc').id}`);
  expect(drawn.node.querySelectorAll('[tabindex="0"][role=treeitem]').length).toBe(1);
  drawn.draw(rowsOf({ ...SHOWN, folder: folder(environment('new')) }, new Set()), NOW);
  expect(document.activeElement?.getAttribute('role')).toBe('treeitem');
});

test('text of others is text', () => {
  const { drawn } = tree();
  const bad = environment('<img src=x onerror=alert(1)>', [run('dddddd', { words: '<b>x</b>' })]);
  drawn.draw(rowsOf({ ...SHOWN, folder: folder(bad) }, new Set()), NOW);
  expect(drawn.node.querySelector('img, b')).toBeNull();
  expect(drawn.node.textContent).toContain('<b>x</b>');
});

test('ages are short', () => {
  expect([0, -5, 59, 60, 7_199, 100_000_000].map(passed => ago(NOW - passed, NOW))).toEqual([
    ...['just now', 'just now', 'just now', '1 min ago', '1 h ago', '1,157 d ago']
  ]);
});
