// Plugin: the commands in the palette, and on the toolbar of cells of ours (schema/commands.json).

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { settingsIcon } from '@jupyterlab/ui-components';
import { activeMagic } from '../runs/cells';
import { IRuns } from '../runs/runs';
import { ACTIONS } from './actions';

export const commandsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'tfmfa_nb:commands',
  description: 'Plan, Apply, Cancel Run, Environment Settings and Show Runs as commands and cell buttons.',
  autoStart: true,
  requires: [IRuns, INotebookTracker],
  optional: [ICommandPalette],
  activate: (
    { commands }: JupyterFrontEnd,
    runs: IRuns,
    notebooks: INotebookTracker,
    palette: ICommandPalette | null
  ) => {
    for (const action of ACTIONS) {
      const can = () => runs.current !== null && action.can(runs, runs.current);
      commands.addCommand(action.id, {
        label: ({ toolbar }) => (toolbar ? action.short : action.label),
        caption: action.caption,
        icon: ({ toolbar }) => (toolbar && action.id === 'tfmfa_nb:settings' ? settingsIcon : undefined),
        isEnabled: can,
        isVisible: ({ toolbar }) =>
          !toolbar || (can() && runs.current !== null && action.suits(activeMagic(runs.current))),
        describedBy: {
          args: {
            type: 'object',
            properties: { toolbar: { type: 'boolean', description: 'Whether the command is a button on a cell' } }
          }
        },
        execute: () => runs.current && action.run(runs, runs.current)
      });
      palette?.addItem({ command: action.id, category: 'Terraform' });
    }

    const tell = () => ACTIONS.forEach(({ id }) => commands.notifyCommandChanged(id));
    runs.changed.connect(tell);
    let magic = '';
    let forget = (): void => undefined;
    notebooks.activeCellChanged.connect((_, cell) => {
      forget();
      // While a cell is typed it becomes one of ours, or ceases to be one.
      const look = () => {
        const now = runs.current ? activeMagic(runs.current) : '';
        if (now !== magic) {
          magic = now;
          tell();
        }
      };
      cell?.model.contentChanged.connect(look);
      forget = () => void cell?.model.contentChanged.disconnect(look);
      magic = runs.current ? activeMagic(runs.current) : '';
      tell();
    });
  }
};
