// The roles that each provider assumes, one after the other, and whether they can be assumed.

import { make, Refill, setVisible, withAttributes } from '../../dom/elements';
import { makeIcon } from '../../dom/icons';
import type { IHop, IRoleChain } from '../../protocol/messages';

type Look = readonly [icon: string, words: string];

const UNCHECKED: Look = ['open', 'not checked yet'];
const LOOKS: ReadonlyMap<string, Look> = new Map<string, Look>([
  ['unchecked', UNCHECKED],
  ['checking', ['turning', 'checking']],
  ['assumed', ['good', 'can be assumed']],
  ['refused', ['bad', 'refused']]
]);

export class Roles {
  readonly node = withAttributes(make('ul', 'tfmfa-roles'), { 'aria-label': 'Roles that will be assumed' });

  draw(roles: readonly IRoleChain[]): void {
    const chains = roles.filter(({ hops }) => hops.length > 0);
    setVisible(this.node, chains.length > 0);
    this._refill.draw(chains);
  }

  private readonly _refill = new Refill<readonly IRoleChain[]>(this.node, chains => chains.map(chainItem));
}

function chainItem({ hops, place, provider }: IRoleChain): HTMLElement {
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

function hopItem({ arn, message, state }: IHop): HTMLElement {
  const [icon, words] = LOOKS.get(state) ?? UNCHECKED;
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
