// The lock in the status bar: icon and words, a button for the keyboard and the screen reader.

import { Widget } from '@lumino/widgets';
import type { IState } from '../runs/state';
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

  display(state: IState): void {
    const { run } = state;
    const lock = run?.lock ?? '';
    const words = run
      ? `${lockName(run)} (${run.level}) · ${run.environment}: ${statusName(run)}`
      : 'Terraform: no run yet';
    const hint = run ? 'Show the run' : 'Show the environment and its level';
    if (this._button.textContent !== words || this.node.dataset['lock'] !== lock) {
      this.node.dataset['lock'] = lock;
      this._button.replaceChildren(lockIcon(lock), words);
      this._button.title = `${words}\n${hint}`;
      this._button.setAttribute('aria-label', `${words}. ${hint}`);
    }
  }

  private readonly _button = document.createElement('button');
}
