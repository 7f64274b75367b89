// The approvals that the apply needs: how many it has and from whom, who is still awaited, and until when.

import { make, Refill, setVisible, withAttributes } from '../../dom/elements';
import type { CardState, NeededApprovals } from '../../protocol/generated';
import { count } from '../../text/numbers';
import { fullDate, shortDate } from '../../text/when';

export class Approvals {
  readonly node = withAttributes(make('section', 'tfmfa-approvals'), { 'aria-label': 'Approvals' });

  constructor() {
    setVisible(this.node, false);
  }

  draw({ needed_approvals: needed }: Pick<CardState, 'needed_approvals'>): void {
    setVisible(this.node, needed !== null);
    this._refill.draw(needed);
  }

  private readonly _refill = new Refill<NeededApprovals | null>(this.node, needed => (needed ? shown(needed) : []));
}

function shown(needed: NeededApprovals): HTMLElement[] {
  const title = `Approvals: ${count(needed.given.length)} of ${count(needed.required)}`;
  return [make('div', 'tfmfa-outputs-title', title), make('dl', 'tfmfa-facts', ...facts(needed))];
}

function facts({ approvers, asked_until: askedUntil, given, rejected, required }: NeededApprovals): HTMLElement[] {
  const awaited = Math.max(0, required - given.length);
  return [
    ...given.map(({ by, until }) => fact('Approved by', by, ', valid until ', when(until))),
    ...rejected.map(text => fact('Rejected by', text)),
    ...(awaited ? [fact('Waiting for', `${count(awaited)} more, from ${approvers}`)] : []),
    ...(awaited && askedUntil ? [fact('Respond by', when(askedUntil))] : [])
  ];
}

function when(seconds: number): HTMLElement {
  return withAttributes(make('time', '', shortDate(seconds)), { title: fullDate(seconds) });
}

function fact(name: string, ...value: readonly (Node | string)[]): HTMLElement {
  return make('div', '', make('dt', '', name), make('dd', '', ...value));
}
