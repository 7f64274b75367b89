// The lock in the status bar: icon and words, a button for the keyboard and the screen reader.

import { Widget } from '@lumino/widgets';
import { lockIndicatorIcon, makeIcon } from '../dom/icons';
import type { RunStatus } from '../protocol/generated';
import type { ILevel } from '../runs/state';
import { lockIndicatorName, runWords } from '../text/words';

export class LockItem extends Widget {
  /** @param press - What a click does. */
  constructor(press: () => void) {
    super();
    this.addClass('tfmfa-statusbar');
    this._button.type = 'button';
    this._button.addEventListener('click', press);
    this.node.append(this._button);
  }

  displayRun(run: RunStatus): void {
    const { environment, level, lock_indicator } = run;
    const words = `${lockIndicatorName(lock_indicator)} (${level}) · ${environment}: ${runWords(run)}`;
    this._show(lock_indicator, words, 'Show the run');
  }

  displayEnvironment({ environment, error, level, lock_indicator }: ILevel): void {
    const words = lock_indicator
      ? `${lockIndicatorName(lock_indicator)} (${level}) · ${environment}: No run yet`
      : 'Terraform: no run yet';
    this._show(lock_indicator, words, error || 'Show the environment and its level');
  }

  private _show(indicator: string, words: string, hint: string): void {
    if (this._button.textContent !== words || this.node.dataset['lock'] !== indicator) {
      this.node.dataset['lock'] = indicator;
      this._button.replaceChildren(makeIcon(lockIndicatorIcon(indicator)), words);
      this._button.title = `${words}\n${hint}`;
      this._button.setAttribute('aria-label', `${words}. ${hint}`);
    }
  }

  private readonly _button = document.createElement('button');
}
