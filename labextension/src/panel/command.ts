// The command that opens a run in a panel of its own, and when it is needed.

import type { NotebookPanel } from '@jupyterlab/notebook';

export const OPEN_RUN = 'tfmfa_nb:open-run';

/** Whether the notebook shows the card of a run that has not ended. */
export function showsCard(notebook: NotebookPanel): boolean {
  return notebook.node.querySelector('.tfmfa-card:not([data-ended])') !== null;
}
