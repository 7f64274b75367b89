// The lock in the status bar: icon and words, a button for the keyboard and the screen reader.

import { Widget } from '@lumino/widgets';
import type { ILevel, IRun } from '../runs/state';
import { lockName, statusName } from '../runs/state';
import { lockIcon } from './icons';

export class LockItem extends Widget {
  /** @param press - What a click does. */
  constructor(press: () => void) {
    super();
    this.addClass('tfmfa-statusbar');
    this._button.type = 'button';
    this._button.addEventListener('click', press);
    this.node.append(this._button);
  }

  displayRun(run: IRun): void {
    const words = `${lockName(run)} (${run.level}) · ${run.environment}: ${statusName(run)}`;
    this._show(run.lock_indicator, words, 'Show the run');
  }

  displayEnvironment({ environment, error, level, lock_indicator: lock }: ILevel): void {
    const words = lock ? `${lockName({ lock_indicator: lock })} (${level}) · ${environment}: No run yet` : 'Terraform: no run yet';
    this._show(lock, words, error || 'Show the environment and its level');
  }

  private _show(lock: string, words: string, hint: string): void {
    if (this._button.textContent !== words || this.node.dataset['lock'] !== lock) {
      this.node.dataset['lock'] = lock;
      this._button.replaceChildren(lockIcon(lock), words);
      this._button.title = `${words}\n${hint}`;
      this._button.setAttribute('aria-label', `${words}. ${hint}`);
    }
  }

  private readonly _button = document.createElement('button');
}
