// Plugin: the card of a run in a panel of its own, where the notebook's output cannot show it any more.
//
// A reloaded page has lost the output of a notebook that was not saved. The kernel still has the card, and asks on it.

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, MainAreaWidget, Notification } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { Panel, Widget } from '@lumino/widgets';
import { make, makeButton } from '../dom/elements';
import type { RunStatus } from '../protocol/generated';
import { runBelow } from '../runs/cells';
import { readAnswer } from '../runs/overview';
import { IRuns } from '../runs/runs';
import { runWords } from '../text/words';
import { onOpenRun } from '../widgets/fleet/open';
import { OPEN_RUN, showsCard } from './command';

const WIDGET = 'application/vnd.jupyter.widget-view+json';
const PATIENCE = 3000; // ms in which a page that was just loaded has restored its outputs

export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: 'tfmfa_nb:panel',
  description: 'Shows a run in a panel of its own where its notebook cannot show it.',
  autoStart: true,
  requires: [IRuns],
  optional: [ICommandPalette],
  activate: (app: JupyterFrontEnd, runs: IRuns, palette: ICommandPalette | null) => {
    const panels = new Map<string, RunPanel>();
    const others = new Map<string, RunPanel>();
    /** Below the notebook; further ones are tabs beside the first. */
    const show = async (panel: RunPanel, notebook: NotebookPanel): Promise<void> => {
      await panel.render();
      const shown = [...panels.values(), ...others.values()].find(each => each !== panel && each.isAttached);
      const [mode, ref] = shown ? (['tab-after', shown.id] as const) : (['split-bottom', notebook.id] as const);
      app.shell.add(panel, 'main', { mode, ref });
      if (!panel.isAttached) {
        panel.content.node.style.minHeight = '240px'; // it begins with none
        app.shell.add(panel, 'down'); // Notebook 7 has room for one document only
        app.shell.activateById(panel.id);
      }
    };
    const open = async (notebook: NotebookPanel): Promise<void> => {
      const run = runs.state(notebook)?.run;
      if (!run?.card) {
        return;
      }
      const known = panels.get(run.card);
      if (known) {
        app.shell.activateById(known.id);
        return;
      }
      const panel = new RunPanel(notebook, run);
      panels.set(run.card, panel);
      panel.disposed.connect(() => panels.delete(run.card));
      await show(panel, notebook);
    };
    /** Opens the run of an environment whose card the notebook does not have: a past one, or another kernel's. */
    const openOther = async (notebook: NotebookPanel, folder: string, run: string): Promise<void> => {
      const known = others.get(run);
      if (known) {
        app.shell.activateById(known.id);
        return;
      }
      const { card, error } = readAnswer(await runs.ask(notebook, { type: 'open', folder, run, agreed: false }));
      if (!card) {
        const unloaded = 'To open runs, run %load_ext tfmfa_nb in the notebook.';
        Notification.error(runs.state(notebook) ? error : unloaded, { autoClose: 8000 });
        return;
      }
      const panel = new RunPanel(notebook, { card, id: run, environment: folder || run, stands: '' }, true);
      others.set(run, panel);
      panel.disposed.connect(() => others.delete(run));
      await show(panel, notebook);
    };
    app.commands.addCommand(OPEN_RUN, {
      label: 'Terraform: Open Run',
      caption: 'Show the run in a panel beside its notebook',
      isEnabled: ({ run }) => run !== undefined || (runs.state(runs.current)?.run?.card ?? '') !== '',
      describedBy: {
        args: {
          type: 'object',
          properties: {
            run: { type: 'string', description: "The run's ID; without it, the notebook's latest run" },
            folder: { type: 'string', description: "The folder of the run's environment, as the kernel names it" },
            notebook: { type: 'string', description: 'The ID of the notebook; without it, the current one' }
          }
        }
      },
      execute: ({ folder, notebook, run }) => {
        const panel = runs.notebooks.find(({ id }) => id === notebook) ?? runs.current;
        if (!panel) {
          return;
        }
        const own = runs.state(panel)?.run;
        return typeof run !== 'string' || (own?.id === run && own.card)
          ? open(panel)
          : openOther(panel, typeof folder === 'string' ? folder : '', run);
      }
    });
    onOpenRun((card, { folder, run }) => {
      const notebook = runs.notebooks.find(({ node }) => node.contains(card)) ?? runs.current;
      if (notebook) {
        void app.commands.execute(OPEN_RUN, { folder, run, notebook: notebook.id });
      }
    });
    palette?.addItem({ command: OPEN_RUN, category: 'Terraform' });

    const asked = new WeakSet<NotebookPanel>();
    runs.changed.connect((_, notebook) => {
      app.commands.notifyCommandChanged(OPEN_RUN);
      if (!notebook) {
        return;
      }
      const run = runs.state(notebook)?.run;
      panels.forEach(panel => panel.update(notebook, run ?? null));
      if (run?.card && !asked.has(notebook)) {
        asked.add(notebook); // once for each page: a person may close the panel
        setTimeout(() => {
          const now = runs.state(notebook)?.run;
          if (now?.card === run.card && !notebook.isDisposed && !showsCard(notebook)) {
            void open(notebook);
          }
        }, PATIENCE);
      }
    });
  }
};

class RunPanel extends MainAreaWidget<Panel> {
  constructor(
    private readonly _notebook: NotebookPanel,
    private readonly _run: Pick<RunStatus, 'card' | 'environment' | 'id' | 'stands'>,
    /** Whether the card is not the notebook's own, whose end the notebook's state tells. */
    private readonly _isOther = false
  ) {
    super({ content: new Panel() });
    this.id = `tfmfa-run-${_run.card}`;
    this.title.label = nameOf(_run);
    this.title.closable = true;
    this.content.addClass('tfmfa-panel');
  }

  async render(): Promise<void> {
    const { rendermime } = this._notebook.content;
    const data = { [WIDGET]: { model_id: this._run.card, version_major: 2, version_minor: 0 } };
    const renderer = rendermime.createRenderer(WIDGET);
    await renderer.renderModel(rendermime.createModel({ data, trusted: true }));
    this.content.addWidget(renderer);
  }

  /** Once the card is closed, says how the run ended, and brings its summary into the notebook. */
  override update(notebook?: NotebookPanel, run?: RunStatus | null): void {
    super.update();
    if (notebook !== this._notebook || this._isOther || this._isOver || run?.card === this._run.card) {
      return;
    }
    this._isOver = true;
    const words = run?.id === this._run.id ? runWords(run) : 'The kernel has exited';
    const show = makeButton('Show in the notebook', '', () => {
      void runBelow(this._notebook, `%tfruns open ${this._run.id}`);
      this.dispose();
    });
    const end = make('div', 'tfmfa-panel-end', `${this._run.environment}: ${words}. `, show);
    this.content.widgets.forEach(widget => widget.dispose());
    this.content.addWidget(new Widget({ node: make('div', 'tfmfa-card', end) }));
  }

  private _isOver = false;
}

function nameOf({ environment, id, stands }: Pick<RunStatus, 'environment' | 'id' | 'stands'>): string {
  if (environment === id) {
    return `Fleet ${id.slice(id.lastIndexOf('-') + 1)}`; // that is enough for %tfruns, too
  }
  return stands ? `Fleet of ${environment}` : `Run in ${environment}`;
}
