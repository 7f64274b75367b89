// What the commands do, and when they can.

import type { Cell } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { activeMagic, runBelow, runCell, source } from '../runs/cells';
import { magicOf, whereOf } from '../runs/magics';
import type { IRuns } from '../runs/runs';

export interface IAction {
  readonly id: string;
  /** On a button in a cell of ours, and in the palette. */
  readonly short: string;
  readonly label: string;
  readonly caption: string;
  can(runs: IRuns, panel: NotebookPanel): boolean;
  /** Whether a cell with this magic has the button while it can. */
  suits(magic: string): boolean;
  run(runs: IRuns, panel: NotebookPanel): Promise<void> | void;
}

const isFree = (runs: IRuns, panel: NotebookPanel) => runs.state(panel)?.busy === false;

/** The cell that "Plan" runs: the active one, else the last one before it that plans. */
function planCell(panel: NotebookPanel): Cell | undefined {
  const { activeCellIndex, widgets } = panel.content;
  return widgets.slice(0, activeCellIndex + 1).findLast(cell => magicOf(source(cell)) === 'tfplan');
}

export const ACTIONS: readonly IAction[] = [
  {
    id: 'tfmfa_nb:plan',
    short: 'Plan',
    label: 'Terraform: Plan',
    caption: 'Run the active %%tfplan cell, or the nearest one above it',
    can: (runs, panel) => isFree(runs, panel) && planCell(panel) !== undefined,
    suits: magic => magic === 'tfplan',
    run: (_, panel) => {
      const cell = planCell(panel);
      return cell && runCell(panel, cell);
    }
  },
  {
    id: 'tfmfa_nb:apply',
    short: 'Apply',
    label: 'Terraform: Apply',
    caption: 'Apply the most recent plan',
    can: (runs, panel) =>
      isFree(runs, panel) && (runs.state(panel)?.run?.status === 'planned' || activeMagic(panel) === 'tfapply'),
    suits: magic => magic !== '',
    run: (runs, panel) => {
      const { activeCell, activeCellIndex, widgets } = panel.content;
      const here = [activeCell, widgets[activeCellIndex + 1]].find(cell => cell && magicOf(source(cell)) === 'tfapply');
      const latest = runs.state(panel)?.run;
      const each = latest?.stands ? ` --each ${latest.id}` : '';
      return here ? runCell(panel, here) : runBelow(panel, `%tfapply${each}`);
    }
  },
  {
    id: 'tfmfa_nb:cancel',
    short: 'Cancel',
    label: 'Terraform: Cancel Run',
    caption: 'Stop the run gracefully and save what it has finished',
    can: (runs, panel) => runs.state(panel)?.busy === true && runs.state(panel)?.run?.canceling === false,
    suits: magic => magic !== '',
    run: (runs, panel) => runs.cancel(panel)
  },
  {
    id: 'tfmfa_nb:settings',
    short: 'MFA',
    label: 'Terraform: Environment Settings',
    caption: "Show the environment's MFA level and the identity that runs Terraform",
    can: isFree,
    suits: magic => magic !== '',
    run: (runs, panel) => runBelow(panel, `%tfmfa ${whereOfActive(runs, panel)}`.trim())
  },
  {
    id: 'tfmfa_nb:show-runs',
    short: 'Runs',
    label: 'Terraform: Show Runs',
    caption: "List the environment's runs, open one, or follow one that is still running",
    can: isFree,
    suits: () => false, // in the palette only: a cell has buttons enough
    run: (runs, panel) => runBelow(panel, `%tfruns ${whereOfActive(runs, panel)}`.trim())
  }
];

/** The environment that the active cell names, else that of the latest run. */
function whereOfActive(runs: IRuns, panel: NotebookPanel): string {
  const cell = panel.content.activeCell;
  const named = cell && whereOf(source(cell));
  if (named) {
    return named;
  }
  const name = runs.state(panel)?.run?.environment ?? '';
  return /^\w[\w.-]*$/.test(name) ? `-e ${name}` : '';
}
