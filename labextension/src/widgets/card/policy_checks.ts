// How policy checks have judged the plan: one line each, which opens to the command and to what it printed. What the
// commands printed is others' text, and only text.

import { make, Refill, setText, setVisible, withAttributes } from '../../dom/elements';
import { makeIcon } from '../../dom/icons';
import type { CardState, PolicyCheckResult } from '../../protocol/generated';
import { count } from '../../text/numbers';

interface IShown {
  readonly checks: readonly PolicyCheckResult[];
  readonly more: number;
}

export class PolicyChecks {
  constructor() {
    setVisible(this.node, false);
  }

  draw({ more_policy_checks: more, policy_checks: checks }: CardState): void {
    setVisible(this.node, checks.length > 0);
    setText(this._title, `Policy checks (${count(checks.length + more)})`);
    this._refill.draw({ checks, more });
  }

  private readonly _title = make('div', 'tfmfa-outputs-title');
  private readonly _refill = new Refill<IShown>(make('ul', 'tfmfa-policy-checks-list'), ({ checks, more }) => [
    ...checks.map(check => make('li', '', judged(check))),
    ...(more ? [make('li', 'tfmfa-faint', `and ${count(more)} more: run.policy_checks has all of them`)] : [])
  ]);

  readonly node = withAttributes(make('section', 'tfmfa-policy-checks', this._title, this._refill.node), {
    'aria-label': 'Policy checks'
  });
}

/** A check that has failed is open: it says what to change. */
function judged({ command, output, passed, sentence, source }: PolicyCheckResult): HTMLElement {
  const icon = makeIcon(passed ? 'good' : 'bad', passed ? 'Passed' : 'Failed');
  const line = make('summary', passed ? 'tfmfa-check-passed' : 'tfmfa-check-failed', icon, make('span', '', sentence));
  const facts = make('dl', 'tfmfa-facts', fact('Command', make('code', 'tfmfa-mono', command)));
  if (source) {
    facts.append(fact('Demanded by', source));
  }
  const node = make('details', 'tfmfa-fold', line, facts);
  if (output) {
    const attributes = { tabindex: 0, role: 'region', 'aria-label': `Output of ${command}` };
    node.append(withAttributes(make('pre', 'tfmfa-document tfmfa-mono', output), attributes));
  }
  node.open = !passed;
  return node;
}

function fact(name: string, value: Node | string): HTMLElement {
  return make('div', '', make('dt', '', name), make('dd', '', value));
}
