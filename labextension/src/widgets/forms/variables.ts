// The organization variables. What is typed stays in its field until it is stored; the secret is sent sealed, and
// never comes back.

import { make, setText } from '../../dom/elements';
import type { FormAction, FormResult, VariablesContent } from '../../protocol/generated';
import type { FormChannel, IPart } from '../channel';
import { unsealedNote } from '../unsealed';
import type { Action } from './action';
import { Devices } from './devices';
import { Field } from './field';
import { FormFrame } from './frame';
import { Storage } from './storage';

const KEY = 'AWS_ACCESS_KEY_ID';
const SECRET = 'AWS_SECRET_ACCESS_KEY';
const SERIAL = 'AWS_MFA_SERIAL_NUMBER';
const EXPLANATION = 'These belong to you, never to the team. Leave a field empty to keep its current value.';
const CLEAR_SURE = 'Press again to remove them from this kernel and from the OS keychain.';

export class VariablesForm implements IPart {
  constructor(channel: FormChannel<VariablesContent>) {
    this._frame = new FormFrame(channel, 'Organization variables', {
      draw: shown => this._draw(shown),
      end: (result, type) => this._end(result, type)
    });
    const { id } = this._frame;
    this._key = new Field(KEY, id, 'AKIA…', false);
    this._secret = new Field(SECRET, id, '', true);
    this._serial = new Field(SERIAL, id, 'arn:aws:iam::…:mfa/…', false);
    this._fields = new Map([
      [KEY, this._key],
      [SECRET, this._secret],
      [SERIAL, this._serial]
    ]);
    const note = unsealedNote('The secret access key', this._secret.input);
    if (note) {
      this._secret.node.append(note);
    }
    this._devices = new Devices(id, serial => this._choose(serial));
    this._storage = new Storage(id);
    this._serial.line.append(this._frame.action('Find my device', '', () => this._submit('find')).node);
    this._serial.node.append(this._devices.node);
    this._clear = this._frame.action('Clear', '', () => this._clearTwice());
    this._clear.node.addEventListener('blur', () => this._calm());
    this.node.addEventListener('keydown', event => {
      if (event.key === 'Enter' && this._isTypedIn(event.target) && !this._frame.isBusy) {
        event.preventDefault();
        this._submit('save');
      }
    });
    this._frame.start(
      make('div', 'tfmfa-reason', EXPLANATION),
      ...[...this._fields.values()].map(({ node }) => node),
      this._storage.node,
      make(
        'div',
        'tfmfa-sheet-row',
        this._frame.action('Save', 'tfmfa-primary', () => this._submit('save')).node,
        this._frame.action('Test', '', () => this._submit('test')).node,
        this._clear.node
      )
    );
  }

  get node(): HTMLElement {
    return this._frame.node;
  }

  dispose(): void {
    this._secret.text = '';
    this._frame.dispose();
  }

  private _isTypedIn(target: EventTarget | null): boolean {
    return [...this._fields.values()].some(({ input }) => input === target);
  }

  private _submit(type: 'save' | 'test' | 'find'): void {
    this._fields.forEach(field => field.complain(''));
    const texts = { [KEY]: this._key.text, [SERIAL]: this._serial.text, where: this._storage.place };
    this._frame.act(type, texts, this._secret.text);
  }

  /** What the keychain has may be nowhere else: one stray Enter must not remove it. */
  private _clearTwice(): void {
    if (this._isSure) {
      this._calm();
      this._frame.act('clear', {});
    } else {
      this._isSure = true;
      setText(this._clear.node, 'Clear permanently');
      this._frame.tell(CLEAR_SURE);
    }
  }

  private _calm(): void {
    if (this._isSure) {
      this._isSure = false;
      setText(this._clear.node, 'Clear');
      this._frame.tell('');
    }
  }

  private _choose(serial: string): void {
    this._serial.text = serial;
    this._serial.complain('');
  }

  private _draw(shown: VariablesContent): void {
    for (const { missing, name, words } of shown.variables) {
      this._fields.get(name)?.describe(words, missing);
    }
    this._storage.draw(shown.keychain, shown.no_keychain);
    if (shown.problem && !this._frame.isBusy) {
      this._frame.tell('', shown.problem);
    }
  }

  private _end({ chosen, devices, fields, good, warning }: FormResult, type: FormAction['type']): void {
    const wrong = [...this._fields].filter(([name]) => fields[name]);
    wrong.forEach(([name, field]) => field.complain(fields[name] ?? ''));
    wrong[0]?.[1].input.focus();
    this._frame.success.classList.toggle('tfmfa-warned', warning);
    if (devices) {
      this._devices.draw(devices);
    }
    if (chosen) {
      this._choose(chosen);
    }
    if (good && type === 'save') {
      this._fields.forEach(field => {
        field.text = '';
      });
      this._devices.hide();
    }
  }

  private readonly _frame: FormFrame<VariablesContent>;
  private readonly _key: Field;
  private readonly _secret: Field;
  private readonly _serial: Field;
  private readonly _fields: ReadonlyMap<string, Field>;
  private readonly _devices: Devices;
  private readonly _storage: Storage;
  private readonly _clear: Action;
  private _isSure = false;
}
