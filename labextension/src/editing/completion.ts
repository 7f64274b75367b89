// Plugin: completion in cells of ours; the kernel knows what fits, from the installed providers' schemas.

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { CompletionHandler, ICompletionContext, ICompletionProvider } from '@jupyterlab/completer';
import { ICompletionProviderManager } from '@jupyterlab/completer';
import { Text } from '@jupyterlab/coreutils';
import { NotebookPanel } from '@jupyterlab/notebook';
import type { SourceChange } from '@jupyter/ydoc';
import { IRuns } from '../runs/runs';
import { list, position, text } from '../runs/untrusted';
import { isOurs } from './cell';

// Also where a reference goes on, and where a block's label begins.
const HINTS = /^[\p{L}\p{N}_."-]$/u;

const LONGEST = 32;

class HclCompletion implements ICompletionProvider {
  constructor(private readonly _runs: IRuns) {}

  readonly identifier = 'tfmfa_nb:completion';
  readonly rank = 1000; // before what Python's completer, and the words of the cell, have to say
  readonly renderer = null;

  isApplicable({ editor, widget }: ICompletionContext): Promise<boolean> {
    return Promise.resolve(
      widget instanceof NotebookPanel &&
        this._runs.state(widget) !== null &&
        isOurs(editor?.model.sharedModel.getSource() ?? '')
    );
  }

  async fetch(
    request: CompletionHandler.IRequest,
    { widget }: ICompletionContext
  ): Promise<CompletionHandler.ICompletionItemsReply> {
    const source = request.text;
    const offset = Text.charIndexToJsIndex(request.offset, source);
    const panel = widget instanceof NotebookPanel ? widget : null;
    const answer = panel && (await this._runs.ask(panel, { type: 'complete', text: source, offset }));
    const at = (name: string) => Text.jsIndexToCharIndex(position(answer, name, source.length), source);
    return {
      start: at('start'),
      end: at('end'),
      items: list(answer, 'items').map(item => ({
        label: text(item, 'label'),
        insertText: text(item, 'insert') || text(item, 'label'),
        // The list shows it beside the label; the panel with the documentation is off by default.
        type: brief(text(item, 'about')) || text(item, 'kind'),
        documentation: [text(item, 'about'), text(item, 'text')].filter(Boolean).join('\n\n'),
        deprecated: item['deprecated'] === true
      }))
    };
  }

  shouldShowContinuousHint(visible: boolean, { sourceChange }: SourceChange): boolean {
    const inserted = sourceChange?.map(({ insert }) => insert ?? '').join('') ?? '';
    return !visible && !sourceChange?.some(delta => delta.delete) && HINTS.test(inserted);
  }
}

/** On one line, whatever the list would break it at. */
function brief(about: string): string {
  const short = about.length > LONGEST ? `${about.slice(0, LONGEST)}…` : about;
  return short.replaceAll(' ', '\u00a0');
}

export const completionPlugin: JupyterFrontEndPlugin<void> = {
  id: 'tfmfa_nb:completion',
  description: 'Completion in cells that start with %%tfplan or %%tfapply.',
  autoStart: true,
  requires: [IRuns],
  optional: [ICompletionProviderManager],
  activate: (_app: JupyterFrontEnd, runs: IRuns, manager: ICompletionProviderManager | null) => {
    manager?.registerProvider(new HclCompletion(runs));
  }
};
