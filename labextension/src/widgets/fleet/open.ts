// The way from a row of a fleet to the card of its run: the fleet's card does not know the notebook that it is shown in,
// and asks whoever does. Where nobody does, nothing happens.

const EVENT = 'tfmfa-open-run';

/** A run, and the folder of its environment as the kernel names it. */
export interface IRunPlace {
  readonly folder: string;
  readonly run: string;
}

/** Asks for the card of a run, from an element of the fleet's card. */
export function openRun(node: Element, place: IRunPlace): void {
  node.dispatchEvent(new CustomEvent<IRunPlace>(EVENT, { bubbles: true, detail: place }));
}

/** Calls `open` for each request of a card on the page. */
export function onOpenRun(open: (card: Element, place: IRunPlace) => void): void {
  document.addEventListener(EVENT, event => {
    if (event instanceof CustomEvent && event.target instanceof Element) {
      open(event.target, event.detail as IRunPlace);
    }
  });
}
