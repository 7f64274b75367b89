import { beforeEach, expect, test, vi } from 'vitest';
import type { CardState, Output, Progress as Made } from '../src/protocol/generated';
import { Outputs } from '../src/widgets/card/outputs';
import { Progress } from '../src/widgets/card/progress';

const NONE: Made = { done: 0, total: 4, failed: 0, version: 1, current: [], more: 0, slowest: [], ends_at: 0 };
let progress: Progress;
let outputs: Outputs;

function state(more: object): CardState {
  return { ended_at: 0, now: 1000, progress: null, outputs: [], more_outputs: 0, ...more } as unknown as CardState;
}

const shown = (selector: string, node: HTMLElement = progress.node) => {
  const found = node.querySelector<HTMLElement>(selector);
  return found && !found.hidden ? found.textContent : null;
};

beforeEach(() => {
  progress = new Progress();
  outputs = new Outputs();
});

test('before an apply there is no progress', () => {
  progress.draw(state({}));
  expect(progress.node.hidden).toBe(true);
});

test('what is under way has a clock that needs no messages', () => {
  const current = [{ address: 'a.b', action: 'create', start: 990 }];
  progress.draw(state({ progress: { ...NONE, done: 1, current, more: 3 } }));
  progress.drawTimes(1000);
  expect(shown('.tfmfa-current li .tfmfa-time')).toBe('0:10');
  progress.drawTimes(1061);
  expect(shown('.tfmfa-current li .tfmfa-time')).toBe('1:11');
  expect(shown('.tfmfa-current')).toContain('and 3 more');
  expect(shown('.tfmfa-done')).toBe('1 of 4 resources');
});

test('when it will have ended is told where it is known, and not after the end', () => {
  progress.draw(state({ progress: NONE }));
  progress.drawTimes(1000);
  expect(shown('.tfmfa-left')).toBeNull();
  progress.draw(state({ progress: { ...NONE, ends_at: 1130 } }));
  progress.drawTimes(1000);
  expect(shown('.tfmfa-left')).toBe('about 2 min left');
  progress.drawTimes(1125);
  expect(shown('.tfmfa-left')).toBe('a few seconds left');
  progress.drawTimes(1131);
  expect(shown('.tfmfa-left')).toBe('takes longer than before');
  progress.draw(state({ ended_at: 1140, progress: { ...NONE, ends_at: 1130 } }));
  progress.drawTimes(1140);
  expect(shown('.tfmfa-left')).toBeNull();
});

test('failures and the slowest are told', () => {
  progress.draw(state({ progress: NONE }));
  expect([shown('.tfmfa-mark-failed'), shown('.tfmfa-slowest')]).toEqual([null, null]);
  const slowest = [{ address: 'a.b', action: 'create', seconds: 75 }];
  progress.draw(state({ ended_at: 1, progress: { ...NONE, failed: 2, slowest } }));
  expect(shown('.tfmfa-mark-failed')).toBe('2 failed');
  expect(shown('.tfmfa-slowest')).toBe('Slowest: a.b 1:15');
  const bar = progress.node.querySelector('[role=progressbar]');
  expect(bar?.getAttribute('aria-valuetext')).toBe('0 of 4 resources, 2 failed');
});

function output(name: string, text: string, more: Partial<Output> = {}): Output {
  return { name, text, sensitive: false, whole: true, ...more };
}

test('outputs are shown as text, and what is not the value cannot be copied', async () => {
  outputs.draw(state({}));
  expect(outputs.node.hidden).toBe(true);
  const writeText = vi.fn(() => Promise.resolve());
  vi.stubGlobal('navigator', { clipboard: { writeText } });
  outputs.draw(
    state({
      outputs: [
        output('url', '<b>https://shop</b>'),
        output('key', '(sensitive)', { sensitive: true, whole: false }),
        output('long', 'xxx …', { whole: false })
      ],
      more_outputs: 2
    })
  );
  expect(shown('.tfmfa-outputs-title', outputs.node)).toBe('Outputs (5)');
  expect(outputs.node.querySelector('b')).toBeNull();
  const copy = [...outputs.node.querySelectorAll('button')];
  expect(copy.map(button => button.getAttribute('aria-label'))).toEqual(['Copy url']);
  copy[0]?.click();
  await vi.waitFor(() => {
    expect(shown('[role=status]', outputs.node)).toBe('Copied url');
  });
  expect(writeText).toHaveBeenCalledWith('<b>https://shop</b>');
  expect(outputs.node.textContent).toContain('run.outputs["long"] is the whole value.');
  expect(outputs.node.textContent).toContain('and 2 more: run.outputs has all of them');
  vi.unstubAllGlobals();
});
