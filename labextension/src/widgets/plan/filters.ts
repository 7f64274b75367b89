// What a person chooses of a plan: text, actions, type, module, and how the changes are grouped.

import { make, makeButton, setText, setVisible, withAttributes } from '../../dom/elements';
import { actionIcon, applyIcon, makeIcon } from '../../dom/icons';
import { APPLY_NAMES } from '../../protocol/generated';
import type { PlanChoices, PlanRows, PlanView } from '../../protocol/generated';
import { count } from '../../text/numbers';
import { actionName, applyName, capitalized } from '../../text/words';

const PAUSE = 150; // ms without a key, after which a text is sought
const RISKY: readonly string[] = ['delete', 'replace'];

export type Chosen = Omit<PlanView, 'toggled' | 'module'> & { readonly module?: string | undefined };

export class Filters {
  /** @param _changed - Called when something else is chosen. */
  constructor(private readonly _changed: () => void) {
    this._text.addEventListener('input', () => {
      clearTimeout(this._pause);
      this._pause = window.setTimeout(() => this._choose({ text: this._text.value.trim() }), PAUSE);
    });
    this._types.addEventListener('change', () => this._choose({ resource_type: this._types.value }));
    this._modules.addEventListener('change', () => {
      this._choose({ module: this._moduleNames[this._modules.selectedIndex - 1] });
    });
    this._grouping.addEventListener('change', () => {
      this._choose({ grouping: this._grouping.value === 'action' ? 'action' : 'module' });
    });
    [this._risky, this._new, this._all, this._actions, this._states, this._clear].forEach(node =>
      setVisible(node, false)
    );
  }

  get chosen(): Chosen {
    return this._chosen;
  }

  /** Whether some changes may be left out. */
  get isOn(): boolean {
    const { actions, module, new: isNew, resource_type: type, states, text } = this._chosen;
    const isNarrowed = text !== '' || type !== '' || isNew || module !== undefined;
    return isNarrowed || actions.length > 0 || states.length > 0;
  }

  /** Shows how many changes are left. */
  draw({ changes, choices, shown, states }: PlanRows): void {
    if (choices) {
      this._offer(choices);
      // Where all are new, or none, the sentence above says so.
      setVisible(this._new, choices.new !== undefined && choices.new > 0 && choices.new < changes);
      setText(this._new, `New in this plan ${count(choices.new ?? 0)}`);
    }
    this._drawStates(states);
    const all = `${count(changes)} ${changes === 1 ? 'change' : 'changes'}`;
    setText(this._size, this.isOn ? `${count(shown)} of ${all}` : all);
    setVisible(this._clear, this.isOn);
    setVisible(this._all, shown > 0 && shown <= 200);
  }

  /** Shows what has this text, and nothing else. */
  seek(text: string): void {
    this._reset(text);
  }

  dispose(): void {
    clearTimeout(this._pause);
  }

  private _offer({ actions, modules, types }: PlanChoices): void {
    this._actions.replaceChildren(...actions.map(([action, number]) => this._actionButton(action, number)));
    setVisible(this._actions, actions.length > 1);
    const risky = actions.filter(([action]) => RISKY.includes(action)).length;
    setVisible(this._risky, risky > 0 && actions.length > risky);
    this._moduleNames = modules.map(([name]) => name);
    fill(this._types, 'All types', types);
    fill(
      this._modules,
      'All modules',
      modules.map(([name, number]) => [name || 'root module', number])
    );
    setVisible(this._types, types.length > 1);
    setVisible(this._modules, modules.length > 1);
    setVisible(this._grouping, modules.length > 1 || actions.length > 1);
  }

  /** A button that was pressed, or has the focus, stays as long as the apply is shown. */
  private _drawStates(states: PlanRows['states']): void {
    const numbers = new Map(states);
    for (const state of Object.keys(APPLY_NAMES)) {
      const number = numbers.get(state) ?? 0;
      let node = this._stateButtons.get(state);
      if (!node && number > 0) {
        node = this._stateButton(state);
        this._stateButtons.set(state, node);
        this._states.replaceChildren(...Object.keys(APPLY_NAMES).flatMap(each => this._stateButtons.get(each) ?? []));
      }
      const isChosen = this._chosen.states.includes(state);
      node?.setAttribute('aria-pressed', String(isChosen));
      if (node?.lastElementChild) {
        setText(node.lastElementChild, `${capitalized(applyName(state))} ${count(number)}`);
        setVisible(node, number > 0 || isChosen || node === document.activeElement);
      }
    }
    setVisible(this._states, this._stateButtons.size > 0);
  }

  private _stateButton(state: string): HTMLButtonElement {
    const node = makeButton('', `tfmfa-chip tfmfa-mark-${state}`, () => {
      const { states } = this._chosen;
      const without = states.filter(each => each !== state);
      this._choose({ states: without.length < states.length ? without : [...states, state] });
    });
    node.append(makeIcon(applyIcon(state)), make('span'));
    return withAttributes(node, { 'aria-pressed': 'false' });
  }

  private _actionButton(action: string, number: number): HTMLButtonElement {
    const node = makeButton('', `tfmfa-chip tfmfa-action-${action}`, () => {
      const { actions } = this._chosen;
      const without = actions.filter(each => each !== action);
      this._choose({ actions: without.length < actions.length ? without : [...actions, action] });
    });
    node.append(makeIcon(actionIcon(action)), `${capitalized(actionName(action))} ${count(number)}`);
    node.dataset['action'] = action;
    return withAttributes(node, { 'aria-pressed': 'false' });
  }

  private _choose(chosen: Partial<Chosen>): void {
    this._chosen = { ...this._chosen, ...chosen };
    const { actions, new: isNew, opened, states } = this._chosen;
    this._new.setAttribute('aria-pressed', String(isNew));
    this._stateButtons.forEach((chip, state) => chip.setAttribute('aria-pressed', String(states.includes(state))));
    for (const chip of this._actions.querySelectorAll<HTMLElement>('[data-action]')) {
      chip.setAttribute('aria-pressed', String(actions.includes(chip.dataset['action'] ?? '')));
    }
    this._risky.setAttribute('aria-pressed', String(this._isRisky));
    setText(this._all, opened ? 'Close all' : 'Open all');
    this._changed();
  }

  private get _isRisky(): boolean {
    const { actions } = this._chosen;
    return actions.length === RISKY.length && RISKY.every(action => actions.includes(action));
  }

  private _reset(text = ''): void {
    clearTimeout(this._pause);
    this._text.value = text;
    this._types.selectedIndex = 0;
    this._modules.selectedIndex = 0;
    const { grouping, opened } = this._chosen;
    this._chosen = { ...NOTHING, text, grouping, opened };
    this._choose({});
    this._text.focus();
  }

  private readonly _text = withAttributes(make('input', 'tfmfa-plan-filter'), {
    type: 'search',
    placeholder: 'Filter by address or value',
    'aria-label': 'Filter changes by address, attribute, or value',
    spellcheck: 'false',
    autocomplete: 'off',
    maxlength: 200
  });
  private readonly _types = withAttributes(make('select', 'tfmfa-plan-select'), { 'aria-label': 'Type' });
  private readonly _modules = withAttributes(make('select', 'tfmfa-plan-select'), { 'aria-label': 'Module' });
  private readonly _grouping = withAttributes(
    make('select', 'tfmfa-plan-select', option('By module', 'module'), option('By action', 'action')),
    { 'aria-label': 'Group changes' }
  );
  private readonly _actions = withAttributes(make('span', 'tfmfa-chips'), { role: 'group', 'aria-label': 'Actions' });
  private readonly _states = withAttributes(make('span', 'tfmfa-chips'), { role: 'group', 'aria-label': 'States' });
  private readonly _stateButtons = new Map<string, HTMLButtonElement>();
  private readonly _risky = withAttributes(
    makeButton('Only destroys and replaces', 'tfmfa-chip', () =>
      this._choose({ actions: this._isRisky ? [] : [...RISKY] })
    ),
    { 'aria-pressed': 'false' }
  );
  private readonly _new = withAttributes(
    makeButton('', 'tfmfa-chip', () => this._choose({ new: !this._chosen.new })),
    { 'aria-pressed': 'false' }
  );
  private readonly _all = makeButton('Open all', 'tfmfa-plain', () => this._choose({ opened: !this._chosen.opened }));
  private readonly _clear = makeButton('Clear filters', 'tfmfa-plain', () => this._reset());
  private readonly _size = withAttributes(make('span', 'tfmfa-plan-size'), { role: 'status' });
  private _chosen: Chosen = NOTHING;
  private _moduleNames: string[] = [];
  private _pause = 0;

  readonly node = make(
    'div',
    'tfmfa-plan-filters',
    make('div', 'tfmfa-plan-chips', this._states, this._actions, this._risky, this._new),
    make('div', 'tfmfa-plan-fields', this._text, this._types, this._modules, this._grouping),
    make('div', 'tfmfa-plan-sizes', this._size, this._clear, make('span', 'tfmfa-gap'), this._all)
  );
}

const NOTHING: Chosen = {
  grouping: 'module',
  text: '',
  actions: [],
  resource_type: '',
  states: [],
  new: false,
  opened: false
};

function option(text: string, value: string): HTMLOptionElement {
  return withAttributes(make('option', '', text), { value });
}

function fill(select: HTMLSelectElement, all: string, choices: readonly (readonly [string, number])[]): void {
  const options = choices.map(([name, number]) => option(`${name} (${count(number)})`, name));
  select.replaceChildren(option(all, ''), ...options);
}
