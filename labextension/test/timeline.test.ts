import { expect, test } from 'vitest';
import type { Shape, TimelineRequest } from '../src/protocol/generated';
import { Timeline } from '../src/widgets/pictures/timeline';

const bar: Shape = {
  kind: 'bar',
  look: 'critical',
  x: 330,
  y: 28,
  width: 100,
  height: 12,
  anchor: 'start',
  text: 'x.a: create 0:10'
};

test('the timeline is asked for once it is opened, and drawn as the kernel says', () => {
  const asked: TimelineRequest[] = [];
  const line = new Timeline(request => asked.push(request));
  expect(line.node.hidden).toBe(true);
  line.update(true);
  expect(line.node.hidden).toBe(false);
  const button = line.node.querySelector('button') as HTMLButtonElement;
  button.click();
  expect(asked).toEqual([{ type: 'timeline' }]);
  line.receive({
    type: 'timeline',
    sentence: '1 change of resources in 0:10.',
    width: 860,
    height: 50,
    shapes: [bar, { ...bar, kind: 'text', look: 'name', text: '<b>x</b>' }],
    lines: ['x.a: create 0:10, from 0:00']
  });
  const picture = line.node.querySelector('svg');
  expect(picture?.getAttribute('aria-label')).toBe('1 change of resources in 0:10.');
  expect(picture?.querySelector('rect')?.getAttribute('class')).toContain('tfmfa-time-critical');
  expect(picture?.querySelector('text')?.textContent).toBe('<b>x</b>');
  expect(line.node.querySelector('b')).toBeNull();
  expect(line.node.querySelector('li')?.textContent).toBe('x.a: create 0:10, from 0:00');
  button.click();
  button.click();
  expect(asked).toHaveLength(1);
  line.dispose();
});
