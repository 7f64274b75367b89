// The note beside a secret field on a page that cannot encrypt what is typed there.

import { make, uniqueId } from '../dom/elements';
import { makeIcon } from '../dom/icons';
import { canSeal } from './sealing';

/**
 * @param what - What the field asks for.
 * @param field - Gets the note as a description.
 * @returns Null where the page can encrypt.
 */
export function unsealedNote(what: string, field: HTMLInputElement): HTMLElement | null {
  if (canSeal()) {
    return null;
  }
  const text = `${what} travels unencrypted because this page is not served over HTTPS.`;
  const node = make('div', 'tfmfa-unsealed', makeIcon('warning'), make('span', 'tfmfa-grow', text));
  node.id = uniqueId('unsealed');
  const described = field.getAttribute('aria-describedby');
  field.setAttribute('aria-describedby', described ? `${described} ${node.id}` : node.id);
  return node;
}
