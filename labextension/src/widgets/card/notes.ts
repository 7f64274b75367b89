// What else a person should know of the run.

import { make, Refill, setVisible } from '../../dom/elements';

export class Notes {
  readonly node = make('ul', 'tfmfa-notes');

  draw(notes: readonly string[]): void {
    setVisible(this.node, notes.length > 0);
    this._refill.draw(notes);
  }

  private readonly _refill = new Refill<readonly string[]>(this.node, notes => notes.map(note => make('li', '', note)));
}
