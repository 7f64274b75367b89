// While a run is being canceled: what that means, and the way to stop it at once.

import { make, makeButton, setVisible } from '../../dom/elements';
import { makeIcon } from '../../dom/icons';
import type { CardState } from '../../protocol/generated';

const MEANING =
  'Stopping: Terraform finishes the operations in progress and saves the state. ' +
  'After a force stop, resources that are being changed may be missing from the state.';

export class Stopping {
  /** @param _kill - Stops Terraform at once. */
  constructor(private readonly _kill: () => void) {}

  draw({ canceling, ended_at }: CardState): void {
    setVisible(this.node, canceling && ended_at === 0);
  }

  /** The kernel has exited: nothing can be asked of the run. */
  exit(): void {
    setVisible(this.node, false);
  }

  readonly node = make(
    'div',
    'tfmfa-stopping',
    makeIcon('warning'),
    make('span', 'tfmfa-grow', MEANING),
    makeButton('Force stop', 'tfmfa-danger', () => this._kill())
  );
}
