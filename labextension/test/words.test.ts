import { expect, test } from 'vitest';
import cases from '../../tests/fixtures/protocol_cases.json';
import { LEVEL_MEANINGS } from '../src/protocol/generated';
import { count, duration } from '../src/text/numbers';
import { actionSign, countsText, isFinal, lockIndicatorName, statusName } from '../src/text/words';

type Row<From> = [From, string];

test.each(cases.durations as Row<number>[])('%d seconds are %s', (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

test.each(cases.numbers as Row<number>[])('%d is written %s', (value, text) => {
  expect(count(value)).toBe(text);
});

test.each(cases.counts as Row<Parameters<typeof countsText>[0]>[])('the counts %j are written "%s"', (counts, text) => {
  expect(countsText(counts)).toBe(text);
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
