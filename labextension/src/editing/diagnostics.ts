// Plugin: what `terraform validate` says about a cell of ours, under the words that it is about.

import type { Diagnostic } from '@codemirror/lint';
import { nextDiagnostic, setDiagnostics } from '@codemirror/lint';
import type { Extension } from '@codemirror/state';
import type { EditorView } from '@codemirror/view';
import { keymap, ViewPlugin } from '@codemirror/view';
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { CodeEditor } from '@jupyterlab/codeeditor';
import { EditorExtensionRegistry, IEditorExtensionRegistry } from '@jupyterlab/codemirror';
import type { JSONObject } from '@lumino/coreutils';
import { IRuns } from '../runs/runs';
import { list, position, text } from '../runs/untrusted';
import { isOurs } from './cell';

const PAUSE = 1000; // ms without a key pressed: Terraform takes two seconds of a processor for its answer

class Validation {
  constructor(
    private readonly _view: EditorView,
    private readonly _runs: IRuns,
    private readonly _model: CodeEditor.IModel
  ) {}

  update({ docChanged, focusChanged }: { docChanged: boolean; focusChanged: boolean }): void {
    // A notebook that is only read costs nothing.
    if (docChanged || (focusChanged && this._view.hasFocus && !this._looked)) {
      this._wait();
    }
  }

  destroy(): void {
    this._gone = true;
    clearTimeout(this._timer);
  }

  private _wait(): void {
    clearTimeout(this._timer);
    this._timer = window.setTimeout(() => void this._look(), PAUSE);
  }

  private async _look(): Promise<void> {
    const { doc } = this._view.state;
    if (!isOurs(doc)) {
      this._show([]);
      return;
    }
    const panel = this._runs.panelOf(this._model);
    if (!panel || this._asking) {
      return;
    }
    this._asking = true;
    const answer = await this._runs.ask(panel, { type: 'validate', text: doc.toString() });
    this._asking = false;
    if (this._gone) {
      return;
    }
    if (doc !== this._view.state.doc) {
      this._wait(); // it is about a text that is no more
      return;
    }
    this._looked = answer !== null;
    this._show(list(answer, 'diagnostics').map(each => diagnostic(each, doc.length)));
  }

  private _show(found: Diagnostic[]): void {
    if (found.length > 0 || this._shows) {
      this._shows = found.length > 0;
      this._view.dispatch(setDiagnostics(this._view.state, found));
    }
  }

  private _timer = 0;
  private _asking = false;
  private _looked = false;
  private _shows = false;
  private _gone = false;
}

function diagnostic(said: JSONObject, length: number): Diagnostic {
  const from = position(said, 'start', length);
  const to = Math.max(from, position(said, 'end', length));
  const message = [text(said, 'summary'), text(said, 'detail')].filter(Boolean).join('\n\n');
  return {
    from,
    to,
    severity: text(said, 'severity') === 'warning' ? 'warning' : 'error',
    source: 'terraform validate',
    message,
    renderMessage: () => {
      const dom = document.createElement('div');
      dom.className = 'tfmfa-diagnostic';
      dom.textContent = message;
      return dom;
    }
  };
}

function validated(runs: IRuns, model: CodeEditor.IModel): Extension {
  return [
    ViewPlugin.define(view => new Validation(view, runs, model)),
    keymap.of([{ key: 'F8', run: view => isOurs(view.state.doc) && nextDiagnostic(view) }])
  ];
}

export const diagnosticsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'tfmfa_nb:diagnostics',
  description: 'Underlines what terraform validate finds in cells that start with %%tfplan or %%tfapply.',
  autoStart: true,
  requires: [IRuns, IEditorExtensionRegistry],
  activate: (_app: JupyterFrontEnd, runs: IRuns, editors: IEditorExtensionRegistry) => {
    editors.addExtension({
      name: 'tfmfa_nb:diagnostics',
      factory: ({ model }) => EditorExtensionRegistry.createImmutableExtension(validated(runs, model))
    });
  }
};
