// The roles that each provider assumes, one after the other, and whether they can be assumed.

import { make, Refill, setVisible, withAttributes } from '../../dom/elements';
import { hopIcon, makeIcon } from '../../dom/icons';
import type { Hop, RoleChain } from '../../protocol/generated';
import { hopName } from '../../text/words';

export class Roles {
  readonly node = withAttributes(make('ul', 'tfmfa-roles'), { 'aria-label': 'Roles that will be assumed' });

  draw(roles: readonly RoleChain[]): void {
    const chains = roles.filter(({ hops }) => hops.length > 0);
    setVisible(this.node, chains.length > 0);
    this._refill.draw(chains);
  }

  private readonly _refill = new Refill<readonly RoleChain[]>(this.node, chains => chains.map(chainItem));
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
