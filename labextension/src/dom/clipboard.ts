// Copying a text: on a page over HTTP, the browser has no clipboard for it, but copies what is selected.

import { make } from './elements';

/** Copies `text`; whether the browser did. */
export async function copyText(text: string): Promise<boolean> {
  const clipboard = navigator.clipboard as Clipboard | undefined;
  if (clipboard) {
    return clipboard.writeText(text).then(
      () => true,
      () => false
    );
  }
  const before = document.activeElement;
  const field = make('textarea', 'tfmfa-said');
  field.value = text;
  document.body.append(field);
  field.select();
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- there is no other way without HTTPS
  const done = document.execCommand('copy');
  field.remove();
  if (before instanceof HTMLElement) {
    before.focus({ preventScroll: true });
  }
  return done;
}
