import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { announce } from '../src/notifications/announce';
import type { CardState } from '../src/protocol/generated';
import { Announcer } from '../src/widgets/card/announcer';
import { Head } from '../src/widgets/card/head';

const region = () => document.querySelector('body > [role=status][aria-live=polite]');

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('what is announced comes into a region that was there, and empty, before', () => {
  announce('staging: Applied.');
  expect(region()?.textContent).toBe('');
  vi.advanceTimersByTime(100);
  expect(region()?.textContent).toBe('staging: Applied.');
});

test('two runs that end together are both announced, and once', () => {
  announce('one: Planned.');
  vi.advanceTimersByTime(50);
  announce('two: Planned.');
  vi.advanceTimersByTime(100);
  expect(region()?.textContent).toBe('one: Planned. two: Planned.');
  announce('three: Planned.');
  vi.advanceTimersByTime(100);
  expect(region()?.textContent).toBe('three: Planned.');
});

const STATE = {
  status: 'planned',
  phase: 'apply',
  lock_indicator: 'open',
  lock_indicator_text: 'Authenticated with MFA by alice.',
  lock_indicator_remedy: '',
  decision: { parts: [{ words: '0 to add' }, { words: '2 to destroy' }] },
  question: { text: 'MFA code for alice to apply in "staging":' },
  error: '',
  error_remedy: '',
  ended_at: 0
};

test('a card says its decision and its question, and leaves its end to the page', () => {
  const announcer = new Announcer();
  announcer.draw(STATE as unknown as CardState);
  expect(announcer.status.textContent).toContain('2 to destroy.');
  expect(announcer.status.textContent).not.toContain('0 to add');
  expect(announcer.status.textContent).toContain('Planned.');
  expect(announcer.status.textContent).toContain('MFA code for alice to apply');
  announcer.draw({ ...STATE, ended_at: 7 } as unknown as CardState);
  expect(announcer.status.textContent).not.toContain('Planned.');
});

test('a refusal interrupts', () => {
  const announcer = new Announcer();
  const refused = { ...STATE, lock_indicator: 'failed', lock_indicator_text: 'AWS rejected the code.' };
  announcer.draw(refused as unknown as CardState);
  expect(announcer.alert.textContent).toContain('AWS rejected the code.');
  expect(announcer.status.textContent).not.toContain('AWS rejected the code.');
});

test.each([
  [0, '1:30'],
  [0.9, '1:30'],
  [60, '1:30, 1:00 of it waiting for you']
])('of the time, %d seconds in which the run waited for a person are told apart', (waited, text) => {
  const head = new Head(() => undefined);
  head.drawTime({ started_at: 1000, ended_at: 1090, waited } as unknown as CardState, 2000);
  expect(head.node.textContent).toContain(text);
  expect(head.node.textContent.includes('waiting')).toBe(waited >= 1);
});
