import { expect, test } from 'vitest';
import cases from '../../tests/fixtures/protocol_cases.json';
import { LEVEL_MEANINGS } from '../src/protocol/generated';
import { count, duration, timeLeft } from '../src/text/numbers';
import { actionSign, hopName, isFinal, lockIndicatorName, runWords, statusName } from '../src/text/words';

type Row<From> = [From, string];

test.each(cases.durations as Row<number>[])('%d seconds are %s', (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

test.each([
  [-3, 'takes longer than before'],
  [0, 'takes longer than before'],
  [4, 'a few seconds left'],
  [30, 'less than 1 min left'],
  [60, 'about 1 min left'],
  [130, 'about 2 min left'],
  [3570, 'about 1 h left'],
  [4230, 'about 1 h 11 min left'],
  [7200, 'about 2 h left']
] as Row<number>[])('where %d seconds are left, it says "%s"', (seconds, text) => {
  expect(timeLeft(seconds)).toBe(text);
});

test.each(cases.numbers as Row<number>[])('%d is written %s', (value, text) => {
  expect(count(value)).toBe(text);
});

test.each(cases.statuses as Row<string>[])('the status %s is named %s', (status, name) => {
  expect(statusName(status)).toBe(name);
  expect(isFinal(status)).toBe(cases.final_statuses.includes(status));
});

test.each(cases.lock_indicators as Row<string>[])('the lock indicator %s is named %s', (state, name) => {
  expect(lockIndicatorName(state)).toBe(name);
});

test.each(cases.actions as Row<string>[])('the action %s has the sign "%s"', (action, sign) => {
  expect(actionSign(action)).toBe(sign);
});

test('each level has its meaning', () => {
  expect(Object.entries(LEVEL_MEANINGS)).toEqual(cases.levels);
});

test('what a person is asked goes before the status, and canceling before all but the end', () => {
  const run = { id: '', environment: '', phase: 'plan', level: '', lock_indicator: '', card: '', stands: '' };
  const words = (status: string, question = '', canceling = false) => runWords({ ...run, status, question, canceling });
  expect(words('planning')).toBe('Planning');
  expect(words('planning', 'code')).toBe('Waiting for a code');
  expect(words('planned', 'confirm')).toBe('Waiting for your confirmation');
  expect(words('applying', '', true)).toBe('Canceling');
  for (const status of cases.final_statuses) {
    expect(words(status, '', true)).toBe(statusName(status));
  }
});

test.each(['', 'newer', 'constructor', '__proto__'])(
  'what the tables do not know is called as the kernel does: "%s"',
  name => {
    expect([statusName(name), lockIndicatorName(name), hopName(name)]).toEqual([name, name, name]);
  }
);
