// The note beside a secret field on a page that cannot encrypt what is typed there.

import { make } from '../dom/elements';
import { makeIcon } from '../dom/icons';

/** @param what - What the field asks for. */
export function unsealedNote(what: string): HTMLElement {
  const text = `${what} travels unencrypted because this page is not served over HTTPS.`;
  return make('div', 'tfmfa-unsealed', makeIcon('warning'), make('span', 'tfmfa-grow', text));
}
