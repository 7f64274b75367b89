// What fixes an error, ready to paste: policies and blocks of configuration. Their text is others', and only text.

import { make, Refill, setVisible, withAttributes } from '../../dom/elements';
import type { ErrorDocument } from '../../protocol/generated';

export class Documents {
  readonly node = make('div', 'tfmfa-documents');

  draw(documents: readonly ErrorDocument[]): void {
    setVisible(this.node, documents.length > 0);
    this._refill.draw(documents); // a selection that is being copied stays
  }

  private readonly _refill = new Refill<readonly ErrorDocument[]>(this.node, documents =>
    documents.map(({ text, title }) => {
      const attributes = { tabindex: 0, role: 'region', 'aria-label': title };
      const body = withAttributes(make('pre', 'tfmfa-document tfmfa-mono', text), attributes);
      return make('div', '', make('div', 'tfmfa-document-title', title), body);
    })
  );
}
