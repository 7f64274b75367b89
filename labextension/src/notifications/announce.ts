// Says something to a screen reader, once, wherever a person is on the page.

import { make, withAttributes } from '../dom/elements';

let region: HTMLElement | null = null;

export function announce(message: string): void {
  if (!region?.isConnected) {
    region = withAttributes(make('div', 'tfmfa-said'), { role: 'status', 'aria-live': 'polite' });
    document.body.append(region);
  }
  const place = region;
  place.textContent = '';
  // A region has to be there, and empty, before what it says counts as new.
  setTimeout(() => (place.textContent = message), 100);
}
