// Plugin: the lock of the current notebook's environment in the status bar, where there is a status bar.

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IStatusBar } from '@jupyterlab/statusbar';
import { Signal } from '@lumino/signaling';
import { runBelow, showRun } from '../runs/cells';
import { IRuns } from '../runs/runs';
import { LockItem } from './item';

export const statusPlugin: JupyterFrontEndPlugin<void> = {
  id: 'tfmfa_nb:status',
  description: 'The MFA lock of the current notebook in the status bar.',
  autoStart: true,
  requires: [IRuns],
  optional: [IStatusBar],
  activate: (_app: JupyterFrontEnd, runs: IRuns, bar: IStatusBar | null) => {
    if (!bar) {
      return;
    }
    const item = new LockItem(() => void press(runs));
    const activeStateChanged = new Signal<LockItem, void>(item);
    runs.changed.connect((_, panel) => {
      if (panel && panel !== runs.current) {
        return;
      }
      const state = runs.state(runs.current);
      if (state) {
        item.display(state);
      }
      activeStateChanged.emit();
    });
    bar.registerStatusItem('tfmfa_nb:status', {
      item,
      align: 'middle',
      isActive: () => runs.state(runs.current) !== null,
      activeStateChanged
    });
  }
};

async function press(runs: IRuns): Promise<void> {
  const panel = runs.current;
  if (panel && !(await showRun(panel))) {
    await runBelow(panel, '%tfmfa');
  }
}
