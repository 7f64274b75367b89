// What a screen reader says, once for each change; refusals and errors interrupt.

import { make, setText, withAttributes } from '../../dom/elements';
import type { CardState } from '../../protocol/generated';
import { lockIndicatorName, statusName } from '../../text/words';

export class Announcer {
  readonly status = withAttributes(make('div', 'tfmfa-said'), { role: 'status', 'aria-live': 'polite' });
  readonly alert = withAttributes(make('div', 'tfmfa-said'), { role: 'alert' });

  draw(state: CardState): void {
    const { lock_indicator, lock_indicator_remedy, lock_indicator_text } = state;
    const indicator = `${lockIndicatorName(lock_indicator)}. ${lock_indicator_text} ${lock_indicator_remedy}`;
    const [calm, urgent] = lock_indicator === 'failed' ? ['', indicator] : [indicator, ''];
    // The end is announced for the whole page, and once: this card is about to be replaced.
    const status = state.ended_at > 0 ? '' : `${statusName(state.status)}.`;
    setText(this.status, `${status} ${calm} ${decisionText(state)} ${state.question?.text ?? ''}`);
    setText(this.alert, `${urgent} ${state.error} ${state.error_remedy}`.trim());
  }
}

/** What is decided on, without what is nothing. */
function decisionText({ decision }: CardState): string {
  const parts = decision?.parts.filter(({ words }) => !words.startsWith('0 ')) ?? [];
  return parts.length > 0 ? `${parts.map(({ words }) => words).join(', ')}.` : '';
}
