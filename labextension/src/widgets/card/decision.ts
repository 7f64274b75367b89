// What the apply of the plan does, and every resource that it destroys: what a person decides on.

import { make, Refill, setVisible } from '../../dom/elements';
import type { CardState, Decision as PlanDecision, SevereChange } from '../../protocol/generated';
import { count } from '../../text/numbers';
import { actionSign } from '../../text/words';

export class Decision {
  draw({ decision }: CardState): void {
    setVisible(this.node, decision !== null);
    if (decision) {
      this._line.draw(decision.parts);
      setVisible(this._severe.node, decision.severe.length > 0);
      this._severe.draw(decision);
    }
  }

  private readonly _line = new Refill<PlanDecision['parts']>(make('p', 'tfmfa-decision-line'), parts => {
    const isNothing = parts.every(({ words }) => words.startsWith('0 '));
    const pieces = parts.map(({ action, words }) => {
      const kind = words.startsWith('0 ') ? 'none' : action;
      return make('span', `tfmfa-part tfmfa-part-${kind}`, words);
    });
    return isNothing
      ? ['No changes to resources.']
      : ['Plan: ', ...pieces.flatMap((piece, index) => (index ? [', ', piece] : [piece])), '.'];
  });

  private readonly _severe = new Refill<PlanDecision>(make('ul', 'tfmfa-severe'), ({ more, severe }) => [
    ...severe.map(severeItem),
    ...(more ? [make('li', 'tfmfa-faint', `and ${count(more)} more`)] : [])
  ]);

  readonly node = make('div', 'tfmfa-decision', this._line.node, this._severe.node);
}

function severeItem({ action, address, reason, words }: SevereChange): HTMLElement {
  const sign = make('span', `tfmfa-sign tfmfa-mono tfmfa-part-${action}`, actionSign(action));
  sign.setAttribute('aria-hidden', 'true'); // the words say it
  return make(
    'li',
    '',
    sign,
    make('span', '', make('span', 'tfmfa-mono tfmfa-address', address), ' ', make('strong', '', words), why(reason))
  );
}

function why(reason: string): Node | string {
  return reason ? make('span', 'tfmfa-faint', `: ${reason}`) : '';
}
