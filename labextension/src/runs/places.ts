// Where a person was in a notebook before they answered on a card in it, and the way back.

import type { Cell } from '@jupyterlab/cells';
import type { INotebookTracker, Notebook, NotebookMode } from '@jupyterlab/notebook';
import { ANSWERED } from '../dom/answered';

interface IPlace {
  readonly cell: Cell;
  readonly mode: NotebookMode;
}

/** Brings the active cell and the keyboard back after each answer: the next Shift+Enter is not for the plan's cell. */
export function rememberPlaces(notebooks: INotebookTracker): void {
  const places = new WeakMap<Notebook, IPlace>();
  notebooks.activeCellChanged.connect((_, cell) => {
    const notebook = notebooks.currentWidget?.content;
    // Afterward, it is known whether the cell is active only because somebody answers on its card.
    requestAnimationFrame(() => {
      if (cell && notebook && !document.activeElement?.closest('.tfmfa-card')) {
        places.set(notebook, { cell, mode: notebook.mode });
      }
    });
  });
  document.addEventListener(ANSWERED, event => {
    const { target } = event;
    const panel = notebooks.find(({ node }) => target instanceof Node && node.contains(target));
    const place = panel && places.get(panel.content);
    const index = place ? panel.content.widgets.indexOf(place.cell) : -1;
    if (panel && place && index >= 0) {
      event.preventDefault();
      panel.content.activeCellIndex = index;
      panel.content.mode = place.mode;
      panel.content.activate();
    }
  });
}
