import { expect, test } from 'vitest';
import { firstShown, linesToAsk, linesToDraw, linesToDrop } from '../src/widgets/log/window';

const LOG = { first: 0, last: 1000 };

test('a log is shown from its start, and a very long one from a later line, which moves on in steps', () => {
  expect(firstShown(0, 900_000)).toBe(0);
  expect(firstShown(7, 900_007)).toBe(7);
  expect(firstShown(0, 900_001)).toBe(100_000);
  expect(firstShown(0, 1_000_000)).toBe(100_000);
  expect(firstShown(0, 1_000_001)).toBe(200_000);
});

test('what is drawn is what is in view, and some lines around it', () => {
  expect(linesToDraw(LOG, 0, 288)).toEqual({ first: 0, last: 28 });
  expect(linesToDraw(LOG, 1800, 288)).toEqual({ first: 88, last: 128 });
  expect(linesToDraw(LOG, 1800 + 17, 280)).toEqual({ first: 88, last: 128 });
  expect(linesToDraw(LOG, 18_000 - 288, 288)).toEqual({ first: 972, last: 1000 });
  expect(linesToDraw({ first: 100_000, last: 100_010 }, 0, 288)).toEqual({ first: 100_000, last: 100_010 });
});

test('nothing is asked for where everything drawn is there', () => {
  expect(linesToAsk(LOG, { first: 10, last: 20 }, () => true)).toBeNull();
  expect(linesToAsk(LOG, { first: 10, last: 10 }, () => false)).toBeNull();
});

test('only what is missing is asked for, and more in the direction of the scroll', () => {
  const has = (from: number, to: number) => (line: number) => line >= from && line < to;
  expect(linesToAsk(LOG, { first: 500, last: 540 }, has(0, 0))).toEqual({ first: 380, last: 660 });
  expect(linesToAsk(LOG, { first: 500, last: 540 }, has(500, 520))).toEqual({ first: 520, last: 660 });
  expect(linesToAsk(LOG, { first: 500, last: 540 }, has(510, 700))).toEqual({ first: 380, last: 630 });
});

test('at the end that is followed, nothing more than what is drawn is asked for', () => {
  expect(linesToAsk(LOG, { first: 960, last: 1000 }, () => false, 0)).toEqual({ first: 960, last: 1000 });
});

test('no question leaves the log, or is for more than 500 lines', () => {
  expect(linesToAsk(LOG, { first: 0, last: 28 }, () => false)).toEqual({ first: 0, last: 148 });
  expect(linesToAsk(LOG, { first: 972, last: 1000 }, () => false)).toEqual({ first: 852, last: 1000 });
  expect(linesToAsk({ first: 0, last: 9000 }, { first: 1000, last: 2000 }, () => false)).toEqual({
    first: 880,
    last: 1380
  });
});

test('lines far from the view are let go of once there are too many', () => {
  const kept = (size: number) => new Map(Array.from({ length: size }, (_, line) => [line, '']));
  expect(linesToDrop(kept(20_000), 0)).toEqual([]);
  const dropped = linesToDrop(kept(20_001), 10_000);
  expect(dropped).toHaveLength(10_000);
  expect(dropped).not.toContain(5000);
  expect(dropped).toContain(4999);
  expect(dropped).toContain(15_001);
});
