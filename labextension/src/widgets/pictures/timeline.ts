// The timeline of an apply. The kernel has drawn it; here it gets the theme's colors.

import { make, makeButton, setVisible, withAttributes } from '../../dom/elements';
import { shape } from '../../dom/icons';
import type { Shape, Timeline as Drawn, TimelineRequest } from '../../protocol/generated';

const RETRY = 1500; // ms until it is asked for again: a message may have been lost

export class Timeline {
  /** @param _ask - Called for the timeline; the answer comes to `receive`. */
  constructor(private readonly _ask: (request: TimelineRequest) => void) {
    setVisible(this.node, false);
    setVisible(this._content, false);
  }

  /** @param isThere - Whether the kernel has it. */
  update(isThere: boolean): void {
    setVisible(this.node, isThere);
  }

  receive(line: Drawn): void {
    clearTimeout(this._retry);
    const picture = shape('svg', { class: 'tfmfa-time-svg', viewBox: `0 0 ${line.width} ${line.height}`, role: 'img' });
    withAttributes(picture, { 'aria-label': line.sentence, width: line.width, height: line.height });
    picture.append(...line.shapes.map(element));
    this._content.replaceChildren(
      make('p', 'tfmfa-time-sentence', line.sentence),
      withAttributes(make('div', 'tfmfa-time-pane', picture), {
        tabindex: 0, // it scrolls
        role: 'group',
        'aria-label': 'Picture of the timeline'
      }),
      make(
        'details',
        'tfmfa-graph-text',
        make('summary', '', 'As text'),
        withAttributes(make('ul', 'tfmfa-graph-items', ...line.lines.map(each => make('li', '', each))), {
          tabindex: 0
        })
      )
    );
  }

  dispose(): void {
    clearTimeout(this._retry);
  }

  private _toggle(): void {
    const isOpen = this._content.hidden;
    setVisible(this._content, isOpen);
    withAttributes(this._button, { 'aria-expanded': String(isOpen) });
    if (isOpen && !this._content.hasChildNodes()) {
      this._request();
    }
  }

  private _request(): void {
    this._ask({ type: 'timeline' });
    clearTimeout(this._retry);
    this._retry = window.setTimeout(() => this._request(), RETRY);
  }

  private readonly _content = make('div', 'tfmfa-time-content');
  private readonly _button = withAttributes(
    makeButton('Timeline', 'tfmfa-plain', () => this._toggle()),
    { 'aria-expanded': 'false' }
  );
  private _retry = 0;

  readonly node = withAttributes(make('section', 'tfmfa-timeline', this._button, this._content), {
    'aria-label': 'Timeline'
  });
}

function element({ anchor, height, kind, look, text, width, x, y }: Shape): SVGElement {
  if (kind === 'text') {
    const node = shape('text', { x, y, class: `tfmfa-time-${look}`, 'text-anchor': anchor });
    node.textContent = text;
    return node;
  }
  const bar = shape('rect', { x, y, width, height, class: `tfmfa-time-bar tfmfa-time-${look}` });
  if (text) {
    const title = shape('title', {});
    title.textContent = text;
    bar.append(title);
  }
  return bar;
}
