// What fixes an error, ready to paste: policies and blocks of configuration. Their text is others', and only text.

import { make, Refill, setVisible, withAttributes } from '../../dom/elements';
import type { IDocument } from '../../protocol/messages';

export class Documents {
  readonly node = make('div', 'tfmfa-documents');

  draw(documents: readonly IDocument[]): void {
    setVisible(this.node, documents.length > 0);
    this._refill.draw(documents); // a selection that is being copied stays
  }

  private readonly _refill = new Refill<readonly IDocument[]>(this.node, documents =>
    documents.map(({ text, title }) => {
      const attributes = { tabindex: 0, role: 'region', 'aria-label': title };
      const body = withAttributes(make('pre', 'tfmfa-document tfmfa-mono', text), attributes);
      return make('div', '', make('div', 'tfmfa-document-title', title), body);
    })
  );
}
