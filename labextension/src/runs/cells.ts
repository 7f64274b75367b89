// Where a run is in its notebook, and how to get there.

import type { Cell } from '@jupyterlab/cells';
import type { Notebook, NotebookPanel } from '@jupyterlab/notebook';
import { NotebookActions } from '@jupyterlab/notebook';
import { magicOf } from './magics';

const LOADS = /load_ext\s+tfmfa_nb/;

const latest = new WeakMap<Notebook, Cell>();

/** Remember, from here on, which cell of each notebook started a run last. */
export function rememberRuns(): void {
  NotebookActions.executionScheduled.connect((_, { notebook, cell }) => {
    if (magicOf(source(cell))) {
      latest.set(notebook, cell);
    }
  });
}

/** Whether some cell loads our kernel extension. */
export async function loadsExtension(panel: NotebookPanel): Promise<boolean> {
  await panel.context.ready;
  return [...(panel.model?.cells ?? [])].some(cell => LOADS.test(cell.sharedModel.getSource()));
}

/** Go to the latest run's cell; false where there is none. */
export async function showRun(panel: NotebookPanel): Promise<boolean> {
  const notebook = panel.content;
  const cells = notebook.widgets;
  const known = latest.get(notebook);
  // After a reload nobody remembers: the last cell that shows a run.
  const cell = known && cells.includes(known) ? known : cells.findLast(showsRun);
  if (!cell) {
    return false;
  }
  notebook.activeCellIndex = cells.indexOf(cell);
  await notebook.scrollToCell(cell);
  // A long cell's card is at its end.
  cell.node.querySelector('.jp-Cell-outputWrapper')?.scrollIntoView({ block: 'nearest' });
  return true;
}

/** Put a cell below the active one and run it. */
export async function runBelow(panel: NotebookPanel, text: string): Promise<void> {
  const notebook = panel.content;
  NotebookActions.insertBelow(notebook);
  NotebookActions.changeCellType(notebook, 'code');
  notebook.activeCell?.model.sharedModel.setSource(text);
  await NotebookActions.run(notebook, panel.sessionContext);
  if (notebook.activeCell) {
    await notebook.scrollToCell(notebook.activeCell);
  }
}

/** Run a cell where it is. */
export async function runCell(panel: NotebookPanel, cell: Cell): Promise<void> {
  panel.content.activeCellIndex = panel.content.widgets.indexOf(cell);
  await NotebookActions.run(panel.content, panel.sessionContext);
}

/** The magic of the active cell. */
export function activeMagic(panel: NotebookPanel): string {
  const cell = panel.content.activeCell;
  return cell?.model.type === 'code' ? magicOf(source(cell)) : '';
}

/** The cell that says which environment is meant before anything has run: the active one, else the first of ours. */
export function speakingCell(panel: NotebookPanel): string {
  const { activeCell, widgets } = panel.content;
  const ours = [activeCell, ...widgets].find(cell => cell && magicOf(source(cell)));
  return ours ? source(ours) : '';
}

export function source(cell: Cell): string {
  return cell.model.sharedModel.getSource();
}

function showsRun(cell: Cell): boolean {
  return magicOf(source(cell)) !== '' && cell.node.querySelector('.jp-OutputArea-output') !== null;
}
