import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { FleetRequest, FleetRow, FleetState } from '../src/protocol/generated';
import { PROTOCOL } from '../src/protocol/generated';
import type { CodeAnswer } from '../src/widgets/channel';
import { FleetCard } from '../src/widgets/fleet/card';
import type { IRunPlace } from '../src/widgets/fleet/open';
import { onOpenRun } from '../src/widgets/fleet/open';
import { FakeKernel } from './channel';

const BEFORE = { status: '', words: '', started_at: 0, ended_at: 0, error: '' };
const PLANNED = { ...BEFORE, status: 'planned', words: 'Planned', started_at: 100, ended_at: 105 };

function row(name: string, more: Partial<FleetRow> = {}): FleetRow {
  return {
    name,
    run: `run-${name}`,
    folder: name,
    changes: '+1 ~0 -0',
    numbers: { create: 1 },
    changed: true,
    failed: false,
    can_apply: true,
    takes_part: true,
    severe: [],
    more_severe: 0,
    plan: PLANNED,
    apply: BEFORE,
    ...more
  };
}

const GONE = { address: 'aws_db_instance.main', action: 'delete', words: 'will be destroyed', reason: '' };
const ROWS = [
  row('a'),
  row('b', { numbers: { create: 1, delete: 1 }, severe: [GONE], more_severe: 3 }),
  row('c', { failed: true, can_apply: false, changed: false, plan: { ...PLANNED, error: 'It is <b>broken</b>.' } })
];
const STATE: FleetState = {
  type: 'fleet',
  protocol: PROTOCOL,
  seq: 1,
  now: 110,
  question: null,
  choice: null,
  id: 'fleet-1',
  phase: 'plan',
  level: 'plans and applies',
  decision: '2 of 3 environments change.',
  pace: '1 first, then 4 at a time',
  lock_indicator: 'authenticated',
  lock_indicator_text: 'Authenticated with MFA by alice',
  lock_indicator_remedy: '',
  identity: {
    account: '',
    alias: '',
    user: '',
    arn: '',
    serial_number: '',
    region: '',
    source: '',
    endpoint: ''
  },
  rows: ROWS,
  started_at: 100,
  can_pause: true,
  paused: false,
  canceling: false,
  status: 'planned',
  stands: '1 errored, 2 planned',
  ended: false
};
const CODE = {
  ...{ kind: 'code' as const, number: 1, phase: 'apply', text: 'MFA code:', button: 'Authenticate', word: '' },
  ...{ attempt: 1, next_code_at: 0, problem: '' }
};
const CHOICE = { number: 5, at_once: 4, canary: 1, stop_after: 0 };

let kernel: FakeKernel<FleetRequest | CodeAnswer, FleetState>;
let card: FleetCard;
let seq = 1;

beforeEach(() => {
  vi.useFakeTimers();
  kernel = new FakeKernel();
  card = new FleetCard(kernel);
  document.body.replaceChildren(card.node);
  say({});
});

afterEach(() => {
  card.dispose();
  vi.useRealTimers();
});

function say(more: Partial<FleetState>) {
  seq += 1;
  kernel.say({ ...STATE, ...more, seq });
}

const buttons = (name: string) =>
  [...card.node.querySelectorAll('button')].find(({ textContent }) => textContent === name) as HTMLButtonElement;
const rows = () => [...card.node.querySelectorAll<HTMLElement>('tbody tr')];
const shown = () => rows().filter(({ hidden }) => !hidden);
const boxes = () => [...card.node.querySelectorAll<HTMLInputElement>('tbody input')];
const number = (label: string) =>
  [...card.node.querySelectorAll('label')]
    .find(({ textContent }) => textContent.startsWith(label))
    ?.querySelector('input') as HTMLInputElement;

test('each environment has a row, and what is external stays text', () => {
  expect(rows()[0]?.textContent).toBe('aPlanned 0:05+1 ~0 -0 ');
  expect(rows()[2]?.querySelector('.tfmfa-fleet-error')?.textContent).toBe('It is <b>broken</b>.');
  expect(card.node.querySelector('b')).toBeNull();
});

test('what is destroyed is named, of the selected environments, with their numbers', () => {
  const decision = () => card.node.querySelector('.tfmfa-decision')?.textContent;
  const named = '-b: aws_db_instance.main will be destroyedand 3 more';
  expect(decision()).toBe(`2 of 3 environments change.${named}`);
  say({ choice: CHOICE });
  expect(decision()).toBe(
    `2 of 3 environments selected: 2 to add, 0 to change, 1 to destroy. Resources are destroyed in "b".${named}`
  );
  boxes()[1]?.click();
  expect(decision()).toBe('1 of 3 environments selected: 1 to add, 0 to change, 0 to destroy.');
  expect(card.node.querySelector<HTMLElement>('.tfmfa-severe')?.hidden).toBe(true);
  // Also where there is no room for a name
  say({ rows: [row('a', { numbers: { delete: 3 }, more_severe: 3 })] });
  expect(decision()).toBe('2 of 3 environments change.and 3 more');
  // The worst of all comes first.
  const replaced = { ...GONE, action: 'replace', words: 'will be destroyed and re-created' };
  say({ rows: [row('a', { severe: [replaced] }), row('b', { severe: [GONE] })] });
  expect(decision()).toMatch(/change\.-b: .*destroyed-\/\+a: /);
  // Of an apply, what it destroys
  say({ phase: 'apply', rows: ROWS.map((each, at) => ({ ...each, takes_part: at === 0 })) });
  expect(card.node.querySelector<HTMLElement>('.tfmfa-severe')?.hidden).toBe(true);
});

test('filters narrow the rows, and say how many are left', () => {
  buttons('Destroys 1').click();
  expect(shown()).toHaveLength(1);
  expect(card.node.textContent).toContain('1 of 3 environments');
  buttons('Destroys 1').click();
  const text = card.node.querySelector('input[type=search]') as HTMLInputElement;
  text.value = 'BROKEN';
  text.dispatchEvent(new Event('input'));
  expect(shown()).toHaveLength(1);
});

test('all that can be applied is selected first; what is applied is what is selected, in the waves that are said', () => {
  say({ choice: CHOICE });
  expect(boxes().map(({ checked, disabled }) => [checked, disabled])).toEqual([
    [true, false],
    [true, false],
    [false, true]
  ]);
  boxes()[1]?.click();
  expect(number('At a time').value).toBe('4');
  number('Stop after').value = '2';
  buttons('Apply 1 selected').click();
  expect(kernel.sent.at(-1)).toEqual({
    type: 'apply_selected',
    number: 5,
    rows: [0],
    at_once: 4,
    canary: 1,
    stop_after: 2
  });
  expect(buttons('Apply 1 selected').disabled).toBe(true);
  say({ choice: null });
  expect(card.node.querySelector<HTMLElement>('.tfmfa-fleet-choice')?.hidden).toBe(true);
});

test('after the selection the card has the keyboard, for the question that follows', () => {
  say({ choice: CHOICE });
  buttons('Apply 2 selected').focus();
  buttons('Apply 2 selected').click();
  expect(document.activeElement).toBe(card.node);
  // The page has no layout here: nothing is in view.
  vi.stubGlobal('innerHeight', -1);
  say({ choice: null, question: CODE });
  vi.advanceTimersByTime(20);
  expect((document.activeElement as HTMLElement).className).toBe('tfmfa-code');
  vi.unstubAllGlobals();
});

test('who gives the code for the plans is back once AWS has accepted it', () => {
  const before = document.createElement('button');
  document.body.append(before);
  before.focus();
  say({ question: CODE });
  const field = card.node.querySelector('.tfmfa-code') as HTMLInputElement;
  field.focus();
  say({ lock_indicator: 'verifying' });
  expect(document.activeElement).toBe(card.node);
  say({});
  expect(document.activeElement).toBe(before);
});

describe('who answers on the card, and is asked nothing more,', () => {
  const going = [row('a', { apply: { ...BEFORE, status: 'applying' } })];
  let before: HTMLElement;

  beforeEach(() => {
    before = document.createElement('button');
    document.body.append(before);
    before.focus();
    say({ choice: CHOICE });
    boxes()[0]?.focus(); // whose way to the answer leads through the rows
  });

  // Before the second apply of a fleet, the first one has ended.
  describe.each(['plan', 'apply'])('after a phase, %s,', phase => {
    test.each([
      ['goes on', { rows: going }],
      ['is over', { ended: true }]
    ])('is back once the apply %s', (_, more) => {
      say({ choice: CHOICE, phase, ended: true });
      buttons('Apply 2 selected').focus();
      buttons('Apply 2 selected').click();
      say({ choice: CHOICE, phase, ended: true, can_pause: false }); // what was on its way
      say({ choice: null, phase, ended: true }); // the apply has not begun
      expect(document.activeElement).toBe(card.node);
      say({ phase, started_at: 200, rows: ROWS });
      say({ phase: 'apply', lock_indicator: 'open', started_at: 200, rows: ROWS });
      expect(document.activeElement).toBe(card.node);
      say({ phase: 'apply', lock_indicator: 'open', started_at: 200, ...more });
      expect(document.activeElement).toBe(before);
    });
  });

  test('is left where they have gone when a code is asked for', () => {
    buttons('Apply 2 selected').focus();
    buttons('Apply 2 selected').click();
    vi.stubGlobal('innerHeight', -1); // the card is out of view
    const other = document.createElement('button');
    document.body.append(other);
    other.focus();
    say({ choice: null, started_at: 200, question: CODE });
    say({ choice: null, started_at: 200, question: null }); // answered elsewhere at once
    expect(document.activeElement).toBe(other);
    say({ choice: null, started_at: 200, question: { ...CODE, number: 2 } });
    vi.advanceTimersByTime(20);
    expect(document.activeElement).toBe(other);
    say({ choice: null, started_at: 200, question: null, ended: true });
    expect(document.activeElement).toBe(other);
    vi.unstubAllGlobals();
  });

  test('is back when the kernel exits with the answer', () => {
    say({ choice: null, question: CODE });
    const field = card.node.querySelector('.tfmfa-code') as HTMLInputElement;
    field.focus();
    field.value = '492817';
    field.form?.dispatchEvent(new Event('submit', { cancelable: true }));
    field.blur(); // as browsers do where a field is disabled
    kernel.exit();
    expect(document.activeElement).toBe(before);
  });

  test('is back when the kernel exits', () => {
    buttons('Apply 2 selected').focus();
    kernel.exit();
    expect(document.activeElement).toBe(before);
  });

  test('is back when the card goes', () => {
    const choice = card.node.querySelector('.tfmfa-fleet-choice') as HTMLElement;
    const cancel = [...choice.querySelectorAll('button')].find(({ textContent }) => textContent === 'Cancel');
    cancel?.focus();
    cancel?.click();
    say({ choice: null, ended: true });
    expect(document.activeElement).toBe(card.node);
    card.node.remove(); // as JupyterLab does first
    card.dispose();
    expect(document.activeElement).toBe(before);
  });

  test('stays where they have gone meanwhile', () => {
    buttons('Apply 2 selected').click();
    say({ choice: null });
    const field = card.node.querySelector('input[type=search]') as HTMLInputElement;
    field.focus();
    say({ phase: 'apply', lock_indicator: 'open', started_at: 200, rows: going });
    expect(document.activeElement).toBe(field);
  });
});

test('a selection survives the states that follow, and one that filters hide is told', () => {
  say({ choice: CHOICE });
  boxes()[0]?.click();
  say({ choice: CHOICE });
  expect(boxes().map(({ checked }) => checked)).toEqual([false, true, false]);
  buttons('Failed 1').click();
  expect(card.node.querySelector('.tfmfa-fleet-unseen')?.textContent).toBe('1 of them not shown');
  buttons('Failed 1').click();
  (card.node.querySelector('thead input') as HTMLInputElement).click();
  expect(buttons('Apply 2 selected')).toBeDefined();
});

test('a name opens the run of its environment', () => {
  const opened: IRunPlace[] = [];
  onOpenRun((_, place) => opened.push(place));
  buttons('b').click();
  expect(opened).toEqual([{ folder: 'b', run: 'run-b' }]);
});

test('runs are paused, go on, and are canceled', () => {
  buttons('Pause').click();
  say({ paused: true });
  buttons('Resume').click();
  buttons('Cancel all').click();
  expect(kernel.sent.slice(1)).toEqual([
    { type: 'pause', paused: true },
    { type: 'pause', paused: false },
    { type: 'cancel' }
  ]);
  say({ canceling: true });
  expect(buttons('Canceling…').disabled).toBe(true);
});

test('one element of the matrix is a stop for Tab, and arrows move it', () => {
  const stops = () => [...card.node.querySelectorAll<HTMLElement>("table [tabindex='0']")];
  expect(stops().map(({ textContent }) => textContent)).toEqual(['a']);
  stops()[0]?.focus();
  document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowDown', bubbles: true }));
  expect(document.activeElement?.textContent).toBe('b');
  expect(stops().map(({ textContent }) => textContent)).toEqual(['b']);
  document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key: 'End', bubbles: true }));
  expect(document.activeElement?.textContent).toBe('c');
});

test('after the exit of the kernel nothing can be answered, and how to go on is said', () => {
  say({ choice: CHOICE });
  kernel.exit();
  vi.advanceTimersByTime(600);
  expect(card.node.textContent).toContain('%tfruns follow fleet-1');
  expect(boxes().every(({ disabled }) => disabled)).toBe(true);
});
