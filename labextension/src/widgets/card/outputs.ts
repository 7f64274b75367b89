// The outputs of an apply that has ended, to be read and to be copied. A sensitive one has no value here.

import { copyText } from '../../dom/clipboard';
import { make, makeButton, Refill, setText, setVisible, withAttributes } from '../../dom/elements';
import type { CardState, Output } from '../../protocol/generated';
import { count } from '../../text/numbers';

interface IShown {
  readonly outputs: readonly Output[];
  readonly more: number;
}

export class Outputs {
  constructor() {
    setVisible(this.node, false);
  }

  draw({ more_outputs: more, outputs }: CardState): void {
    setVisible(this.node, outputs.length > 0);
    setText(this._title, `Outputs (${count(outputs.length + more)})`);
    this._refill.draw({ outputs, more });
  }

  private _row(output: Output): HTMLElement {
    const { name, sensitive, text, whole } = output;
    const value = make('span', `tfmfa-output-value${sensitive ? ' tfmfa-value-sensitive' : ''}`, text);
    const told = make('span', 'tfmfa-output', value);
    const parts: HTMLElement[] = [make('span', 'tfmfa-output-name', name), told];
    if (!sensitive && !whole) {
      told.append(make('span', 'tfmfa-faint', `run.outputs["${name}"] is the whole value.`));
    }
    if (!sensitive && whole) {
      const copy = withAttributes(
        makeButton('Copy', 'tfmfa-plain', () => void this._copy(output)),
        { 'aria-label': `Copy ${name}` }
      );
      parts.push(copy);
    }
    return make('li', '', ...parts);
  }

  private async _copy({ name, text }: Output): Promise<void> {
    const done = await copyText(text);
    setText(this._said, done ? `Copied ${name}` : 'The browser does not allow copying.');
  }

  private readonly _title = make('span', 'tfmfa-outputs-title');
  private readonly _said = withAttributes(make('span', 'tfmfa-faint'), { role: 'status' });
  private readonly _refill = new Refill<IShown>(make('ul', 'tfmfa-outputs-list'), ({ more, outputs }) => [
    ...outputs.map(output => this._row(output)),
    ...(more ? [make('li', 'tfmfa-faint', `and ${count(more)} more: run.outputs has all of them`)] : [])
  ]);

  readonly node = withAttributes(
    make('section', 'tfmfa-outputs', make('div', 'tfmfa-outputs-head', this._title, this._said), this._refill.node),
    { 'aria-label': 'Outputs' }
  );
}
