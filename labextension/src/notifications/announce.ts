// Says something to a screen reader, once, wherever a person is on the page.

import { make, withAttributes } from '../dom/elements';

let region: HTMLElement | null = null;
let waiting: string[] = [];

export function announce(message: string): void {
  if (!region?.isConnected) {
    region = withAttributes(make('div', 'tfmfa-said'), { role: 'status', 'aria-live': 'polite' });
    document.body.append(region);
  }
  const place = region;
  place.textContent = '';
  waiting.push(message);
  // A region has to be there, and empty, before what it says counts as new; what comes meanwhile is said with it.
  if (waiting.length === 1) {
    setTimeout(() => {
      place.textContent = waiting.join(' ');
      waiting = [];
    }, 100);
  }
}
