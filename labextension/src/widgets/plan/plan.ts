// A plan on the card: a tree whose rows lie in the kernel. Those in view are asked for, as the log's lines are.

import { copyText } from '../../dom/clipboard';
import { make, makeButton, setText, setVisible, withAttributes } from '../../dom/elements';
import type {
  PlanGraph,
  PlanGraphRequest,
  PlanRow,
  PlanRows,
  PlanRowsRequest,
  PlanView
} from '../../protocol/generated';
import type { IRange } from '../log/window';
import { Dependencies } from '../pictures/dependencies';
import { Filters } from './filters';
import { Rows } from './rows';
import { showBlock } from './block';
import { drawClocks } from './mark';
import { Tree } from './tree';

const RETRY = 1000; // ms until the same rows are asked for again
const REFRESH = 400; // ms between two looks at what an apply has done
const FIRST = 80; // rows asked for where nothing is known of how many are in view

export class Plan {
  /** @param _ask - Called for rows that are missing, and for the dependencies; the answer comes to `receive`. */
  constructor(private readonly _ask: (request: PlanRowsRequest | PlanGraphRequest) => void) {
    setVisible(this.node, false);
  }

  /**
   * @param isKnown - Whether the kernel has the plan.
   * @param comparison - How it stands to the plan before, in a sentence; it may be known a moment later.
   * @param version - Another one where rows say something else: an apply goes on.
   */
  update(isKnown: boolean, comparison: string, version = ''): void {
    const isOther = version !== this._version;
    this._version = version;
    if (isKnown && (!this._isKnown || comparison !== this._comparison.textContent)) {
      this._isKnown = true;
      this._hasChoices = false;
      this._anew();
      this._dependencies.show(this._view);
    } else if (isKnown && isOther) {
      this._refreshSoon(0);
    }
    setText(this._comparison, comparison);
    setVisible(this._comparison, comparison !== '');
  }

  /** @param now - Seconds since the epoch, by the kernel's clock. */
  drawTimes(now: number): void {
    this._now = now;
    drawClocks(this._tree.node, now);
  }

  /** Takes an answer to a request, of this page or of another one that shows the same card. */
  receive(answer: PlanRows | PlanGraph): void {
    if (answer.type === 'plan_graph') {
      this._dependencies.receive(answer);
    } else {
      this._take(answer);
    }
  }

  private _take(answer: PlanRows): void {
    if (answer.query !== this._query) {
      return;
    }
    this._asked = -Infinity;
    const spot = this._tree.spot;
    const isOther = answer.order !== this._order || this._refreshes;
    this._rows.take(answer, !this._hasAnswer || isOther);
    this._hasAnswer = true;
    this._order = answer.order;
    this._refreshes = false;
    this._hasChoices ||= answer.choices !== undefined;
    this._rows.drop(this._tree.middle);
    this._filters.draw(answer);
    setVisible(this.node, answer.total > 0 || this._filters.isOn);
    setVisible(this._nothing, answer.total === 0);
    if (this._toStart) {
      this._toStart = false;
      this._tree.goToStart();
    }
    if (isOther) {
      this._tree.refreshAt(spot, this._filters.chosen.text);
    } else {
      this._tree.refresh(this._filters.chosen.text);
    }
    drawClocks(this._tree.node, this._now);
    if (answer.found >= 0) {
      this._tree.goTo(answer.found);
    }
  }

  dispose(): void {
    clearTimeout(this._retry);
    clearTimeout(this._refresh);
    this._filters.dispose();
    this._dependencies.dispose();
    this._tree.dispose();
  }

  /** Asks for rows that are others than before, where the view is now. */
  private _anew(first: number = this._tree.range.first): void {
    this._query = nextQuery();
    this._hasAnswer = false;
    this._request({ first, last: Math.max(this._tree.range.last, first + FIRST) });
  }

  /** Asks for the rows in view again, a few times in a second at most; those that nobody sees are dropped. */
  private _refreshSoon(least: number): void {
    if (this._refresh === 0) {
      const pause = Math.max(least, this._refreshedAt + REFRESH - performance.now());
      this._refresh = window.setTimeout(() => this._refreshNow(), pause);
    }
  }

  private _refreshNow(): void {
    this._refresh = 0;
    if (!this._hasAnswer || performance.now() - this._asked < RETRY) {
      this._refreshSoon(100); // another question is under way
      return;
    }
    this._refreshedAt = performance.now();
    this._refreshes = true;
    this._request(this._tree.range);
  }

  private _chose(): void {
    if (this._filters.chosen.opened !== this._opened) {
      this._opened = this._filters.chosen.opened;
      this._toggled.clear();
    }
    this._toStart = true;
    this._anew(0);
    if (!this._isSeeking) {
      this._dependencies.show(this._view);
    }
  }

  /** Shows the rows of a resource of the picture, which stays. */
  private _seek(address: string): void {
    this._isSeeking = true;
    this._filters.seek(address);
    this._isSeeking = false;
  }

  private _toggle({ place: { key } }: PlanRow): void {
    if (!this._toggled.delete(key)) {
      this._toggled.add(key);
    }
    this._anew();
  }

  private _need(drawn: IRange): void {
    if (!this._hasAnswer || performance.now() - this._asked < RETRY) {
      return; // one question at a time: while a person scrolls fast, only where they arrive is asked for
    }
    const wanted = this._rows.missing(drawn);
    if (wanted) {
      this._request(wanted);
    }
  }

  private _request({ first, last }: IRange, more: Partial<PlanRowsRequest> = {}): void {
    this._asked = performance.now();
    this._ask({
      type: 'plan_rows',
      query: this._query,
      start: first,
      stop: last,
      view: this._view,
      typed: '',
      after: 0,
      choices: !this._hasChoices,
      ...more
    });
    clearTimeout(this._retry);
    this._retry = window.setTimeout(() => this._again({ first, last }), RETRY + 50);
  }

  /** A message may have been lost. */
  private _again(range: IRange): void {
    if (!this._hasAnswer) {
      this._request(range);
    } else {
      this._need(this._tree.range);
    }
  }

  private get _view(): PlanView {
    return { ...this._filters.chosen, toggled: [...this._toggled] };
  }

  private async _copy(address: string): Promise<void> {
    const done = await copyText(address);
    setText(this._said, done ? `Copied ${address}` : 'The browser does not allow copying.');
  }

  private _show(address: string): void {
    showBlock(this.node, address, problem => setText(this._said, problem));
  }

  private _expandPane(): void {
    const expanded = this.node.classList.toggle('tfmfa-expanded');
    setText(this._expand, expanded ? 'Collapse' : 'Expand');
    withAttributes(this._expand, { 'aria-pressed': String(expanded) });
  }

  private readonly _filters = new Filters(() => this._chose());
  private readonly _dependencies = new Dependencies(
    request => this._ask(request),
    address => this._seek(address)
  );
  private readonly _rows = new Rows();
  private readonly _tree = new Tree(this._rows, {
    toggle: row => this._toggle(row),
    drawn: range => this._need(range),
    type: (typed, after) => this._request(this._tree.range, { typed, after }),
    copy: address => void this._copy(address),
    show: address => this._show(address)
  });
  private readonly _comparison = make('p', 'tfmfa-plan-comparison');
  private readonly _nothing = make('div', 'tfmfa-plan-nothing', 'No change fits the filters.');
  private readonly _said = withAttributes(make('span', 'tfmfa-plan-said'), { role: 'status' });
  private readonly _expand = withAttributes(
    makeButton('Expand', 'tfmfa-plain', () => this._expandPane()),
    { 'aria-pressed': 'false' }
  );
  private readonly _toggled = new Set<string>();
  private _isKnown = false;
  private _opened = false;
  private _query = 0;
  private _hasAnswer = false;
  private _hasChoices = false;
  private _toStart = false;
  private _isSeeking = false;
  private _asked = -Infinity; // when; long ago where no question is under way
  private _retry = 0;
  private _version = '';
  private _order = 0;
  private _refresh = 0;
  private _refreshedAt = -Infinity;
  private _refreshes = false; // whether the answer that is awaited takes the place of all rows
  private _now = 0;

  readonly node = withAttributes(
    make(
      'section',
      'tfmfa-plan',
      this._comparison,
      this._filters.node,
      this._tree.node,
      this._nothing,
      make('div', 'tfmfa-plan-foot', this._said, make('span', 'tfmfa-gap'), this._dependencies.button, this._expand),
      this._dependencies.node
    ),
    { 'aria-label': 'Plan' }
  );
}

/** A number that no other page that shows this card will use. */
function nextQuery(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
}
