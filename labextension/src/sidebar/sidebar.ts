// Plugin: the runs of the current notebook's folder in the left side bar.

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILayoutRestorer } from '@jupyterlab/application';
import { Dialog, ICommandPalette, showDialog } from '@jupyterlab/apputils';
import type { AboutRun } from '../protocol/generated';
import { OPEN_RUN } from '../panel/command';
import { runBelow, showRun } from '../runs/cells';
import { readAnswer } from '../runs/overview';
import { IRuns } from '../runs/runs';
import { RunsData } from './data';
import type { Row } from './rows';
import { RunsView } from './view';

const SHOW_RUNS = 'tfmfa_nb:show-runs-panel';
const RUN_ID = /^[\w-]+$/;

export const sidebarPlugin: JupyterFrontEndPlugin<void> = {
  id: 'tfmfa_nb:sidebar',
  description: "Lists the environments of the current notebook's folder and their runs in the left side bar.",
  autoStart: true,
  requires: [IRuns],
  optional: [ICommandPalette, ILayoutRestorer],
  activate: (app: JupyterFrontEnd, runs: IRuns, palette: ICommandPalette | null, restorer: ILayoutRestorer | null) => {
    const data = new RunsData(runs);
    const view = new RunsView(data, (action, row) => void act(action, row));
    view.disposed.connect(() => data.dispose());
    app.shell.add(view, 'left', { rank: 650 });
    restorer?.add(view, view.id);
    app.commands.addCommand(SHOW_RUNS, {
      label: 'Terraform: Show Runs Panel',
      caption: "Show the runs of the current notebook's folder in the side bar",
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => app.shell.activateById(view.id)
    });
    palette?.addItem({ command: SHOW_RUNS, category: 'Terraform' });

    /** Opens a run: the card of a notebook that drives it, or one of its record. */
    const open = async (folder: string, run: string): Promise<void> => {
      const live = data.live(run);
      if (app.commands.hasCommand(OPEN_RUN)) {
        await app.commands.execute(OPEN_RUN, { folder, run, notebook: (live?.notebook ?? data.source)?.id ?? '' });
      } else if (live) {
        app.shell.activateById(live.notebook.id);
        await showRun(live.notebook);
      }
    };

    /** Asks what a run of another kernel asks, on a card below the active cell: a question and its code are a cell's. */
    const answer = async (option: string, run: string): Promise<void> => {
      const notebook = data.source;
      if (notebook && option && RUN_ID.test(run)) {
        app.shell.activateById(notebook.id);
        await runBelow(notebook, `%tfruns ${option} approve ${run}`);
        data.refresh();
      }
    };

    /** Has a kernel do something: the one that drives the run, or else the one that listed it. */
    const ask = async (question: AboutRun): Promise<void> => {
      const kernel = data.live(question.run)?.notebook ?? data.source;
      if (!kernel) {
        return;
      }
      const answer = readAnswer(await runs.ask(kernel, question));
      if (answer.agree) {
        const { button } = await showDialog({
          title: 'Free the lock?',
          body: answer.agree,
          buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: 'Free the lock' })],
          defaultButton: 0
        });
        if (button.accept) {
          await ask({ ...question, agreed: true });
        }
        return;
      }
      view.say(answer.error || answer.text, answer.error !== '');
      data.refresh();
    };

    const act = async (action: string, row: Row): Promise<void> => {
      view.say('');
      const [folder, run] = placeOf(row);
      const live = data.live(run);
      switch (action) {
        case 'open':
        case 'follow':
        case 'show':
          await open(folder, run);
          break;
        case 'answer':
          if (row.kind === 'run') {
            await answer(row.environment.option, run);
          }
          break;
        case 'cancel':
          if (live && runs.state(live.notebook)?.busy) {
            runs.cancel(live.notebook);
          } else {
            view.say(`Canceling ${run}…`);
            await ask({ type: 'cancel', folder, run, agreed: false });
          }
          break;
        case 'discard':
        case 'unlock':
          await ask({ type: action, folder, run, agreed: false });
      }
    };
  }
};

/** The folder and the ID of what a row acts on. */
function placeOf(row: Row): readonly [folder: string, run: string] {
  switch (row.kind) {
    case 'waiting':
      return ['', row.run.id];
    case 'fleet':
      return ['', row.fleet.id];
    case 'member':
      return [row.run.folder, row.run.run];
    case 'environment':
      return [row.environment.folder, row.environment.holder];
    case 'run':
      return [row.environment.folder, row.run.id];
    default:
      return ['', ''];
  }
}
