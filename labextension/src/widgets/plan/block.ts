// The way from a change to the block that declares it: the card does not know the notebook that it is shown in, and asks
// whoever does. Where nobody does, nothing happens.

const EVENT = 'tfmfa-show-block';

/** A request to show the block of a resource; `fail` is told why that is not possible. */
export interface IBlockRequest {
  readonly address: string;
  fail(problem: string): void;
}

/** Asks for the block that declares `address`, from an element of the card. */
export function showBlock(node: Element, address: string, fail: (problem: string) => void): void {
  const detail: IBlockRequest = { address, fail };
  node.dispatchEvent(new CustomEvent(EVENT, { bubbles: true, detail }));
}

/** Calls `show` for each request of a card on the page. */
export function onShowBlock(show: (card: Element, request: IBlockRequest) => void): void {
  document.addEventListener(EVENT, event => {
    if (event instanceof CustomEvent && event.target instanceof Element) {
      show(event.target, event.detail as IBlockRequest);
    }
  });
}
