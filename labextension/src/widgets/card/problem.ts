// The run's error, its remedy, and the documents that fix it.

import { make, setText, setVisible } from '../../dom/elements';
import { makeIcon } from '../../dom/icons';
import type { CardState } from '../../protocol/generated';
import { Documents } from './documents';

export class Problem {
  draw(state: CardState): void {
    // The lock indicator has said it already where both are the same; what fixes it stands here in any case.
    const isSaid = state.lock_indicator === 'failed' && state.error === state.lock_indicator_text;
    setVisible(this.node, state.error !== '' && !(isSaid && state.error_documents.length === 0));
    for (const part of [this._icon, this._error, this._remedy]) {
      setVisible(part, !isSaid);
    }
    setText(this._error, state.error);
    setText(this._remedy, state.error_remedy);
    this._documents.draw(state.error_documents);
  }

  private readonly _icon = make('span', '', makeIcon('bad', 'Error'));
  private readonly _error = make('strong');
  private readonly _remedy = make('div', 'tfmfa-remedy');
  private readonly _documents = new Documents();

  readonly node = make(
    'div',
    'tfmfa-error',
    this._icon,
    make('div', 'tfmfa-grow', this._error, this._remedy, this._documents.node)
  );
}
