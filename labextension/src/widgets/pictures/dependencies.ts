// The part of the card with the dependency picture: closed, and with none of its code loaded, until somebody opens it.

import { make, makeButton, setText, setVisible, withAttributes } from '../../dom/elements';
import type { PlanGraph, PlanGraphRequest } from '../../protocol/generated';
import type { Graph } from './graph';

const RETRY = 1500; // ms until the same is asked for again: a message may have been lost

export class Dependencies {
  /**
   * @param _ask - Called for a graph; the answer comes to `receive`.
   * @param _choose - Called with the address of a resource that a person has pressed.
   */
  constructor(
    private readonly _ask: (request: PlanGraphRequest) => void,
    private readonly _choose: (address: string) => void
  ) {
    setVisible(this.node, false);
  }

  /** Shows the picture of what a view shows, wherever the person changes that. */
  show(view: PlanGraphRequest['view']): void {
    this._view = view;
    if (this._isOpen) {
      this._request();
    }
  }

  receive(answer: PlanGraph): void {
    if (answer.query !== this._query) {
      return;
    }
    clearTimeout(this._retry);
    void this._draw(answer);
  }

  dispose(): void {
    clearTimeout(this._retry);
    this._graph?.dispose();
    this._isOpen = false;
  }

  private _toggle(): void {
    this._isOpen = !this._isOpen;
    withAttributes(this.button, { 'aria-expanded': String(this._isOpen) });
    setVisible(this.node, this._isOpen);
    if (this._isOpen) {
      this._request();
    }
  }

  private _request(): void {
    if (!this._view) {
      return;
    }
    this._query = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
    this._ask({ type: 'plan_graph', query: this._query, view: { ...this._view, toggled: [] } });
    clearTimeout(this._retry);
    this._retry = window.setTimeout(() => this._isOpen && this._request(), RETRY);
  }

  private async _draw(answer: PlanGraph): Promise<void> {
    try {
      const [{ Graph }, { layOut }] = await Promise.all([import('./graph'), import('./layout')]);
      if (answer.query !== this._query) {
        return;
      }
      if (!this._graph) {
        this._graph = new Graph(layOut, this._choose);
        this.node.replaceChildren(this._graph.node);
      }
      await this._graph.draw(answer);
    } catch {
      setText(this.node, 'The picture could not be loaded. Reload the page, and open it again.');
    }
  }

  private _graph: Graph | null = null;
  private _view: PlanGraphRequest['view'] | null = null;
  private _query = 0;
  private _retry = 0;
  private _isOpen = false;

  readonly button = withAttributes(
    makeButton('Dependencies', 'tfmfa-plain', () => this._toggle()),
    { 'aria-expanded': 'false' }
  );
  readonly node = withAttributes(make('section', 'tfmfa-dependencies'), { 'aria-label': 'Dependencies' });
}
