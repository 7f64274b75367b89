// An environment's setting "AWS Multi-Factor Authentication".

import { make, Refill, setText, setVisible, withAttributes } from '../../dom/elements';
import type { SettingsContent } from '../../protocol/generated';
import type { FormChannel, IPart } from '../channel';
import type { Action } from './action';
import { FormFrame } from './frame';

type Levels = SettingsContent['levels'];

export class SettingsForm implements IPart {
  constructor(channel: FormChannel<SettingsContent>) {
    this._frame = new FormFrame(channel, 'Environment', { draw: (shown, saved) => this._draw(shown, saved) });
    const { id } = this._frame;
    const [choice, meanings, reason] = [`${id}-choice`, `${id}-meanings`, `${id}-reason`];
    withAttributes(this._choice, { id: choice, 'aria-describedby': `${meanings} ${reason}` });
    this._choice.addEventListener('change', () => {
      this._isTouched = true;
      this._mark();
      this._frame.tell('');
    });
    this._meanings.id = meanings;
    this._reason.id = reason;
    this._save = this._frame.action('Save', 'tfmfa-primary', () =>
      this._frame.act('save', { level: this._choice.value })
    );
    const label = withAttributes(make('label', 'tfmfa-sheet-label', 'AWS Multi-Factor Authentication'), {
      for: choice
    });
    this._frame.start(
      make('div', 'tfmfa-sheet-row', label, this._choice, this._save.node),
      this._meanings,
      this._reason
    );
  }

  get node(): HTMLElement {
    return this._frame.node;
  }

  dispose(): void {
    this._frame.dispose();
  }

  private _draw(shown: SettingsContent, saved: boolean): void {
    setText(this._frame.title, `Environment "${shown.environment}"`);
    const before = this._choice.value;
    this._options.draw({ levels: shown.levels, isUnknown: shown.level === '' });
    this._choice.value = before;
    this._explanations.draw(shown.levels);
    this._isTouched &&= !saved;
    if (!this._isTouched) {
      this._choice.value = shown.level;
    }
    this._choice.disabled = shown.off;
    this._save.isAllowed = !shown.off;
    setText(this._reason, shown.reason);
    setVisible(this._reason, shown.reason !== '');
    this._mark();
    if (shown.problem && !this._frame.isBusy) {
      this._frame.tell('', shown.problem);
    }
  }

  /** Marks the meaning of what is chosen. */
  private _mark(): void {
    for (const item of this._meanings.querySelectorAll('li')) {
      item.classList.toggle('tfmfa-chosen', item.dataset['level'] === this._choice.value);
    }
  }

  private readonly _frame: FormFrame<SettingsContent>;
  private readonly _choice = make('select', 'tfmfa-select');
  private readonly _meanings = make('ul', 'tfmfa-meanings');
  private readonly _reason = make('div', 'tfmfa-reason');
  private readonly _save: Action;
  private _isTouched = false;
  private readonly _options = new Refill<{ levels: Levels; isUnknown: boolean }>(
    this._choice,
    ({ levels, isUnknown }) => [
      ...(isUnknown ? [withAttributes(make('option', '', '(cannot be read)'), { value: '' })] : []),
      ...levels.map(({ allowed, name }) => {
        const option = withAttributes(make('option', '', name), { value: name });
        option.disabled = !allowed;
        return option;
      })
    ]
  );
  private readonly _explanations = new Refill<Levels>(this._meanings, levels =>
    levels.map(({ meaning, name }) => {
      const item = make('li', '', make('strong', '', `${name}:`), ' ', meaning);
      item.dataset['level'] = name;
      return item;
    })
  );
}
