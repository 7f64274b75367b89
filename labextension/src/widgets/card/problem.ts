// The run's error, its remedy, and the documents that fix it.

import { make, setText, setVisible } from '../../dom/elements';
import { IconHolder } from '../../dom/icons';
import type { CardState } from '../../protocol/generated';
import { Documents } from './documents';

export class Problem {
  draw(state: CardState): void {
    // The lock indicator has said it already where both are the same; what fixes it stands here in any case.
    const isSaid = state.lock_indicator === 'failed' && state.error === state.lock_indicator_text;
    // What a person has stopped is no failure.
    const isStopped = ['canceled', 'discarded'].includes(state.status);
    this.node.className = isStopped ? 'tfmfa-stopped' : 'tfmfa-error';
    this._icon.draw(isStopped ? 'stopped' : 'bad', isStopped ? 'Stopped' : 'Error');
    setVisible(this.node, state.error !== '' && !(isSaid && state.error_documents.length === 0));
    for (const part of [this._icon.node, this._error, this._remedy]) {
      setVisible(part, !isSaid);
    }
    setText(this._error, state.error);
    setText(this._remedy, state.error_remedy);
    this._documents.draw(state.error_documents);
  }

  private readonly _icon = new IconHolder(make('span'));
  private readonly _error = make('strong');
  private readonly _remedy = make('div', 'tfmfa-remedy');
  private readonly _documents = new Documents();

  readonly node = make(
    'div',
    'tfmfa-error',
    this._icon.node,
    make('div', 'tfmfa-grow', this._error, this._remedy, this._documents.node)
  );
}
