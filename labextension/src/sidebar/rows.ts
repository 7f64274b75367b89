// The rows of the runs panel: what waits for a person, then fleets, then each environment with its newest runs.

import type { EnvironmentRuns, FleetRun, FolderRuns, ListedFleet, RunRow, RunStatus } from '../protocol/generated';

interface IPlace {
  /** Tells the row from the others, and stays the same from one answer to the next. */
  readonly key: string;
  readonly level: 1 | 2;
  readonly position: number;
  readonly size: number;
  readonly isOpen?: boolean;
}

export interface IWaitingRow extends IPlace {
  readonly kind: 'waiting';
  readonly run: RunStatus;
  readonly notebook: string;
}

export type Row = IPlace &
  (
    | { readonly kind: 'group'; readonly count: number }
    | Omit<IWaitingRow, keyof IPlace>
    | { readonly kind: 'fleet'; readonly fleet: ListedFleet; readonly live: RunStatus | null }
    | { readonly kind: 'member'; readonly run: FleetRun }
    | { readonly kind: 'environment'; readonly environment: EnvironmentRuns }
    | {
        readonly kind: 'run';
        readonly run: RunRow;
        readonly environment: EnvironmentRuns;
        /** How the notebook that drives it says that it stands. */
        readonly live: RunStatus | null;
      }
    | { readonly kind: 'note'; readonly text: string }
  );

export interface IShown {
  readonly folder: FolderRuns | null;
  readonly waiting: readonly { readonly run: RunStatus; readonly notebook: string }[];
  live(id: string): RunStatus | null;
}

const WAITING = 'waiting';

/** The rows. Fleets are closed at first, and all others open; those with a key in `toggled` are the other way round. */
export function rowsOf({ folder, live, waiting }: IShown, toggled: ReadonlySet<string>): Row[] {
  const environments = folder?.environments ?? [];
  const fleets = folder?.fleets ?? [];
  const size = fleets.length + environments.length + (waiting.length > 0 ? 1 : 0) + (folder?.more ? 1 : 0);
  const rows: Row[] = [];
  let position = 0;
  const add = (key: string, inner: readonly object[], head: object, isClosed = false): void => {
    const isOpen = toggled.has(key) === isClosed;
    const openable = inner.length > 0 ? { isOpen } : {};
    rows.push({ key, level: 1, position: ++position, size, ...openable, ...head } as Row);
    if (isOpen) {
      const place = (index: number) => ({ level: 2, position: index + 1, size: inner.length });
      rows.push(...inner.map((row, index) => ({ ...place(index), ...row }) as Row));
    }
  };
  if (waiting.length > 0) {
    const inner = waiting.map(({ notebook, run }) => ({ key: `${WAITING} ${run.id}`, kind: 'waiting', run, notebook }));
    add(WAITING, inner, { kind: 'group', count: waiting.length });
  }
  for (const fleet of fleets) {
    const key = `of ${fleet.id}`;
    const inner = [
      ...fleet.runs.map(run => ({ key: `${key} ${run.run}`, kind: 'member', run })),
      ...(fleet.more ? [note(`${key} more`, `${fleet.more.toLocaleString('en')} more environments`)] : [])
    ];
    add(key, inner, { kind: 'fleet', fleet, live: live(fleet.id) }, true);
  }
  for (const environment of environments) {
    const key = `in ${environment.folder}`;
    const older = environment.total - environment.runs.length;
    const inner = [
      ...environment.runs.map(run => ({ key: `${key} ${run.id}`, kind: 'run', run, environment, live: live(run.id) })),
      ...(older > 0 ? [note(`${key} more`, `${older.toLocaleString('en')} older: %tfruns ${environment.option}`)] : [])
    ];
    add(key, inner, { kind: 'environment', environment });
  }
  if (folder?.more) {
    add('more', [], { kind: 'note', text: `${folder.more.toLocaleString('en')} more environments` });
  }
  return rows;
}

/** The index of the row one level above. */
export function parentOf(rows: readonly Row[], index: number): number {
  return rows[index]?.level === 2 ? rows.slice(0, index).findLastIndex(row => row.level === 1) : -1;
}

function note(key: string, text: string): object {
  return { key, kind: 'note', text };
}
