import { beforeEach, expect, test } from 'vitest';
import { Following } from '../src/widgets/log/following';

const END = 1000;
let following: Following;

beforeEach(() => {
  following = new Following();
  following.judge({ top: END, end: END }, 100);
});

test('a new log is followed, and its view moved along when lines come', () => {
  expect(following.isOn).toBe(true);
  expect(following.lags).toBe(false);
  following.judge({ top: END, end: END + 180 }, 110);
  expect(following.isOn).toBe(true);
  expect(following.lags).toBe(true);
  following.note({ top: END + 180, end: END + 180 });
  expect(following.lags).toBe(false);
});

test.each([1, 3, 500])('whoever moves up by %d pixels leaves the end, and hears how many lines have come', pixels => {
  following.judge({ top: END - pixels, end: END }, 100);
  expect(following.isOn).toBe(false);
  expect(following.lags).toBe(false);
  expect(following.unseen(100)).toBe(0);
  following.judge({ top: END - pixels, end: END + 180 }, 110);
  expect(following.unseen(110)).toBe(10);
});

test('moving on up counts from where the end was left', () => {
  following.judge({ top: 900, end: END }, 100);
  following.judge({ top: 800, end: END + 180 }, 110);
  expect(following.unseen(120)).toBe(20);
});

test.each([0, 0.4, 1.9])('whoever comes within %d pixels of the end follows it again', pixels => {
  following.judge({ top: 500, end: END }, 100);
  following.judge({ top: END - pixels, end: END }, 120);
  expect(following.isOn).toBe(true);
  expect(following.unseen(130)).toBe(0);
});

test('two pixels short of the end are not there', () => {
  following.judge({ top: 500, end: END }, 100);
  following.judge({ top: END - 2, end: END }, 100);
  expect(following.isOn).toBe(false);
});

test('a view that the browser has moved with a shorter page still follows', () => {
  following.judge({ top: 300, end: 300 }, 100);
  expect(following.isOn).toBe(true);
});

test('a selection stops following, and a press starts it', () => {
  following.stop(100);
  following.stop(105);
  expect(following.unseen(110)).toBe(10);
  following.start();
  expect(following.isOn).toBe(true);
});
