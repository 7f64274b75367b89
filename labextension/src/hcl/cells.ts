// Plugin: HCL in the cells of ours. An extension of each editor that adds nothing until the cell is one of ours;
// the model's MIME type, which the spell checker, the debugger and the kernel go by, is never touched.

import { indentUnit } from '@codemirror/language';
import type { Extension } from '@codemirror/state';
import { Compartment, EditorState, Prec, Text } from '@codemirror/state';
import { ViewPlugin } from '@codemirror/view';
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { CodeEditor } from '@jupyterlab/codeeditor';
import { EditorExtensionRegistry, IEditorExtensionRegistry } from '@jupyterlab/codemirror';
import { magicLine } from './magic';

const IPYTHON = 'text/x-ipython';
const NONE: Extension = [];

/** The language, once a cell has needed it: a page without such a cell does not load the grammar. */
let hcl: Extension | null = null;

async function load(): Promise<void> {
  const { cellLanguage } = await import('./cell');
  hcl ??= [
    // The first language counts; terraform fmt indents by two.
    Prec.highest(cellLanguage.extension),
    Prec.high(indentUnit.of('  '))
  ];
}

/** The extension for one editor. */
function hclCell(model: CodeEditor.IModel): Extension {
  const compartment = new Compartment();
  const isOurs = (doc: Text) => model.mimeType === IPYTHON && magicLine(doc) !== null;
  const wanted = (doc: Text) => (hcl && isOurs(doc) ? hcl : NONE);
  /** What makes `state` speak the language of `doc`; null where it does already. */
  const change = (state: EditorState, doc: Text) => {
    const now = wanted(doc);
    return now === compartment.get(state) ? null : { effects: compartment.reconfigure(now) };
  };

  // In the same transaction as the change itself, so that no text is ever shown in the wrong language; and only
  // where the first line with text changes.
  const follow = EditorState.transactionExtender.of(transaction => {
    const { changes, docChanged, startState } = transaction;
    const touched = docChanged && changes.touchesRange(0, headEnd(startState.doc));
    return touched ? change(startState, transaction.newDoc) : null;
  });

  // A cell becomes IPython's only once its kernel has said what it speaks, and another kernel may follow.
  const followKernel = ViewPlugin.define(view => {
    let gone = false;
    const apply = () => {
      const effects = gone ? null : change(view.state, view.state.doc);
      if (effects) {
        view.dispatch(effects);
      }
    };
    const look = () => {
      if (!hcl && isOurs(view.state.doc)) {
        void load().then(apply);
      } else {
        apply();
      }
    };
    model.mimeTypeChanged.connect(look);
    // While a view is made, as while it is updated, it may not be changed.
    void Promise.resolve().then(look);
    return {
      update: ({ docChanged, state }) => {
        if (!hcl && docChanged && isOurs(state.doc)) {
          void load().then(apply);
        }
      },
      destroy: () => {
        gone = true;
        model.mimeTypeChanged.disconnect(look);
      }
    };
  });
  const source = Text.of(model.sharedModel.getSource().split('\n'));
  return [compartment.of(wanted(source)), follow, followKernel];
}

/** The end of the first line that is not blank. */
function headEnd(doc: Text): number {
  const lines = doc.iterLines();
  let end = -1;
  while (!lines.next().done) {
    end += 1 + lines.value.length;
    if (lines.value.trim()) {
      break;
    }
  }
  return Math.min(Math.max(end, 0), doc.length);
}

export const cellsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'tfmfa_nb:cells',
  description: 'Highlights HCL in cells that start with %%tfplan or %%tfapply.',
  autoStart: true,
  requires: [IEditorExtensionRegistry],
  activate: (_app: JupyterFrontEnd, editors: IEditorExtensionRegistry) => {
    editors.addExtension({
      name: 'tfmfa_nb:cells',
      factory: ({ model }) => EditorExtensionRegistry.createImmutableExtension(hclCell(model))
    });
  }
};
