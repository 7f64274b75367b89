// Plugin: what the kernels of the open notebooks say about their runs, for the plugins that show it.

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { CodeEditor } from '@jupyterlab/codeeditor';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { INotebookTracker } from '@jupyterlab/notebook';
import type { JSONObject } from '@lumino/coreutils';
import { Token } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import type { KernelQuestion } from '../protocol/generated';
import { loadsExtension, rememberRuns } from './cells';
import { Connection } from './connection';
import { rememberPlaces } from './places';
import type { IState } from './state';

export interface IRuns {
  /** Emits a notebook whose state has changed, or null when another notebook has become the current one. */
  readonly changed: ISignal<IRuns, NotebookPanel | null>;
  /** The notebook that a person works in. */
  readonly current: NotebookPanel | null;
  /** The open notebooks whose kernels have loaded our extension. */
  readonly notebooks: readonly NotebookPanel[];
  /** How a notebook's latest run stands; null where its kernel has not loaded our extension. */
  state(panel: NotebookPanel | null): IState | null;
  /** Ask a notebook's latest run to stop. */
  cancel(panel: NotebookPanel): void;
  /** What a notebook's kernel answers to a question about a cell, or about a run; null where it cannot. */
  ask(panel: NotebookPanel, question: KernelQuestion): Promise<JSONObject | null>;
  /** The notebook that one of these cells is in. */
  panelOf(model: CodeEditor.IModel): NotebookPanel | null;
}

export const IRuns = new Token<IRuns>('tfmfa_nb:IRuns', 'The Terraform runs of the open notebooks.');

class Runs implements IRuns {
  constructor(private readonly _notebooks: INotebookTracker) {
    _notebooks.forEach(panel => this._add(panel));
    _notebooks.widgetAdded.connect((_, panel) => this._add(panel));
    _notebooks.currentChanged.connect(() => this.changed.emit(null));
    rememberRuns();
    rememberPlaces(_notebooks);
  }

  readonly changed: Signal<IRuns, NotebookPanel | null> = new Signal<IRuns, NotebookPanel | null>(this);

  get current(): NotebookPanel | null {
    return this._notebooks.currentWidget;
  }

  get notebooks(): readonly NotebookPanel[] {
    return this._notebooks.filter(panel => this.state(panel) !== null);
  }

  state(panel: NotebookPanel | null): IState | null {
    return (panel && this._connections.get(panel)?.state) ?? null;
  }

  cancel(panel: NotebookPanel): void {
    const run = this.state(panel)?.run;
    if (run) {
      this._connections.get(panel)?.send({ type: 'cancel', id: run.id });
    }
  }

  async ask(panel: NotebookPanel, question: KernelQuestion): Promise<JSONObject | null> {
    return this._connections.get(panel)?.ask(question) ?? null;
  }

  panelOf(model: CodeEditor.IModel): NotebookPanel | null {
    const holds = (panel: NotebookPanel) =>
      panel.content.widgets.some(cell => cell.model.sharedModel === model.sharedModel);
    return this._notebooks.find(holds) ?? null;
  }

  private _add(panel: NotebookPanel): void {
    const connection = new Connection(panel.sessionContext, () => loadsExtension(panel));
    this._connections.set(panel, connection);
    connection.changed.connect(() => this.changed.emit(panel));
    panel.disposed.connect(() => connection.dispose());
  }

  private readonly _connections = new WeakMap<NotebookPanel, Connection>();
}

export const runsPlugin: JupyterFrontEndPlugin<IRuns> = {
  id: 'tfmfa_nb:runs',
  description: 'Follows the Terraform runs of the open notebooks.',
  autoStart: true,
  requires: [INotebookTracker],
  provides: IRuns,
  activate: (_app: JupyterFrontEnd, notebooks: INotebookTracker) => new Runs(notebooks)
};
