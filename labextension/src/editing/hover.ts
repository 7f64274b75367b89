// Plugin: what there is to say about the word under the pointer, in cells of ours.

import type { EditorView, Tooltip } from '@codemirror/view';
import { hoverTooltip } from '@codemirror/view';
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { CodeEditor } from '@jupyterlab/codeeditor';
import { EditorExtensionRegistry, IEditorExtensionRegistry } from '@jupyterlab/codemirror';
import { IRuns } from '../runs/runs';
import { position, text } from '../runs/untrusted';
import { isOurs } from './cell';

export const hoverPlugin: JupyterFrontEndPlugin<void> = {
  id: 'tfmfa_nb:hover',
  description: 'Explains options, blocks, attributes and references in cells that start with %%tfplan or %%tfapply.',
  autoStart: true,
  requires: [IRuns, IEditorExtensionRegistry],
  activate: (_app: JupyterFrontEnd, runs: IRuns, editors: IEditorExtensionRegistry) => {
    editors.addExtension({
      name: 'tfmfa_nb:hover',
      factory: ({ model }) =>
        EditorExtensionRegistry.createImmutableExtension(hoverTooltip((view, at) => said(runs, model, view, at)))
    });
  }
};

async function said(runs: IRuns, model: CodeEditor.IModel, view: EditorView, at: number): Promise<Tooltip | null> {
  const { doc } = view.state;
  const panel = isOurs(doc) ? runs.panelOf(model) : null;
  const answer = panel && (await runs.ask(panel, { type: 'hover', text: doc.toString(), offset: at }));
  const title = text(answer, 'title');
  if (!title || doc !== view.state.doc) {
    return null;
  }
  return {
    pos: position(answer, 'start', doc.length),
    end: position(answer, 'end', doc.length),
    above: true,
    create: () => ({ dom: box(title, text(answer, 'text')) })
  };
}

function box(title: string, more: string): HTMLElement {
  const dom = document.createElement('div');
  dom.className = 'tfmfa-hover';
  const head = document.createElement('code');
  head.textContent = title;
  dom.append(head);
  if (more) {
    const body = document.createElement('div');
    body.textContent = more;
    dom.append(body);
  }
  return dom;
}
