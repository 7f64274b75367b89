// What a fleet does, and every resource that it destroys: while a person selects, of the selected environments.

import { make, setText } from '../../dom/elements';
import type { FleetRow, FleetState } from '../../protocol/generated';
import { ACTION_VERBS, COUNTED_ACTIONS, NO_CHANGES, SEVERE_ACTIONS } from '../../protocol/generated';
import { count } from '../../text/numbers';
import { Severe } from '../card/severe';

const MOST = 20; // resources that are named
const MOST_NAMES = 5; // environments

export class FleetDecision {
  /** @param selected - The places of the selected rows. */
  draw(state: FleetState, selected: readonly number[]): void {
    const rows = concerned(state, selected);
    this.text = state.choice ? selectionText(rows, state.rows.length) : state.decision;
    setText(this._line, this.text);
    const severe = rows
      .flatMap(row => row.severe.map(change => ({ ...change, environment: row.name })))
      .sort((one, other) => SEVERE_ACTIONS.indexOf(one.action) - SEVERE_ACTIONS.indexOf(other.action));
    const unnamed = rows.reduce((sum, row) => sum + row.more_severe, 0);
    this._severe.draw(severe.slice(0, MOST), Math.max(0, severe.length - MOST) + unnamed);
  }

  /** The line. */
  text = '';

  private readonly _line = make('p', 'tfmfa-decision-line');
  private readonly _severe = new Severe();

  readonly node = make('div', 'tfmfa-decision', this._line, this._severe.node);
}

/** The rows that the decision is about: those that are selected, or that are applied, or, of a plan, all. */
function concerned({ choice, phase, rows }: FleetState, selected: readonly number[]): readonly FleetRow[] {
  if (choice) {
    return rows.filter((_, place) => selected.includes(place));
  }
  return phase === 'apply' ? rows.filter(({ takes_part: takesPart }) => takesPart) : rows;
}

/** `2 of 3 environments selected: 4 to add, 0 to change, 1 to destroy. Resources are destroyed in "web".` */
function selectionText(rows: readonly FleetRow[], all: number): string {
  const which = `${count(rows.length)} of ${count(all)} ${all === 1 ? 'environment' : 'environments'} selected`;
  const sum = (action: string) => rows.reduce((total, { numbers }) => total + (numbers[action] ?? 0), 0);
  const what = Object.entries(ACTION_VERBS)
    .filter(([action]) => COUNTED_ACTIONS.includes(action) || sum(action))
    .map(([action, verb]) => `${count(sum(action))} to ${verb}`);
  const isNothing = rows.every(({ numbers }) => Object.keys(numbers).length === 0);
  const names = rows.filter(destroys).map(({ name }) => `"${name}"`);
  const more = names.length > MOST_NAMES ? `, and ${count(names.length - MOST_NAMES)} more` : '';
  const where = ` Resources are destroyed in ${names.slice(0, MOST_NAMES).join(', ')}${more}.`;
  return `${which}: ${isNothing ? NO_CHANGES : what.join(', ')}.${names.length ? where : ''}`;
}

/** Whether the plan of an environment destroys or replaces something. */
export function destroys({ numbers }: FleetRow): boolean {
  return (numbers['delete'] ?? 0) + (numbers['replace'] ?? 0) > 0;
}
