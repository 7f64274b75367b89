// One row of the runs panel. A state is told by its icon and its word, not by color alone.

import { make, makeButton, withAttributes } from '../dom/elements';
import { lockIndicatorIcon, makeIcon, statusIcon } from '../dom/icons';
import type { EnvironmentRuns, ListedFleet, RunRow, RunStatus } from '../protocol/generated';
import { ago, fullDate } from '../text/when';
import { capitalized, lookUp, runWords } from '../text/words';
import type { Row } from './rows';

/** What a person can do with a row: the name of the action, and the row. */
export type Act = (action: string, row: Row) => void;

const ACTIONS: Readonly<Record<string, string>> = {
  answer: 'Answer…',
  open: 'Open',
  follow: 'Follow',
  show: 'Open',
  cancel: 'Cancel',
  discard: 'Discard',
  unlock: 'Unlock…'
};

/** The actions that a row has a button for, the usual one first. */
export function actionsOf(row: Row): readonly string[] {
  switch (row.kind) {
    case 'waiting':
      return row.run.card ? ['show', 'cancel'] : ['cancel'];
    case 'environment':
      return row.environment.can_unlock ? ['unlock'] : [];
    case 'fleet':
      // What waits for a person has its button above.
      return row.fleet.actions.filter(each => each === 'open' || (each === 'cancel' && !row.live?.question));
    case 'member':
      return ['open'];
    case 'run':
      return row.live?.card
        ? ['show', ...(row.live.question ? [] : ['cancel'])]
        : row.run.actions.filter(each => lookUp(ACTIONS, each) !== undefined);
    default:
      return [];
  }
}

/** What is said of a row, in a line. */
export function labelOf(row: Row, now: number): string {
  return [...wordsOf(row, now)].filter(word => word !== '').join(', ');
}

/** Fills the element of a row. */
export function fillRow(node: HTMLElement, row: Row, now: number, act: Act): void {
  const { isOpen, key, level, position, size } = row;
  withAttributes(node, {
    'aria-level': level,
    'aria-posinset': position,
    'aria-setsize': size,
    'aria-label': labelOf(row, now),
    'data-key': key
  });
  if (isOpen === undefined) {
    node.removeAttribute('aria-expanded');
  } else {
    node.setAttribute('aria-expanded', String(isOpen));
  }
  node.className = `tfmfa-runs-row tfmfa-runs-${row.kind}`;
  const buttons = actionsOf(row).map(action => {
    const name = ACTIONS[action] ?? action;
    const button = makeButton(name, 'tfmfa-runs-button', () => act(action, row));
    return withAttributes(button, { 'data-action': action, 'aria-label': `${name} ${subjectOf(row)}` });
  });
  const inner = make('div', 'tfmfa-runs-words', ...contentOf(row, now));
  if (buttons.length > 0) {
    inner.append(make('div', 'tfmfa-runs-buttons', ...buttons));
  }
  node.replaceChildren(isOpen === undefined ? '' : makeIcon('chevron'), inner);
}

function subjectOf(row: Row): string {
  switch (row.kind) {
    case 'run':
    case 'waiting':
      return row.run.id;
    case 'fleet':
      return row.fleet.id;
    case 'member':
      return row.run.name;
    case 'environment':
      return row.environment.name;
    default:
      return '';
  }
}

function* wordsOf(row: Row, now: number): Iterable<string> {
  switch (row.kind) {
    case 'group':
      yield `Waiting for you: ${row.count}`;
      break;
    case 'waiting':
      yield runWords(row.run);
      yield row.run.environment;
      yield row.notebook;
      break;
    case 'fleet':
      yield `Fleet of ${row.fleet.environments}`;
      yield fleetWords(row.fleet, row.live);
      yield ago(row.fleet.started_at, now);
      break;
    case 'member':
      yield row.run.name;
      yield row.run.words;
      break;
    case 'environment':
      yield row.environment.name;
      yield levelWords(row.environment);
      yield lockWords(row.environment);
      yield row.environment.workspace && `workspace ${row.environment.workspace}`;
      yield* row.environment.problems;
      break;
    case 'run':
      yield row.live ? runWords(row.live) : row.run.words;
      yield row.run.command;
      yield row.run.changes;
      yield byWords(row.run);
      yield ago(row.run.started_at, now);
      yield row.run.workspace && `workspace ${row.run.workspace}`;
      break;
    case 'note':
      yield row.text;
  }
}

function contentOf(row: Row, now: number): readonly (Node | string)[] {
  switch (row.kind) {
    case 'group':
      return [line(makeIcon('waiting'), strong(`Waiting for you (${row.count})`))];
    case 'waiting':
      return [
        line(makeIcon('waiting'), strong(runWords(row.run))),
        line(make('span', '', row.run.environment), faint(row.notebook))
      ];
    case 'fleet':
      return fleetContent(row.fleet, row.live, now);
    case 'member':
      return [line(makeIcon(statusIcon(row.run.status)), strong(row.run.name), faint(row.run.words))];
    case 'environment':
      return environmentContent(row.environment);
    case 'run':
      return runContent(row.run, row.live, now);
    case 'note':
      return [faint(row.text)];
  }
}

function environmentContent(environment: EnvironmentRuns): readonly Node[] {
  const { can_unlock, lock, lock_indicator, name, problems, runs, workspace } = environment;
  const level = line(makeIcon(lockIndicatorIcon(lock_indicator)), levelWords(environment));
  const locked = lock
    ? withAttributes(line(makeIcon(can_unlock ? 'warning' : 'stopped'), lockWords(environment)), { title: lock })
    : line(makeIcon('good'), lockWords(environment));
  return [
    line(strong(name)),
    level,
    locked,
    ...(workspace ? [line(makeIcon('block'), `Workspace ${workspace}`)] : []),
    ...problems.map(problem => line(makeIcon('warning'), make('span', 'tfmfa-runs-problem', problem))),
    ...(runs.length === 0 ? [faint('No runs yet')] : [])
  ];
}

function fleetContent(fleet: ListedFleet, live: RunStatus | null, now: number): readonly Node[] {
  const { environments, id, started_at, status } = fleet;
  const icon = live?.question ? 'waiting' : statusIcon(live ? live.status : status);
  const when = withAttributes(make('time', '', ago(started_at, now)), {
    title: `${id}, started ${fullDate(started_at)}`,
    datetime: new Date(started_at * 1000).toISOString()
  });
  return [
    line(strong(`Fleet of ${environments}`)),
    line(makeIcon(icon), fleetWords(fleet, live)),
    make('div', 'tfmfa-runs-line tfmfa-faint', ...separated([partOf(id), when]))
  ];
}

/** How a fleet stands: as the notebook that drives it says, which may be asking for something. */
function fleetWords(fleet: ListedFleet, live: RunStatus | null): string {
  return live ? runWords(live) : capitalized(fleet.stands);
}

function runContent(run: RunRow, live: RunStatus | null, now: number): readonly Node[] {
  const isWaiting = live ? live.question !== '' : run.actions.includes('answer');
  const icon = isWaiting ? 'waiting' : statusIcon(live ? live.status : run.status);
  const when = make('time', '', ago(run.started_at, now));
  withAttributes(when, {
    title: `${run.id}, started ${fullDate(run.started_at)}`,
    datetime: new Date(run.started_at * 1000).toISOString()
  });
  const details = [partOf(run.id), when, byWords(run), run.time, run.workspace && `workspace ${run.workspace}`];
  return [
    line(makeIcon(icon), strong(live ? runWords(live) : run.words), changes(run)),
    ...(run.command ? [line(make('span', 'tfmfa-mono', run.command))] : []),
    make('div', 'tfmfa-runs-line tfmfa-faint', ...separated(details.filter(each => each !== '')))
  ];
}

/** The end of a run's ID, which `%tfruns` takes for the run. */
function partOf(id: string): string {
  return id.slice(id.lastIndexOf('-') + 1);
}

function changes({ changes }: RunRow): HTMLElement {
  return make('span', 'tfmfa-mono tfmfa-runs-changes', changes);
}

function levelWords({ level }: EnvironmentRuns): string {
  return level ? `MFA: ${level}` : 'MFA: level not known';
}

function lockWords({ holder, lock }: EnvironmentRuns): string {
  return lock ? `Locked by ${holder ? `run ${partOf(holder)}` : 'a run'}` : 'Free';
}

function byWords({ authenticated_by }: RunRow): string {
  return authenticated_by && `MFA by ${authenticated_by}`;
}

function separated(parts: readonly (Node | string)[]): (Node | string)[] {
  return parts.flatMap((part, index) => [...(index > 0 ? [' · '] : []), make('span', 'tfmfa-runs-part', part)]);
}

function line(...children: readonly (Node | string)[]): HTMLElement {
  return make(
    'div',
    'tfmfa-runs-line',
    ...children.map(each => (typeof each === 'string' ? make('span', '', each) : each))
  );
}

function strong(text: string): HTMLElement {
  return make('strong', '', text);
}

function faint(text: string): HTMLElement {
  return make('span', 'tfmfa-faint', text);
}
