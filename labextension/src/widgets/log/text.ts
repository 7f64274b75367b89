// Brings the text of the log from the kernel, piece by piece, to be copied or saved.

import type { Text, TextRequest } from '../../protocol/generated';

const PATIENCE = 5000; // ms until a piece is asked for again
const ATTEMPTS = 4;
const PACE = 700; // characters in a millisecond; the server drops what is much faster

export type Part = Omit<TextRequest, 'type' | 'number'>;

export class TextReader {
  constructor(private readonly _ask: (request: TextRequest) => void) {}

  /**
   * The text of some rows; of a text longer than `most` characters, a beginning of whole lines.
   *
   * @throws Error where the kernel does not answer, or another text is asked for before this one is there.
   */
  async read(part: Part, most = Infinity): Promise<{ text: string; isWhole: boolean }> {
    const texts: string[] = [];
    let { row, skip, isDone, length } = { row: part.start, skip: part.skip, isDone: false, length: 0 };
    while (!isDone && length <= most) {
      const answer = await this._piece({ ...part, start: row, skip });
      const text = await unpacked(answer.data);
      texts.push(text);
      ({ row, skip, done: isDone } = answer);
      length += text.length;
      if (!isDone) {
        await new Promise(resolve => setTimeout(resolve, answer.data.length / PACE));
      }
    }
    const text = texts.join('');
    if (length <= most) {
      return { text, isWhole: true };
    }
    return { text: text.slice(0, text.lastIndexOf('\n', most) + 1), isWhole: false };
  }

  receive(answer: Text): void {
    if (answer.number === this._number) {
      this._answered?.(answer);
    }
  }

  private async _piece(part: Part): Promise<Text> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      this._number++;
      const answer = await new Promise<Text | null>(resolve => {
        const timer = setTimeout(() => resolve(null), PATIENCE);
        this._answered?.(null);
        this._answered = found => {
          clearTimeout(timer);
          resolve(found);
        };
        this._ask({ type: 'text', number: this._number, ...part });
      });
      if (answer) {
        return answer;
      }
    }
    throw new Error('The kernel does not answer.');
  }

  private _number = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0; // not that of another page on the same card
  private _answered: ((answer: Text | null) => void) | undefined;
}

async function unpacked(data: string): Promise<string> {
  const bytes = Uint8Array.from(atob(data), character => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Response(stream).text();
}

/** Puts a text on the clipboard, also on a page that is not secure. */
export async function copy(text: string): Promise<void> {
  // A page on plain HTTP has no clipboard, whatever the types say.
  const clipboard = navigator.clipboard as Clipboard | undefined;
  if (clipboard) {
    await clipboard.writeText(text);
    return;
  }
  const put = (event: ClipboardEvent): void => {
    event.clipboardData?.setData('text/plain', text);
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  document.addEventListener('copy', put, { capture: true, once: true });
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- such a page has no other way
  const isCopied = document.execCommand('copy');
  document.removeEventListener('copy', put, { capture: true });
  if (!isCopied) {
    throw new Error('The browser does not allow it.');
  }
}

/** Saves a text as a file of the person's. */
export function save(text: string, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
