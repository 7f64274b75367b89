// The list of a person's MFA devices, once AWS was asked for them.

import { make, setVisible, withAttributes } from '../../dom/elements';
import type { MfaDevice } from '../../protocol/generated';

export class Devices {
  /** @param _choose - Called with the serial number that was chosen. */
  constructor(
    id: string,
    private readonly _choose: (serial: string) => void
  ) {
    this._list.id = `${id}-devices`;
    this._list.addEventListener('change', () => this._choose(this._list.value));
    const label = withAttributes(make('label', 'tfmfa-sheet-label', 'Your MFA devices'), { for: this._list.id });
    this.node = make('div', 'tfmfa-sheet-row', label, this._list);
    this.hide();
  }

  readonly node: HTMLElement;

  /** Lists the devices, with the focus on the list. */
  draw(devices: readonly MfaDevice[]): void {
    const first = withAttributes(make('option', '', 'Choose a device'), { value: '' });
    first.disabled = true;
    this._list.replaceChildren(first, ...devices.map(option));
    this._list.value = '';
    setVisible(this.node, devices.length > 0);
    if (devices.length > 0) {
      this._list.focus();
    }
  }

  hide(): void {
    setVisible(this.node, false);
  }

  private readonly _list = make('select', 'tfmfa-select');
}

function option({ reason, serial }: MfaDevice): HTMLOptionElement {
  const node = withAttributes(make('option', '', reason ? `${serial} (${reason})` : serial), { value: serial });
  node.disabled = reason !== '';
  return node;
}
