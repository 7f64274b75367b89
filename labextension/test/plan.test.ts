import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { PlanRow, PlanRows, PlanRowsRequest } from '../src/protocol/generated';
import { Plan } from '../src/widgets/plan/plan';

const PLACE = { level: 1, position: 1, size: 2, parent: -1 };

function change(key: string, more: object = {}): PlanRow {
  return {
    kind: 'change',
    place: { ...PLACE, key, open: false },
    subject: 'resource',
    action: 'create',
    sign: '+',
    word: 'create',
    address: `module.a.aws_vpc.${key}`,
    label: `aws_vpc.${key}`,
    reason: '',
    notes: [],
    ...more
  };
}

let asked: PlanRowsRequest[];
let plan: Plan;

function answer(rows: readonly PlanRow[], more: Partial<PlanRows> = {}): void {
  const query = asked.at(-1)?.query ?? 0;
  plan.receive({
    type: 'plan_rows',
    query,
    start: 0,
    total: rows.length,
    shown: rows.length,
    changes: rows.length,
    rows,
    order: 1,
    states: [],
    found: -1,
    ...more
  });
}

const items = () => [...plan.node.querySelectorAll<HTMLElement>('[role=treeitem]')];

beforeEach(() => {
  vi.useFakeTimers();
  // Nothing has a size here: the pane is given one.
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(400);
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(800);
  asked = [];
  plan = new Plan(request => {
    if (request.type === 'plan_rows') {
      asked.push(request);
    }
  });
  document.body.append(plan.node);
});

afterEach(() => {
  plan.dispose();
  plan.node.remove();
  vi.useRealTimers();
});

test('a plan that the kernel has is asked for, and shown when it arrives', () => {
  plan.update(false, '');
  expect(asked).toEqual([]);
  plan.update(true, '');
  expect(asked).toHaveLength(1);
  expect(plan.node.hidden).toBe(true);
  const actions = [['create', 2] as const];
  answer([change('a'), change('b')], {
    choices: {
      actions,
      types: [['aws_vpc', 2]],
      modules: [
        ['', 1],
        ['module.a', 1]
      ]
    }
  });
  expect(plan.node.hidden).toBe(false);
  expect(items().map(item => item.querySelector('.tfmfa-plan-address')?.textContent)).toEqual([
    'aws_vpc.a',
    'aws_vpc.b'
  ]);
});

test('an answer to another page, or to an earlier question, is not shown', () => {
  plan.update(true, '');
  answer([change('a')], { query: -1 });
  expect(plan.node.hidden).toBe(true);
});

test('a plan is asked for again where its answer was lost', () => {
  plan.update(true, '');
  vi.advanceTimersByTime(1100);
  expect(asked).toHaveLength(2);
  expect(asked[1]).toEqual(asked[0]);
  answer([change('a')]);
  vi.advanceTimersByTime(5000);
  expect(asked).toHaveLength(2);
});

test('a row that is pressed is opened by the kernel, and stays drawn until the answer comes', () => {
  plan.update(true, '');
  answer([change('a'), change('b')]);
  const row = items()[1];
  row?.click();
  expect(asked.at(-1)?.view.toggled).toEqual(['b']);
  expect(items()).toHaveLength(2);
  answer([change('a'), change('b', { place: { ...PLACE, key: 'b', open: true } })]);
  expect(items()[1]).toBe(row);
  expect(row?.getAttribute('aria-expanded')).toBe('true');
  row?.click();
  expect(asked.at(-1)?.view.toggled).toEqual([]);
});

test('a text is sought when nobody types any more', () => {
  plan.update(true, '');
  answer([change('a')]);
  const field = plan.node.querySelector('input') as HTMLInputElement;
  for (const typed of ['v', 'vp', 'vpc']) {
    field.value = typed;
    field.dispatchEvent(new Event('input'));
    vi.advanceTimersByTime(50);
  }
  expect(asked).toHaveLength(1);
  vi.advanceTimersByTime(200);
  expect(asked.at(-1)?.view.text).toBe('vpc');
  answer([change('a')], { changes: 9 });
  expect(plan.node.querySelector('.tfmfa-plan-size')?.textContent).toBe('1 of 9 changes');
  expect(plan.node.querySelector('mark')?.textContent).toBe('vpc');
});

test('rows that are missing are asked for, one question at a time', () => {
  plan.update(true, '');
  answer([change('a')], { total: 500 });
  vi.advanceTimersByTime(100);
  expect(asked).toHaveLength(2);
  expect(asked[1]).toMatchObject({ start: 1, query: asked[0]?.query });
});

test('what is typed is looked for by the kernel', () => {
  plan.update(true, '');
  answer([change('a'), change('b')]);
  for (const key of 'aw') {
    items()[0]?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
  }
  expect(asked.at(-1)).toMatchObject({ typed: 'aw', after: 0 });
  answer([change('a'), change('b')], { found: 1 });
  expect(document.activeElement).toBe(items()[1]);
});

test('what is new in the plan is a sentence and a filter', () => {
  plan.update(true, '');
  answer([change('a')]);
  const choices = { actions: [['create', 2] as const], types: [], modules: [], new: 1 };
  plan.update(true, '1 of 2 changes is new since the plan before.'); // it is known a moment later
  expect(asked).toHaveLength(2);
  expect(asked[1]).toMatchObject({ choices: true, view: { new: false } });
  answer([change('a'), change('b')], { choices });
  expect(plan.node.textContent).toContain('1 of 2 changes is new since the plan before.');
  const button = [...plan.node.querySelectorAll('button')].find(
    ({ textContent }) => textContent === 'New in this plan 1'
  );
  expect(button?.hidden).toBe(false);
  button?.click();
  expect(button?.getAttribute('aria-pressed')).toBe('true');
  expect(asked.at(-1)?.view.new).toBe(true);
  answer([change('a')], { shown: 1, changes: 2 });
  expect(plan.node.textContent).toContain('1 of 2 changes');
  plan.update(true, '1 of 2 changes is new since the plan before.');
  expect(asked).toHaveLength(3);
});

test('nothing of what a plan says is taken for HTML', () => {
  plan.update(true, '');
  answer([change('<img src=x>', { reason: '<b>', notes: ['<i>'] })]);
  expect(plan.node.querySelector('img, b, i')).toBeNull();
  expect(plan.node.textContent).toContain('aws_vpc.<img src=x>');
});

test('a blank line has a name too', () => {
  plan.update(true, '');
  answer([{ kind: 'line', place: { ...PLACE, key: 'l' }, sign: '+', pieces: [['', false]] }]);
  expect(items()[0]?.querySelector('.tfmfa-said')?.textContent.trim()).toBe('added blank line');
});

const WAITING = { state: 'waiting', word: 'waiting', start: 0, seconds: 0 };
const RUNNING = { state: 'running', word: 'creating', start: 100, seconds: 0 };
const DONE = { state: 'done', word: 'created', start: 0, seconds: 12 };
const marks = () => items().map(item => item.querySelector('.tfmfa-mark')?.textContent ?? '');

test('an apply that goes on is looked at again, a few times in a second at most', () => {
  plan.update(true, '', '0');
  answer([change('a', { mark: WAITING })]);
  expect(asked).toHaveLength(1);
  for (let version = 1; version <= 50; version++) {
    plan.update(true, '', String(version));
    vi.advanceTimersByTime(20);
    if (asked.length > 1) {
      answer([change('a', { mark: RUNNING })]);
    }
  }
  expect(asked.length).toBeGreaterThan(1);
  expect(asked.length).toBeLessThan(5);
  expect(new Set(asked.map(({ query }) => query)).size).toBe(1);
  vi.advanceTimersByTime(5000);
  const settled = asked.length;
  plan.update(true, '', '50');
  vi.advanceTimersByTime(5000);
  expect(asked).toHaveLength(settled);
});

test('a clock runs without messages, and stops with the change', () => {
  plan.update(true, '');
  answer([change('a', { mark: RUNNING }), change('b', { mark: WAITING })]);
  plan.drawTimes(103);
  expect(marks()).toEqual(['creating0:03', 'waiting']);
  plan.drawTimes(165.9);
  expect(marks()[0]).toBe('creating1:05');
  answer([change('a', { mark: DONE }), change('b', { mark: WAITING })]);
  plan.drawTimes(999);
  expect(marks()).toEqual(['created0:12', 'waiting']);
  expect(asked).toHaveLength(1);
});

test('a row whose apply goes on keeps its buttons, and with them the focus', () => {
  plan.update(true, '');
  answer([change('a', { mark: WAITING })]);
  const button = items()[0]?.querySelector('button');
  button?.focus();
  answer([change('a', { mark: RUNNING })]);
  expect(marks()).toEqual(['creating0:00']);
  expect(document.activeElement).toBe(button);
  expect(items()[0]?.contains(button ?? null)).toBe(true);
});

test('rows that are in another place take the focus with them', () => {
  plan.update(true, '');
  answer([change('a', { mark: WAITING }), change('b', { mark: WAITING })]);
  items()[1]?.focus();
  const group: PlanRow = {
    kind: 'group',
    place: { ...PLACE, key: 'failed', open: true },
    title: 'Failed',
    about: '1',
    action: 'failed'
  };
  answer([group, change('a.failed', { mark: { ...DONE, state: 'failed', word: 'failed' } }), change('b')], {
    order: 2
  });
  expect(document.activeElement?.textContent).toContain('aws_vpc.b');
  expect(document.activeElement?.getAttribute('tabindex')).toBe('0');
});

test('rows from before are not taken for those of now', () => {
  plan.update(true, '', '0');
  answer([change('a'), change('b'), change('c')]);
  plan.update(true, '', '1');
  vi.advanceTimersByTime(500);
  answer([change('a')], { total: 3 });
  vi.advanceTimersByTime(100);
  expect(asked.at(-1)).toMatchObject({ start: 1, stop: 3 });
  expect(items().map(item => item.getAttribute('aria-label'))).toEqual([null, 'Loading', 'Loading']);
});

test('states are offered as they come, each with a number, and chosen', () => {
  plan.update(true, '');
  answer([change('a', { mark: WAITING })]);
  const chips = () =>
    [...plan.node.querySelectorAll<HTMLElement>('[aria-label=States] button')].filter(({ hidden }) => !hidden);
  expect(chips()).toEqual([]);
  answer([change('a', { mark: WAITING })], { states: [['waiting', 1]] });
  answer([change('a', { mark: WAITING })], {
    states: [
      ['failed', 2],
      ['waiting', 1_200]
    ]
  });
  expect(chips().map(chip => chip.textContent)).toEqual(['Failed 2', 'Waiting 1,200']);
  chips()[0]?.click();
  expect(asked.at(-1)?.view.states).toEqual(['failed']);
  expect(chips()[0]?.getAttribute('aria-pressed')).toBe('true');
  answer([], { states: [['done', 5]] });
  expect(chips().map(chip => chip.textContent)).toEqual(['Failed 0', 'Done 5']);
  chips()[0]?.click();
  expect(asked.at(-1)?.view.states).toEqual([]);
});

test("an error shows Terraform's words, the lines with what is wrong marked, and the values", () => {
  plan.update(true, '');
  answer([
    {
      kind: 'diagnostic',
      place: { ...PLACE, key: 'e' },
      summary: '<b>It broke.</b>',
      detail: 'exit status 3\n<img src=x>',
      where: 'on main.tf line 7, in resource "a" "b"',
      lines: [
        {
          number: 7,
          pieces: [
            ['  x = ', false],
            ['var.y', true]
          ]
        }
      ],
      values: ['var.y is 3']
    }
  ]);
  const [row] = items();
  expect(row?.querySelector('.tfmfa-diagnostic-summary')?.textContent).toBe('Error: <b>It broke.</b>');
  expect(row?.querySelector('code')?.textContent).toBe('  x = var.y');
  expect(row?.querySelector('u')?.textContent).toBe('var.y');
  expect(row?.textContent).toContain('var.y is 3');
  expect(row?.querySelector('b, img')).toBeNull();
});
