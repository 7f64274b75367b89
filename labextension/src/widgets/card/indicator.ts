// The lock indicator: whether MFA is asked for, and how that stands.

import { make, setText } from '../../dom/elements';
import { IconHolder, lockIndicatorIcon } from '../../dom/icons';
import type { CardState } from '../../protocol/generated';
import { lockIndicatorName } from '../../text/words';

export class LockIndicator {
  draw(state: Pick<CardState, 'lock_indicator' | 'lock_indicator_remedy' | 'lock_indicator_text'>): void {
    const name = lockIndicatorName(state.lock_indicator);
    this._icon.draw(lockIndicatorIcon(state.lock_indicator), name);
    setText(this._name, name);
    setText(this._text, state.lock_indicator_text);
    setText(this._remedy, state.lock_indicator_remedy);
  }

  private readonly _icon = new IconHolder(make('span', 'tfmfa-lock-icon'));
  private readonly _name = make('strong', 'tfmfa-lock-name');
  private readonly _text = make('span', 'tfmfa-lock-text');
  private readonly _remedy = make('div', 'tfmfa-lock-remedy');

  readonly node = make(
    'div',
    'tfmfa-lock',
    this._icon.node,
    make('div', 'tfmfa-lock-words', this._name, ' ', this._text, this._remedy)
  );
}
