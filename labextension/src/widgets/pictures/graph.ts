// The picture of how changes depend on one another. Each resource is reached by the keyboard, and the same is told as
// text. It is drawn in parts, so that no frame is long.

import { make, makeButton, setText, setVisible, withAttributes } from '../../dom/elements';
import { shape } from '../../dom/icons';
import type { GraphNode, PlanGraph } from '../../protocol/generated';
import { count } from '../../text/numbers';
import type { ILayout, IPoint, ISize, LayOut } from './layout';

const LETTER = 7.3; // pixels; of a monospaced font of 12 pixels
const LONGEST = 46; // letters of an address that are shown; its end tells more than its beginning
const HEIGHT = 42;
const PART = 25; // nodes that are drawn in a frame
const STEP = 1.25;
const LEAST = 0.15;
const LEGIBLE = 0.75; // at first, what does not fit at this scale is scrolled to
const MOST = 2;

export class Graph {
  /**
   * @param _layOut - Finds the places.
   * @param _choose - Called with the address of a resource that a person has pressed.
   */
  constructor(
    private readonly _layOut: LayOut,
    private readonly _choose: (address: string) => void
  ) {
    this._svg.addEventListener('keydown', event => this._onKey(event));
    this._svg.addEventListener('click', event => this._press(event.target));
    this._svg.addEventListener('focusin', event => this._activate(event.target));
    this._text.addEventListener('toggle', () => this._tell());
    this._watch.observe(this._pane);
  }

  /** Draws a graph; another one that is asked for meanwhile takes its place. */
  async draw(graph: PlanGraph): Promise<void> {
    this._graph = graph;
    this._ends = [otherEnds(graph.edges, 0), otherEnds(graph.edges, 1)];
    this._told = false;
    this._items.replaceChildren();
    this._tell();
    const number = graph.nodes.length;
    setText(this._note, graph.note);
    setVisible(this._note, graph.note !== '');
    setVisible(this._pane, number > 0);
    setVisible(this._tools, number > 0);
    setVisible(this._text, number > 0);
    setText(this._said, number ? 'Drawing the picture…' : graph.note ? '' : 'There are no changes to draw.');
    if (!number) {
      return;
    }
    try {
      const places = await this._layOut(graph.nodes.map(sizeOf), graph.edges);
      if (this._graph === graph) {
        await this._place(graph, places);
      }
    } catch {
      if (this._graph === graph) {
        setVisible(this._pane, false);
        setVisible(this._tools, false);
        setText(this._said, 'The picture cannot be drawn on this page. The dependencies are here as text.');
        this._text.open = true;
      }
    }
  }

  dispose(): void {
    this._graph = null;
    this._watch.disconnect();
  }

  private async _place(graph: PlanGraph, places: ILayout): Promise<void> {
    this._size = places;
    this._active = 0;
    withAttributes(this._svg, {
      viewBox: `0 0 ${places.width} ${places.height}`,
      'aria-label': `Dependencies of ${count(graph.nodes.length)} resources`
    });
    const lines = shape('path', { class: 'tfmfa-graph-lines', d: places.edges.map(lineTo).join('') });
    const heads = shape('path', { class: 'tfmfa-graph-heads', d: places.edges.map(headOf).join('') });
    this._svg.replaceChildren(withAttributes(lines, HIDDEN), withAttributes(heads, HIDDEN));
    this._least = LEGIBLE;
    this._fit();
    for (let first = 0; first < graph.nodes.length; first += PART) {
      if (first) {
        await nextFrame();
        if (this._graph !== graph) {
          return;
        }
      }
      const part = graph.nodes.slice(first, first + PART);
      this._svg.append(...part.map((node, index) => this._box(node, first + index, places.nodes[first + index])));
    }
    setText(this._said, 'An arrow leads from a resource to what depends on it.');
  }

  private _box(node: GraphNode, index: number, place: IPoint = { x: 0, y: 0 }): SVGElement {
    const { width } = sizeOf(node);
    const box = shape('g', {
      class: `tfmfa-graph-node tfmfa-action-${node.action}`,
      transform: `translate(${place.x} ${place.y})`,
      role: 'button',
      tabindex: index === this._active ? 0 : -1,
      'data-index': index,
      'aria-label': `${wordsOf(node)} ${node.address}. ${this._neighbors(index)}`
    });
    const title = shape('title', {});
    title.textContent = node.address;
    const word = shape('text', { x: 14, y: 17, class: 'tfmfa-graph-word' });
    word.textContent = `${node.sign} ${wordsOf(node)}`;
    const address = shape('text', { x: 14, y: 33, class: 'tfmfa-graph-address' });
    address.textContent = shownOf(node);
    box.append(
      title,
      shape('rect', { width, height: HEIGHT, rx: 3, class: 'tfmfa-graph-box' }),
      shape('rect', { width: 5, height: HEIGHT, class: 'tfmfa-graph-band' }),
      word,
      address
    );
    return box;
  }

  /** What a node depends on, and what depends on it, in words. */
  private _neighbors(index: number): string {
    const after = this._names(this._near(index, 0));
    const before = this._names(this._near(index, 1));
    const parts = [before && `Depends on ${before}.`, after && `${after} ${DEPEND}`];
    return parts.filter(Boolean).join(' ') || 'Nothing depends on it, and it depends on nothing here.';
  }

  private _names(indexes: readonly number[]): string {
    const names = indexes.slice(0, FEW).map(index => this._graph?.nodes[index]?.address ?? '');
    const more = indexes.length - names.length;
    return [...names, ...(more > 0 ? [`${count(more)} more`] : [])].join(', ');
  }

  /** The nodes at the other ends of the lines that have this one at their beginning (0) or end (1). */
  private _near(index: number, end: 0 | 1): readonly number[] {
    return this._ends[end].get(index) ?? [];
  }

  private _tell(): void {
    if (!this._text.open || this._told || !this._graph) {
      return;
    }
    this._told = true;
    this._items.replaceChildren(
      ...this._graph.nodes.map((node, index) => {
        const before = this._names(this._near(index, 1));
        const what = `${node.sign} ${node.address} (${wordsOf(node)})`;
        return make('li', '', before ? `${what} depends on ${before}` : what);
      })
    );
  }

  private _onKey(event: KeyboardEvent): void {
    const next = this._next(event.key);
    if (event.key === 'Enter' || event.key === ' ') {
      this._press(event.target);
    } else if (next !== undefined) {
      this._focus(next);
    } else {
      return;
    }
    event.preventDefault();
  }

  private _next(key: string): number | undefined {
    const last = (this._graph?.nodes.length ?? 0) - 1;
    switch (key) {
      case 'ArrowRight':
        return this._near(this._active, 0)[0];
      case 'ArrowLeft':
        return this._near(this._active, 1)[0];
      case 'ArrowDown':
        return Math.min(last, this._active + 1);
      case 'ArrowUp':
        return Math.max(0, this._active - 1);
      case 'Home':
        return 0;
      case 'End':
        return last;
      default:
        return undefined;
    }
  }

  private _focus(index: number): void {
    const node = this._svg.querySelector<SVGElement>(`[data-index='${index}']`);
    node?.focus();
    node?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  private _activate(target: EventTarget | null): void {
    const index = indexOf(target);
    if (index !== null && index !== this._active) {
      this._svg.querySelector(`[data-index='${this._active}']`)?.setAttribute('tabindex', '-1');
      this._active = index;
      this._svg.querySelector(`[data-index='${index}']`)?.setAttribute('tabindex', '0');
    }
  }

  private _press(target: EventTarget | null): void {
    const index = indexOf(target);
    const node = index === null ? undefined : this._graph?.nodes[index];
    if (node) {
      // The address of several instances is none of theirs: in modules, the keys are missing.
      this._choose(node.number > 1 ? node.address.replace(MODULES, '') : node.address);
    }
  }

  private _fit(): void {
    this._isFit = true;
    this._zoom((this._pane.clientWidth - 2) / this._size.width);
  }

  private _zoomBy(factor: number): void {
    this._isFit = false;
    this._least = LEAST;
    this._zoom(this._scale * factor);
  }

  private _zoom(scale: number): void {
    const widest = this._isFit ? 1 : MOST;
    this._scale = Math.max(this._least, Math.min(widest, scale));
    withAttributes(this._svg, { width: this._size.width * this._scale, height: this._size.height * this._scale });
  }

  private readonly _svg = shape('svg', { class: 'tfmfa-graph-svg', role: 'group' });
  private readonly _pane = make('div', 'tfmfa-graph-pane', this._svg);
  private readonly _said = withAttributes(make('span', 'tfmfa-faint'), { role: 'status' });
  private readonly _tools = make(
    'span',
    'tfmfa-graph-tools',
    withAttributes(
      makeButton('−', 'tfmfa-plain', () => this._zoomBy(1 / STEP)),
      { 'aria-label': 'Zoom out' }
    ),
    withAttributes(
      makeButton('+', 'tfmfa-plain', () => this._zoomBy(STEP)),
      { 'aria-label': 'Zoom in' }
    ),
    makeButton('Fit', 'tfmfa-plain', () => {
      this._least = LEAST;
      this._fit();
    })
  );
  private readonly _note = make('p', 'tfmfa-graph-note');
  private readonly _items = withAttributes(make('ul', 'tfmfa-graph-items'), { tabindex: 0 });
  private readonly _text = make('details', 'tfmfa-graph-text', make('summary', '', 'As text'), this._items);
  private readonly _watch = new ResizeObserver(() => this._isFit && this._size.width > 0 && this._fit());
  private _graph: PlanGraph | null = null;
  private _ends: readonly [Ends, Ends] = [new Map(), new Map()];
  private _size: ISize = { width: 0, height: 0 };
  private _scale = 1;
  private _isFit = true;
  private _least = LEGIBLE;
  private _active = 0;
  private _told = false;

  readonly node = make(
    'div',
    'tfmfa-graph',
    this._note,
    make('div', 'tfmfa-graph-bar', this._said, make('span', 'tfmfa-gap'), this._tools),
    this._pane,
    this._text
  );
}

type Ends = ReadonlyMap<number, readonly number[]>;
const MODULES = /^(?:module\.[^.]+\.)+/;
const HIDDEN = { 'aria-hidden': 'true' };
const DEPEND = 'depends on it.';
const FEW = 8; // neighbors that are named

function wordsOf({ number, word }: GraphNode): string {
  return number > 1 ? `${word} ×${count(number)}` : word;
}

function shownOf({ address }: GraphNode): string {
  return address.length > LONGEST ? `…${address.slice(1 - LONGEST)}` : address;
}

function sizeOf(node: GraphNode): ISize {
  const letters = Math.max(shownOf(node).length, node.sign.length + 1 + wordsOf(node).length);
  return { width: Math.ceil(24 + letters * LETTER), height: HEIGHT };
}

function lineTo(points: readonly IPoint[]): string {
  return points.map(({ x, y }, index) => `${index ? 'L' : 'M'}${x} ${y}`).join('');
}

/** An arrow head, at the end of a line that comes from the left. */
function headOf(points: readonly IPoint[]): string {
  const end = points.at(-1);
  return end ? `M${end.x} ${end.y}l-8 -4v8z` : '';
}

/** By the node at one end of the lines, the nodes at their other ends. */
function otherEnds(edges: PlanGraph['edges'], end: 0 | 1): Ends {
  const found = new Map<number, number[]>();
  edges.forEach(edge => {
    const there = found.get(edge[end]);
    if (there) {
      there.push(edge[end ? 0 : 1]);
    } else {
      found.set(edge[end], [edge[end ? 0 : 1]]);
    }
  });
  return found;
}

function indexOf(target: EventTarget | null): number | null {
  const node = target instanceof Element ? target.closest<SVGElement>('[data-index]') : null;
  return node ? Number(node.dataset['index']) : null;
}

function nextFrame(): Promise<void> {
  return new Promise(resolve => requestAnimationFrame(() => resolve()));
}
