// Plugin: the lock of the current notebook's environment in the status bar, where there is a status bar.

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker, NotebookActions } from '@jupyterlab/notebook';
import { IStatusBar } from '@jupyterlab/statusbar';
import { Signal } from '@lumino/signaling';
import { OPEN_RUN, showsCard } from '../panel/command';
import { runBelow, showRun, speakingCell } from '../runs/cells';
import { IRuns } from '../runs/runs';
import { readLevel } from '../runs/state';
import { LockItem } from './item';

export const statusPlugin: JupyterFrontEndPlugin<void> = {
  id: 'tfmfa_nb:status',
  description: "Shows the current notebook's MFA lock indicator in the status bar.",
  autoStart: true,
  requires: [IRuns],
  optional: [IStatusBar, INotebookTracker],
  activate: (app: JupyterFrontEnd, runs: IRuns, bar: IStatusBar | null, notebooks: INotebookTracker | null) => {
    if (!bar) {
      return;
    }
    const item = new LockItem(() => void press(app, runs));
    const activeStateChanged = new Signal<LockItem, void>(item);
    runs.changed.connect((_, panel) => {
      if (panel && panel !== runs.current) {
        return;
      }
      const state = runs.state(runs.current);
      if (state?.run) {
        item.displayRun(state.run);
      } else if (state) {
        void look();
      }
      activeStateChanged.emit();
    });
    // Before anything has run there: the level that the environment has.
    const look = async () => {
      const panel = runs.current;
      if (!panel || runs.state(panel)?.run !== null) {
        return;
      }
      const answer = await runs.ask(panel, { type: 'level', text: speakingCell(panel) });
      if (answer && panel === runs.current && runs.state(panel)?.run === null) {
        item.displayEnvironment(readLevel(answer));
      }
    };
    notebooks?.activeCellChanged.connect(() => void look());
    // A cell may have set another level.
    NotebookActions.executed.connect(() => void look());
    bar.registerStatusItem('tfmfa_nb:status', {
      item,
      align: 'middle',
      isActive: () => runs.state(runs.current) !== null,
      activeStateChanged
    });
  }
};

/** Goes to the run: in its cell, or in a panel of its own where the cell has lost it. */
async function press({ commands }: JupyterFrontEnd, runs: IRuns): Promise<void> {
  const panel = runs.current;
  if (!panel) {
    return;
  }
  if (!showsCard(panel) && commands.hasCommand(OPEN_RUN) && commands.isEnabled(OPEN_RUN)) {
    await commands.execute(OPEN_RUN);
  } else if (!(await showRun(panel))) {
    await runBelow(panel, '%tfmfa');
  }
}
