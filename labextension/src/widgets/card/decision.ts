// What the apply of the plan does, and every resource that it destroys: what a person decides on.

import { make, Refill, setVisible } from '../../dom/elements';
import type { CardState, Decision as PlanDecision } from '../../protocol/generated';
import { Severe } from './severe';

type Line = Pick<PlanDecision, 'parts' | 'title'>;

export class Decision {
  draw({ decision }: CardState): void {
    setVisible(this.node, decision !== null);
    if (decision) {
      const { more, parts, severe, title } = decision;
      this._line.draw({ title, parts });
      this._severe.draw(severe, more);
    }
  }

  private readonly _line = new Refill<Line>(make('p', 'tfmfa-decision-line'), ({ parts, title }) => {
    const isNothing = parts.every(({ words }) => words.startsWith('0 '));
    const pieces = parts.map(({ action, words }) => {
      const kind = words.startsWith('0 ') ? 'none' : action;
      return make('span', `tfmfa-part tfmfa-part-${kind}`, words);
    });
    return isNothing
      ? ['No changes to resources.']
      : [`${title}: `, ...pieces.flatMap((piece, index) => (index ? [', ', piece] : [piece])), '.'];
  });

  private readonly _severe = new Severe();

  readonly node = make('div', 'tfmfa-decision', this._line.node, this._severe.node);
}
