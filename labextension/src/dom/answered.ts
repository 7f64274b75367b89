// The event by which a card says that its person has answered, and may go back to where they were.

export const ANSWERED = 'tfmfa-answered';

/** Says so; false where somebody has brought the person back. */
export function sayAnswered(node: HTMLElement): boolean {
  return node.dispatchEvent(new CustomEvent(ANSWERED, { bubbles: true, cancelable: true }));
}
