// A field of a form, with its origin now and what is wrong with what was typed.

import { make, setText, withAttributes } from '../../dom/elements';

const LONGEST = 512; // characters

export class Field {
  /**
   * @param name - The variable's.
   * @param id - What the IDs of its parts begin with.
   * @param isSecret - Whether what is typed must not be readable.
   */
  constructor(name: string, id: string, hint: string, isSecret: boolean) {
    const [input, origin, error] = [`${id}-${name}`, `${id}-${name}-origin`, `${id}-${name}-error`];
    withAttributes(this.input, {
      id: input,
      type: isSecret ? 'password' : 'text',
      autocomplete: 'off',
      spellcheck: 'false',
      autocapitalize: 'off',
      maxlength: LONGEST,
      placeholder: hint,
      'aria-describedby': `${origin} ${error}`
    });
    this.input.addEventListener('input', () => this.complain(''));
    this._origin.id = origin;
    withAttributes(this._error, { id: error, role: 'alert' });
    const label = withAttributes(make('label', 'tfmfa-sheet-label tfmfa-mono', name), { for: input });
    this.node = make('div', 'tfmfa-variable', label, this._origin, this.line, this._error);
  }

  readonly input = make('input', 'tfmfa-field');
  /** The line of the input, for what belongs beside it. */
  readonly line = make('div', 'tfmfa-sheet-row', this.input);
  readonly node: HTMLElement;

  get text(): string {
    return this.input.value;
  }

  set text(text: string) {
    this.input.value = text;
  }

  /** Says where the variable comes from now. */
  describe(origin: string, isMissing: boolean): void {
    setText(this._origin, origin);
    this._origin.classList.toggle('tfmfa-missing-one', isMissing);
  }

  /** Says what is wrong with what was typed; nothing with an empty text. */
  complain(error: string): void {
    setText(this._error, error);
    withAttributes(this.input, { 'aria-invalid': String(error !== '') });
  }

  private readonly _origin = make('span', 'tfmfa-origin');
  private readonly _error = make('div', 'tfmfa-sheet-alarm');
}
