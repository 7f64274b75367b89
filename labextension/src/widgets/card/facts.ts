// Who runs Terraform, where, and with what.

import { make, Refill, setVisible } from '../../dom/elements';
import type { CardState } from '../../protocol/generated';

type Fact = readonly [name: string, value: string];

export class Facts {
  readonly node = make('dl', 'tfmfa-facts');

  draw({ identity, policy, product, program }: CardState): void {
    const { account, alias, endpoint, region, serial_number, source, user } = identity;
    const all: readonly Fact[] = [
      ['Account', alias ? `${account} (${alias})` : account],
      ['User', user],
      ['Region', region],
      ['STS endpoint', endpoint],
      ['MFA device', serial_number],
      ['Keys from', source],
      ['Program', program === '' ? product : `${product}, ${program}`],
      ['Policy', policy]
    ];
    const known = all.filter(([, value]) => value !== '');
    setVisible(this.node, known.length > 0);
    this._refill.draw(known);
  }

  private readonly _refill = new Refill<readonly Fact[]>(this.node, facts =>
    facts.map(([name, value]) => make('div', '', make('dt', '', name), make('dd', '', value)))
  );
}
