// One environment of a fleet: its name, which opens its run, and each phase. Its elements are changed in place.

import { make, makeButton, setText, setVisible, withAttributes } from '../../dom/elements';
import { IconHolder, statusIcon } from '../../dom/icons';
import type { FleetPhase, FleetRow } from '../../protocol/generated';
import { duration } from '../../text/numbers';
import { destroys } from './decision';

/** A phase of an environment, in its cell. */
class PhaseCell {
  draw(phase: FleetPhase, now: number): void {
    this._phase = phase;
    setVisible(this._icon.node, phase.words !== '');
    this._icon.draw(phase.status ? statusIcon(phase.status) : 'waiting');
    setText(this._words, phase.words);
    setText(this._error, phase.error);
    setVisible(this._error, phase.error !== '');
    this.drawTime(now);
  }

  drawTime(now: number): void {
    const { ended_at: end, started_at: start } = this._phase;
    setText(this._time, start ? duration((end > start ? end : now) - start) : '');
  }

  private _phase: Pick<FleetPhase, 'ended_at' | 'started_at'> = { started_at: 0, ended_at: 0 };
  private readonly _icon = new IconHolder(make('span', 'tfmfa-status-icon'));
  private readonly _words = make('span');
  private readonly _time = make('span', 'tfmfa-time');
  private readonly _error = make('div', 'tfmfa-fleet-error');

  readonly node = make(
    'td',
    '',
    make('div', 'tfmfa-fleet-phase', this._icon.node, this._words, ' ', this._time),
    this._error
  );
}

export class Row {
  /**
   * @param open - Called with the environment's row when its name is pressed.
   * @param select - Called when the environment is selected, or is no longer.
   */
  constructor(open: (row: FleetRow) => void, select: (selected: boolean) => void) {
    this.name = makeButton('', 'tfmfa-fleet-name', () => {
      if (this._row) {
        open(this._row);
      }
    });
    this.box.addEventListener('change', () => select(this.box.checked));
    this.node.append(
      make('td', 'tfmfa-fleet-box', this.box),
      withAttributes(make('th', '', this.name), { scope: 'row' }),
      this._plan.node,
      this._changes,
      this._apply.node
    );
  }

  draw(row: FleetRow, now: number): void {
    this._row = row;
    setText(this.name, row.name);
    this.name.disabled = row.run === '';
    withAttributes(this.name, { title: row.run ? `Open ${row.run}` : row.name });
    withAttributes(this.box, { 'aria-label': `Apply ${row.name}` });
    setText(this._changes, row.changes);
    this._changes.classList.toggle('tfmfa-fleet-destroys', destroys(row));
    this._plan.draw(row.plan, now);
    this._apply.draw(row.apply, now);
    this.node.toggleAttribute('data-failed', row.failed);
  }

  drawTime(now: number): void {
    this._plan.drawTime(now);
    this._apply.drawTime(now);
  }

  /** @param selected - Null where it cannot be selected now. */
  choose(selected: boolean | null): void {
    this.box.checked = selected === true;
    this.box.disabled = selected === null;
  }

  readonly box = withAttributes(make('input'), { type: 'checkbox' });
  readonly name: HTMLButtonElement;
  private readonly _plan = new PhaseCell();
  private readonly _changes = make('td', 'tfmfa-mono tfmfa-fleet-changes');
  private readonly _apply = new PhaseCell();
  private _row: FleetRow | null = null;

  readonly node = make('tr');
}
