// How far the apply of a change is: an icon and a word, and how long it has taken. Clocks run here, without messages.

import { make, setText, withAttributes } from '../../dom/elements';
import { applyIcon, makeIcon } from '../../dom/icons';
import type { ApplyMark } from '../../protocol/generated';
import { duration } from '../../text/numbers';

/** The mark of a change, or with `isTimed` false, of a group. */
export function makeMark({ seconds, start, state, word }: ApplyMark, isTimed = true): HTMLElement {
  const node = make(
    'span',
    `tfmfa-mark tfmfa-mark-${state}`,
    makeIcon(applyIcon(state)),
    make('span', 'tfmfa-mark-word', word)
  );
  if (start > 0) {
    node.append(withAttributes(make('span', 'tfmfa-clock'), { 'data-start': start }));
  } else if (isTimed && (state === 'done' || seconds > 0)) {
    node.append(make('span', 'tfmfa-clock', duration(seconds)));
  }
  return node;
}

/**
 * Sets the clocks of what is under way.
 *
 * @param now - Seconds since the epoch, by the kernel's clock.
 */
export function drawClocks(node: HTMLElement, now: number): void {
  for (const clock of node.querySelectorAll<HTMLElement>('.tfmfa-clock[data-start]')) {
    setText(clock, duration(now - Number(clock.dataset['start'])));
  }
}
