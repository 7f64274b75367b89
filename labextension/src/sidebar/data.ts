// What the runs panel knows: which kernel tells it, what that kernel said last, and when.
//
// It asks when something has happened and somebody looks. It asks again after a while only where a run of another kernel
// goes on, of which no event comes. A kernel that answers late is said to be late: what it said last stays, with its time.

import { PathExt } from '@jupyterlab/coreutils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { JSONObject } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import type { FolderRuns, RunStatus } from '../protocol/generated';
import { readFolder } from '../runs/overview';
import type { IRuns } from '../runs/runs';
import { fields, text } from '../runs/untrusted';

const SOON = 150; // ms in which several events are one
const LATE = 2_000; // ms after which a kernel is said to be busy
const AGAIN = 10_000; // ms between two looks at a run of another kernel
const GOING_ON: ReadonlySet<string> = new Set(['answer', 'cancel']); // what can be done with such a run

/** A run of an open notebook that waits for its person. */
export interface IWaiting {
  readonly notebook: NotebookPanel;
  readonly run: RunStatus;
}

export class RunsData implements IDisposable {
  constructor(private readonly _runs: IRuns) {
    _runs.changed.connect(this._onChange, this);
    document.addEventListener('visibilitychange', this._onVisible);
  }

  readonly changed = new Signal<this, void>(this);

  /** The notebook whose kernel tells of the runs; null where none can. */
  get source(): NotebookPanel | null {
    return this._source;
  }

  /** What it said last; null before its first word. */
  get folder(): FolderRuns | null {
    return this._folder;
  }

  /** Whether its answer is overdue. */
  get isLate(): boolean {
    return this._isLate;
  }

  /** Why there is no answer. */
  get problem(): string {
    return this._problem;
  }

  get hasNotebook(): boolean {
    return this._runs.current !== null;
  }

  /** What waits for a code or an answer, in whichever notebook; each kernel tells it at once. */
  get waiting(): readonly IWaiting[] {
    return this._runs.notebooks.flatMap(notebook => {
      const run = this._runs.state(notebook)?.run;
      return run?.question ? [{ notebook, run }] : [];
    });
  }

  /** How a run stands that an open notebook drives, which knows better than a record. */
  live(id: string): IWaiting | null {
    const notebook = this._runs.notebooks.find(each => this._runs.state(each)?.run?.id === id);
    const run = this._runs.state(notebook ?? null)?.run;
    return notebook && run ? { notebook, run } : null;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    clearTimeout(this._timer);
    document.removeEventListener('visibilitychange', this._onVisible);
    Signal.clearData(this);
  }

  /** Whether the panel is open. */
  setShown(isShown: boolean): void {
    this._isShown = isShown;
    if (isShown) {
      this.refresh();
    } else {
      clearTimeout(this._timer);
    }
  }

  /** Ask now, as far as somebody looks. */
  refresh(): void {
    clearTimeout(this._timer);
    void this._look();
  }

  private _onChange(): void {
    this.changed.emit(); // what waits is counted also where nobody looks
    this._lookIn(SOON);
  }

  private readonly _onVisible = (): void => {
    if (!document.hidden) {
      this._lookIn(SOON);
    }
  };

  private _lookIn(time: number): void {
    clearTimeout(this._timer);
    if (this._isShown && !this._isDisposed) {
      this._timer = setTimeout(() => void this._look(), time);
    }
  }

  private async _look(): Promise<void> {
    if (!this._isShown || document.hidden) {
      return;
    }
    const source = this._choose();
    if (source !== this._source) {
      this._source = source;
      this._folder = null;
      this._problem = '';
      this._isLate = false;
      this.changed.emit();
    }
    if (!source) {
      return;
    }
    if (this._asked === source) {
      this._isDue = true;
      return;
    }
    const number = ++this._number;
    this._asked = source;
    this._isDue = false;
    const late = setTimeout(() => this._setLate(source, true), LATE);
    const answer = await this._runs.ask(source, { type: 'runs' });
    clearTimeout(late);
    if (number === this._number && !this.isDisposed) {
      this._take(answer); // otherwise, another notebook's kernel is asked by now
    }
  }

  private _take(answer: JSONObject | null): void {
    this._asked = null;
    this._isLate = false;
    this._folder = readFolder(answer) ?? this._folder;
    this._problem = text(fields(answer), 'error');
    this.changed.emit();
    if (this._isDue) {
      this._lookIn(SOON);
    } else if (this._goesOn()) {
      this._lookIn(AGAIN);
    }
  }

  private _setLate(source: NotebookPanel, isLate: boolean): void {
    if (source === this._asked && !this._isDisposed) {
      this._isLate = isLate;
      this.changed.emit();
    }
  }

  /** The current notebook, or another one of its folder, whose kernel has our extension. */
  private _choose(): NotebookPanel | null {
    const { current, notebooks } = this._runs;
    if (!current || this._runs.state(current)) {
      return current;
    }
    const folder = PathExt.dirname(current.context.path);
    return notebooks.find(each => PathExt.dirname(each.context.path) === folder) ?? null;
  }

  /** Whether a run goes on of which no event comes. */
  private _goesOn(): boolean {
    const runs = this._folder?.environments.flatMap(each => each.runs) ?? [];
    const fleets = this._folder?.fleets ?? [];
    return [...runs, ...fleets].some(
      ({ actions, id, status }) => (actions.some(each => GOING_ON.has(each)) || status === 'pending') && !this.live(id)
    );
  }

  private _source: NotebookPanel | null = null;
  private _asked: NotebookPanel | null = null;
  private _number = 0;
  private _folder: FolderRuns | null = null;
  private _problem = '';
  private _isLate = false;
  private _isDue = false;
  private _isShown = false;
  private _isDisposed = false;
  private _timer: ReturnType<typeof setTimeout> | undefined;
}
