// Who runs Terraform, where, and with what: one line, which opens to everything.

import { make, Refill, setText, setVisible } from '../../dom/elements';
import type { CardState } from '../../protocol/generated';

type Fact = readonly [name: string, value: string];
const AWS_ENDPOINT = /^https:\/\/sts\.[\w.-]+\.amazonaws\.com(\.cn)?\/?$/;

export class Facts {
  draw({ identity, policy, product, program }: Pick<CardState, 'identity' | 'policy' | 'product' | 'program'>): void {
    const { account, alias, endpoint, region, serial_number, source, user } = identity;
    const place = alias ? `${account} (${alias})` : account;
    const all: readonly Fact[] = [
      ['Account', place],
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
    // An endpoint that is not AWS's own gets the code: that is for the first look.
    const other = endpoint === '' || AWS_ENDPOINT.test(endpoint) ? '' : `endpoint ${endpoint}`;
    setText(this._line, [user, place, region, other].filter(Boolean).join(' · ') || product);
    this._refill.draw(known);
  }

  private readonly _line = make('span', 'tfmfa-fold-line');
  private readonly _refill = new Refill<readonly Fact[]>(make('dl', 'tfmfa-facts'), facts =>
    facts.map(([name, value]) => make('div', '', make('dt', '', name), make('dd', '', value)))
  );

  readonly node = make('details', 'tfmfa-fold', make('summary', '', this._line), this._refill.node);
}
