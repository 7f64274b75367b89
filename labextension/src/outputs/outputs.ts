// Plugin: draws the lists of runs and the documents of our cells with buttons. Other front ends show their HTML.

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { IRenderMime } from '@jupyterlab/rendermime';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { Widget } from '@lumino/widgets';
import { keepKeys, make } from '../dom/elements';
import { OPEN_RUN } from '../panel/command';
import { OUTPUT_MIME } from '../protocol/generated';
import { drawOutput } from './draw';
import { readOutput } from './read';

const RANK = 10; // before text/html, which says the same

export const outputsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'tfmfa_nb:outputs',
  description: 'Draws lists of runs with buttons to open them, and policies with buttons to copy them.',
  autoStart: true,
  requires: [IRenderMimeRegistry],
  activate: (app: JupyterFrontEnd, rendermime: IRenderMimeRegistry) => {
    const factory: IRenderMime.IRendererFactory = {
      safe: true, // text is only ever set as text
      mimeTypes: [OUTPUT_MIME],
      createRenderer: () => new Output(app)
    };
    rendermime.addFactory(factory, RANK);
  }
};

class Output extends Widget implements IRenderMime.IRenderer {
  constructor(private readonly _app: JupyterFrontEnd) {
    super();
    this.addClass('jp-RenderedHTMLCommon');
    keepKeys(this.node);
  }

  renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const content = readOutput(model.data[OUTPUT_MIME]);
    const { commands } = this._app;
    const open = commands.hasCommand(OPEN_RUN)
      ? (folder: string, run: string) => void commands.execute(OPEN_RUN, { folder, run })
      : null;
    this.node.replaceChildren(content ? drawOutput(content, open) : make('p', '', 'A newer tfmfa_nb can show this.'));
    return Promise.resolve();
  }
}
