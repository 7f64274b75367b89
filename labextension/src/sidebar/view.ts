// The runs panel: who tells it, as of when, and the tree.

import { LabIcon } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { make, makeButton, setText, setVisible, withAttributes } from '../dom/elements';
import { makeIcon } from '../dom/icons';
import { fullDate, timeOfDay } from '../text/when';
import type { RunsData } from './data';
import type { Act } from './row';
import { rowsOf } from './rows';
import { RunsTree } from './tree';

const MINUTE = 60_000; // ms in which "3 min ago" is no longer true
const NAME = 'Terraform runs';
// Three runs, one below the other.
const ICON = `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24"><path class="jp-icon3" fill="#616161"
d="M3 4h4v4H3zm6 1h12v2H9zm-6 5h4v4H3zm6 1h12v2H9zm-6 5h4v4H3zm6 1h12v2H9z"/></svg>`;
const icon = new LabIcon({ name: 'tfmfa_nb:runs', svgstr: ICON });

export class RunsView extends Widget {
  constructor(
    private readonly _data: RunsData,
    act: Act
  ) {
    super();
    this.id = 'tfmfa-runs';
    this.addClass('tfmfa-runs');
    this.title.icon = icon;
    this._tree = new RunsTree(act, key => this._toggle(key));
    this._refresh = withAttributes(
      makeButton('', 'tfmfa-runs-refresh', () => _data.refresh()),
      {
        'aria-label': 'Refresh the runs',
        title: 'Refresh the runs'
      }
    );
    this._refresh.append(makeIcon('replace'));
    const head = make('div', 'tfmfa-runs-head', make('h2', '', NAME), this._refresh);
    withAttributes(this.node, { role: 'region', 'aria-label': NAME });
    this.node.append(head, this._asOf, this._said, this._hint, this._tree.node);
    _data.changed.connect(this._draw, this);
    this._draw();
  }

  override dispose(): void {
    clearInterval(this._clock);
    super.dispose();
  }

  /** Says what an action did, once. */
  say(text: string, isError = false): void {
    this._said.classList.toggle('tfmfa-runs-bad', isError);
    setText(this._said, text);
    setVisible(this._said, text !== '');
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._data.setShown(true);
    this._clock = setInterval(() => this._draw(), MINUTE);
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this._data.setShown(false);
    clearInterval(this._clock);
  }

  private _toggle(key: string): void {
    if (!this._toggled.delete(key)) {
      this._toggled.add(key);
    }
    this._draw();
  }

  private _draw(): void {
    const { folder, waiting } = this._data;
    const title = waiting.length > 0 ? `${NAME} (${waiting.length} waiting for you)` : NAME;
    this.title.caption = title;
    this.title.dataset = waiting.length > 0 ? { 'tfmfa-waiting': String(waiting.length) } : {};
    if (!this.isVisible) {
      return;
    }
    setText(this._asOf, this._asOfWords());
    this._asOf.title = folder ? fullDate(folder.at) : '';
    this._asOf.classList.toggle('tfmfa-runs-late', this._data.isLate);
    const hint = this._hintWords();
    setText(this._hint, hint);
    setVisible(this._hint, hint !== '');
    this._refresh.disabled = this._data.source === null;
    const shown = {
      folder,
      waiting: waiting.map(({ notebook, run }) => ({ run, notebook: notebook.title.label })),
      live: (id: string) => this._data.live(id)?.run ?? null
    };
    const rows = rowsOf(shown, this._toggled);
    setVisible(this._tree.node, rows.length > 0);
    this._tree.draw(rows, Date.now() / 1000);
  }

  private _asOfWords(): string {
    const { folder, isLate } = this._data;
    if (!folder) {
      return isLate ? 'The kernel is busy.' : '';
    }
    const from = `${folder.folder}, as of ${timeOfDay(folder.at)}`;
    return isLate ? `The kernel is busy: ${from}` : from;
  }

  private _hintWords(): string {
    const { folder, hasNotebook, problem, source } = this._data;
    if (problem) {
      return problem;
    }
    if (!source) {
      return hasNotebook
        ? 'To see the runs of this folder, run %load_ext tfmfa_nb in the notebook.'
        : 'To see the runs of a folder, open a notebook in it and run %load_ext tfmfa_nb.';
    }
    return folder?.environments.length === 0 ? 'This folder has no environments yet. %%tfplan makes one.' : '';
  }

  private readonly _tree: RunsTree;
  private readonly _refresh: HTMLButtonElement;
  private readonly _asOf = make('div', 'tfmfa-runs-as-of tfmfa-faint');
  private readonly _said = withAttributes(make('div', 'tfmfa-runs-said'), { role: 'status' });
  private readonly _hint = make('p', 'tfmfa-runs-hint');
  private readonly _toggled = new Set<string>();
  private _clock: ReturnType<typeof setInterval> | undefined;
}
