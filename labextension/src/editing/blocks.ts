// Plugin: from a change on a run's card to the block in a cell that declares it.

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { Cell } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { INotebookTracker } from '@jupyterlab/notebook';
import { source } from '../runs/cells';
import { IRuns } from '../runs/runs';
import { position } from '../runs/untrusted';
import type { IBlockRequest } from '../widgets/plan/block';
import { onShowBlock } from '../widgets/plan/block';
import { isOurs } from './cell';

export const blocksPlugin: JupyterFrontEndPlugin<void> = {
  id: 'tfmfa_nb:blocks',
  description: 'Puts the cursor into the block that declares a resource of a plan.',
  autoStart: true,
  requires: [IRuns, INotebookTracker],
  activate: (_: JupyterFrontEnd, runs: IRuns, notebooks: INotebookTracker) => {
    onShowBlock((card, request) => {
      const panel = notebooks.find(({ node }) => node.contains(card));
      if (panel) {
        void show(runs, panel, card, request);
      }
    });
  }
};

async function show(runs: IRuns, panel: NotebookPanel, card: Element, request: IBlockRequest): Promise<void> {
  const { address } = request;
  for (const cell of candidates(panel, card)) {
    const text = source(cell);
    const answer = await runs.ask(panel, { type: 'block', text, address });
    if (answer && 'offset' in answer) {
      await goTo(panel, cell, position(answer, 'offset', text.length));
      return;
    }
  }
  request.fail(`No cell of this notebook declares ${address}.`);
}

/** The cells that may declare it: the card's own, then those above it from the nearest on, then those below. */
function candidates(panel: NotebookPanel, card: Element): Cell[] {
  const cells = panel.content.widgets;
  const own = cells.findIndex(({ node }) => node.contains(card));
  const order = [...cells.slice(0, own + 1).reverse(), ...cells.slice(own + 1)];
  return order.filter(cell => cell.model.type === 'code' && isOurs(source(cell)));
}

async function goTo({ content }: NotebookPanel, cell: Cell, offset: number): Promise<void> {
  content.activeCellIndex = content.widgets.indexOf(cell);
  cell.inputHidden = false;
  await content.scrollToCell(cell);
  const { editor } = cell;
  const place = editor?.getPositionAt(offset);
  if (editor && place) {
    content.mode = 'edit';
    editor.focus();
    editor.setCursorPosition(place);
    editor.revealPosition(place);
  }
}
