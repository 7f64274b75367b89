// The runs of a folder, as a kernel tells them, and its answer to what a person does with one.

import type { JSONObject } from '@lumino/coreutils';
import type { EnvironmentRuns, FleetRun, FolderRuns, ListedFleet, RunAnswer, RunRow } from '../protocol/generated';
import { fields, list, numeral, text, texts } from './untrusted';

/** An answer about the folder; null where it is none. */
export function readFolder(data: unknown): FolderRuns | null {
  const answer = fields(data);
  return Array.isArray(answer['environments'])
    ? {
        folder: text(answer, 'folder'),
        at: numeral(answer, 'at'),
        fleets: list(answer, 'fleets').map(readFleet),
        environments: list(answer, 'environments').map(readEnvironment),
        more: numeral(answer, 'more')
      }
    : null;
}

/** What an action did; `error` is why it did nothing. */
export function readAnswer(data: unknown): RunAnswer & { readonly error: string } {
  const answer = fields(data);
  return {
    text: text(answer, 'text'),
    card: text(answer, 'card'),
    agree: text(answer, 'agree'),
    error: data === null ? 'The kernel does not answer.' : text(answer, 'error')
  };
}

function readEnvironment(data: JSONObject): EnvironmentRuns {
  const word = (name: string) => text(data, name);
  return {
    name: word('name'),
    option: word('option'),
    folder: word('folder'),
    level: word('level'),
    lock_indicator: word('lock_indicator'),
    workspace: word('workspace'),
    lock: word('lock'),
    holder: word('holder'),
    can_unlock: data['can_unlock'] === true,
    problems: texts(data, 'problems'),
    runs: list(data, 'runs').map(readRun),
    total: numeral(data, 'total')
  };
}

function readFleet(data: JSONObject): ListedFleet {
  return {
    id: text(data, 'id'),
    started_at: numeral(data, 'started_at'),
    status: text(data, 'status'),
    environments: text(data, 'environments'),
    stands: text(data, 'stands'),
    runs: list(data, 'runs').map(readFleetRun),
    more: numeral(data, 'more'),
    actions: texts(data, 'actions')
  };
}

function readFleetRun(data: JSONObject): FleetRun {
  return {
    name: text(data, 'name'),
    folder: text(data, 'folder'),
    run: text(data, 'run'),
    status: text(data, 'status'),
    words: text(data, 'words')
  };
}

function readRun(data: JSONObject): RunRow {
  const word = (name: string) => text(data, name);
  return {
    id: word('id'),
    status: word('status'),
    words: word('words'),
    changes: word('changes'),
    command: word('command'),
    workspace: word('workspace'),
    authenticated_by: word('authenticated_by'),
    started_at: numeral(data, 'started_at'),
    time: word('time'),
    actions: texts(data, 'actions')
  };
}
