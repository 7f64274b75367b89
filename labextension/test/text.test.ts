import { expect, test } from 'vitest';
import { count, duration } from '../src/text/numbers';
import { lockIndicatorName, runWords, statusName } from '../src/text/words';

test.each([
  [-5, '0:00'],
  [0, '0:00'],
  [9.99, '0:09'],
  [42, '0:42'],
  [725, '12:05'],
  [3599.9, '59:59'],
  [3753, '1:02:33'],
  [360_000, '100:00:00']
])('%d seconds are written %s', (seconds, written) => {
  expect(duration(seconds)).toBe(written);
});

test('numbers have commas, whatever the browser speaks', () => {
  expect([0, 999, 1000, 1_234_567].map(count)).toEqual(['0', '999', '1,000', '1,234,567']);
});

test.each([
  ['pending', 'Pending'],
  ['planned_and_finished', 'Planned and finished'],
  ['canceled', 'Canceled'],
  ['', ''],
  ['<b>new_one', '<b>new one']
])('the status %s is called %s', (status, name) => {
  expect(statusName(status)).toBe(name);
});

test('the lock indicator has five names, and calls what it does not know as the kernel does', () => {
  const names = ['open', 'required', 'verifying', 'authenticated', 'failed', 'newer'].map(lockIndicatorName);
  expect(names).toEqual([
    'MFA not required',
    'MFA required',
    'MFA verifying',
    'MFA authenticated',
    'MFA failed',
    'newer'
  ]);
});

test('what a person is asked goes before the status, and canceling before all but the end', () => {
  const run = { status: 'planning', question: '', canceling: false };
  expect(runWords(run)).toBe('Planning');
  expect(runWords({ ...run, question: 'code' })).toBe('Waiting for a code');
  expect(runWords({ ...run, question: 'confirm' })).toBe('Waiting for your confirmation');
  expect(runWords({ ...run, canceling: true })).toBe('Canceling');
  for (const status of ['planned_and_finished', 'applied', 'errored', 'discarded', 'canceled']) {
    expect(runWords({ ...run, status, canceling: true })).toBe(statusName(status));
  }
});
