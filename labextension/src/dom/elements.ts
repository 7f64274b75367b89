// Building blocks of a page. Text is only ever set as text: nothing here, or in what uses it, parses HTML.

type Attributes = Readonly<Record<string, string | number>>;

/** An element of a class with children; strings become text nodes. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  className = '',
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const node = document.createElement(tag);
  if (className) {
    node.className = className;
  }
  node.append(...children);
  return node;
}

/** Sets attributes, and gives the element back. */
export function withAttributes<E extends Element>(node: E, attributes: Attributes): E {
  for (const [name, value] of Object.entries(attributes)) {
    node.setAttribute(name, String(value));
  }
  return node;
}

/** Sets a text only where it differs: a screen reader speaks, and a selection is lost, on every change. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}

export function setVisible(node: HTMLElement, visible: boolean): void {
  if (node.hidden === visible) {
    node.hidden = !visible;
  }
}

/** Fills an element anew only where what it shows has changed, so that a selection in it survives. */
export class Refill<Shown> {
  constructor(
    readonly node: HTMLElement,
    private readonly _build: (shown: Shown) => Iterable<Node | string>
  ) {}

  draw(shown: Shown): void {
    const key = JSON.stringify(shown);
    if (key !== this._key) {
      this._key = key;
      this.node.replaceChildren(...this._build(shown));
    }
  }

  private _key: string | undefined;
}

export function makeButton(text: string, className: string, press: () => void): HTMLButtonElement {
  const node = withAttributes(make('button', `tfmfa-button ${className}`.trim(), text), { type: 'button' });
  node.addEventListener('click', press);
  return node;
}

/** Keeps plain keys from the notebook's shortcuts: an x pressed on a button would cut a cell. Saving still works. */
export function keepKeys(node: HTMLElement): void {
  node.addEventListener('keydown', event => {
    if (event.key === 'Enter' || !(event.ctrlKey || event.metaKey || event.altKey)) {
      event.stopPropagation();
    }
  });
}

/** An ID that no other element of the page has. */
export function uniqueId(name: string): string {
  return `tfmfa-${name}-${crypto.getRandomValues(new Uint32Array(2)).join('-')}`;
}
