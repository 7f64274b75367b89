import { expect, test } from 'vitest';
import { eventOf } from '../src/notifications/events';
import type { RunStatus } from '../src/protocol/generated';
import { readLevel, readState } from '../src/runs/state';

const RUN: RunStatus = {
  id: 'run-1',
  environment: 'staging',
  phase: 'plan',
  status: 'planning',
  level: 'plans and applies',
  lock_indicator: 'required',
  canceling: false,
  card: '',
  stands: '',
  question: ''
};
const busy = (run: Partial<RunStatus> = {}) => ({ busy: true, run: { ...RUN, ...run } });
const idle = (run: Partial<RunStatus> = {}) => ({ busy: false, run: { ...RUN, ...run } });

test('a question is told of once, and another one of the same run again', () => {
  const asking = busy({ question: 'code' });
  expect(eventOf(busy(), asking)).toMatchObject({ message: 'staging: the plan needs an MFA code.', asks: true });
  expect(eventOf(null, asking)).not.toBeNull();
  expect(eventOf(asking, busy({ question: 'code', status: 'pending' }))).toBeNull();
  expect(eventOf(asking, busy({ question: 'confirm', phase: 'apply' }))).toMatchObject({
    message: 'staging: the apply needs your confirmation.'
  });
});

test.each([
  ['applied', 'success', 'staging: Applied.'],
  ['errored', 'error', 'staging: Errored.'],
  ['planned_and_finished', 'success', 'staging: Planned and finished.'],
  ['canceled', 'info', 'staging: Canceled.']
])('the end of a run as %s is told of', (status, type, message) => {
  expect(eventOf(busy(), idle({ status }))).toEqual({ message, type, asks: false });
});

test("a kernel's first word of a run that has ended is no news, nor is another run's end", () => {
  expect(eventOf(null, idle({ status: 'applied' }))).toBeNull();
  expect(eventOf(busy(), idle({ id: 'run-2', status: 'applied' }))).toBeNull();
  expect(eventOf(busy(), null)).toBeNull();
  expect(eventOf(busy(), { busy: false, run: null })).toBeNull();
});

test.each([null, undefined, 7, 'busy', [], {}, { busy: 'yes', run: 0 }])('what is no state reads as none: %j', data => {
  expect(readState(data)).toEqual({ busy: false, run: null });
});

test('of a state only texts are taken, as long as a line', () => {
  const read = readState({ busy: true, run: { ...RUN, status: 7, environment: 'x'.repeat(1000), canceling: 'yes' } });
  expect(read.run).toMatchObject({ id: 'run-1', status: '', canceling: false });
  expect(read.run?.environment).toHaveLength(200);
  expect(readLevel({ level: {}, error: '<b>' })).toEqual({
    environment: '',
    level: '',
    lock_indicator: '',
    error: '<b>'
  });
});
