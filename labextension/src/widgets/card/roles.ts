// The roles that each provider assumes, one after the other, and whether they can be assumed.

import { make, Refill, setText, setVisible, withAttributes } from '../../dom/elements';
import { hopIcon, makeIcon } from '../../dom/icons';
import type { Hop, RoleChain } from '../../protocol/generated';
import { count } from '../../text/numbers';
import { hopName } from '../../text/words';

export class Roles {
  draw(roles: readonly RoleChain[]): void {
    const chains = roles.filter(({ hops }) => hops.length > 0);
    setVisible(this.node, chains.length > 0);
    const hops = chains.flatMap(chain => chain.hops);
    setText(this._line, rolesText(hops));
    // A refusal opens the fold, once: a person may close it again.
    const isRefused = hops.some(({ state }) => state === 'refused');
    this.node.open ||= isRefused && !this._wasRefused;
    this._wasRefused = isRefused;
    this._refill.draw(chains);
  }

  private readonly _line = make('span', 'tfmfa-fold-line');
  private readonly _refill = new Refill<readonly RoleChain[]>(
    withAttributes(make('ul', 'tfmfa-roles'), { 'aria-label': 'Roles of the providers' }),
    chains => chains.map(chainItem)
  );
  private _wasRefused = false;

  readonly node = make('details', 'tfmfa-fold', make('summary', '', this._line), this._refill.node);
}

/** "3 roles assumed", "2 roles to assume", "1 of 3 roles refused". */
function rolesText(hops: readonly Hop[]): string {
  const inState = (wanted: string) => hops.filter(({ state }) => state === wanted).length;
  const roles = hops.length === 1 ? '1 role' : `${count(hops.length)} roles`;
  const refused = inState('refused');
  if (refused) {
    return `${count(refused)} of ${roles} refused`;
  }
  if (inState('assumed') === hops.length) {
    return `${roles} assumed`;
  }
  return inState('checking') ? `Checking ${roles}` : `${roles} to assume`;
}

function chainItem({ hops, place, provider }: RoleChain): HTMLElement {
  const name = make('span', 'tfmfa-provider', provider);
  const item = make('li', '', name, ' ', make('span', 'tfmfa-faint', place));
  // Each hop lies inside the one that it is assumed from.
  hops.reduce<HTMLElement>((parent, hop) => {
    const child = hopItem(hop);
    parent.append(make('ul', '', child));
    return child;
  }, item);
  return item;
}

function hopItem({ arn, message, state }: Hop): HTMLElement {
  const icon = hopIcon(state);
  const words = hopName(state);
  const item = make(
    'li',
    `tfmfa-hop tfmfa-hop-${icon}`,
    makeIcon(icon),
    ' ',
    make('span', 'tfmfa-mono', arn),
    ' ',
    make('span', 'tfmfa-hop-state', state === 'refused' && message ? `${words}:` : words)
  );
  if (message) {
    item.append(' ', make('span', 'tfmfa-faint', message));
  }
  return item;
}
