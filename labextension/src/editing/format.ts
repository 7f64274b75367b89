// Plugin: `terraform fmt` as a command on a cell of ours.

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, Notification } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { activeMagic } from '../runs/cells';
import { IRuns } from '../runs/runs';
import { text } from '../runs/untrusted';

const FORMAT = 'tfmfa_nb:format';

export const formatPlugin: JupyterFrontEndPlugin<void> = {
  id: 'tfmfa_nb:format',
  description: 'Formats a cell that starts with %%tfplan or %%tfapply as terraform fmt does.',
  autoStart: true,
  requires: [IRuns, INotebookTracker],
  optional: [ICommandPalette],
  activate: (
    { commands }: JupyterFrontEnd,
    runs: IRuns,
    notebooks: INotebookTracker,
    palette: ICommandPalette | null
  ) => {
    commands.addCommand(FORMAT, {
      label: 'Terraform: Format Cell',
      caption: 'Format the cell as terraform fmt does',
      isEnabled: () => runs.current !== null && runs.state(runs.current) !== null && activeMagic(runs.current) !== '',
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => format(runs)
    });
    palette?.addItem({ command: FORMAT, category: 'Terraform' });
    runs.changed.connect(() => commands.notifyCommandChanged(FORMAT));
    notebooks.activeCellChanged.connect(() => commands.notifyCommandChanged(FORMAT));
  }
};

async function format(runs: IRuns): Promise<void> {
  const panel = runs.current;
  const shared = panel?.content.activeCell?.model.sharedModel;
  if (!panel || !shared) {
    return;
  }
  const before = shared.getSource();
  const answer = await runs.ask(panel, { type: 'format', text: before });
  const error = text(answer, 'error');
  if (error) {
    Notification.warning(error, { autoClose: 8000 });
    return;
  }
  const after = text(answer, 'text');
  if (after && after !== before && shared.getSource() === before) {
    // Only what differs, so that the cursor stays where it is, and one undo brings all of it back.
    let from = 0;
    while (from < before.length && before[from] === after[from]) {
      from++;
    }
    let same = 0;
    while (same < Math.min(before.length, after.length) - from && before.at(-1 - same) === after.at(-1 - same)) {
      same++;
    }
    shared.updateSource(from, before.length - same, after.slice(from, after.length - same));
  }
}
