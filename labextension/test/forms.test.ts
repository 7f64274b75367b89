import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import vectors from '../../tests/fixtures/sealing_vectors.json';
import type {
  FormContent,
  FormRequest,
  FormResult,
  SettingsContent,
  VariablesContent
} from '../src/protocol/generated';
import { PROTOCOL } from '../src/protocol/generated';
import type { FormStateOf, SecretAction } from '../src/widgets/channel';
import { SettingsForm } from '../src/widgets/forms/settings';
import { VariablesForm } from '../src/widgets/forms/variables';
import { FakeKernel } from './channel';
import { unseal } from './unseal';

const [KEY] = vectors as [(typeof vectors)[number]];
const ANY_TEXT: unknown = expect.any(String);
const HELLO = { type: 'hello', protocol: PROTOCOL, seals: true };
const NONE: FormResult = { number: '', text: '', good: true, fields: {}, warning: false };
const SETTINGS: SettingsContent = {
  environment: 'staging',
  level: 'never',
  levels: ['never', 'applies only', 'plans and applies'].map(name => ({ name, meaning: name, allowed: true })),
  reason: '',
  off: false,
  problem: ''
};
const VARIABLES: VariablesContent = { variables: [], problem: '', keychain: 'a keychain', no_keychain: '' };

let seq: number;
let dispose: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  seq = 0;
});

afterEach(() => {
  dispose();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function state<Content extends FormContent>(content: Content | null, result = NONE, busy = ''): FormStateOf<Content> {
  seq += 1;
  return { type: 'state', protocol: PROTOCOL, seq, busy, result, content, sealing_key: KEY };
}

function settings() {
  const kernel = new FakeKernel<FormRequest | SecretAction, FormStateOf<SettingsContent>>();
  return { kernel, ...parts(new SettingsForm(kernel)) };
}

function variables() {
  const kernel = new FakeKernel<FormRequest | SecretAction, FormStateOf<VariablesContent>>();
  return { kernel, ...parts(new VariablesForm(kernel)) };
}

function parts(form: { node: HTMLElement; dispose(): void }) {
  dispose = () => form.dispose();
  document.body.replaceChildren(form.node);
  const find = <E extends Element>(selector: string) => form.node.querySelector(selector) as unknown as E;
  return {
    form,
    find,
    button: (name: string) =>
      [...form.node.querySelectorAll('button')].find(({ textContent }) => textContent === name) as HTMLButtonElement,
    said: () => find('[role=status]').textContent,
    alarm: () => find('.tfmfa-sheet > [role=alert]').textContent
  };
}

const numberOf = (message: FormRequest | SecretAction | undefined) =>
  message && 'number' in message ? message.number : '';

test('a form asks how things stand, and again until it is told', () => {
  const { kernel } = settings();
  expect(kernel.sent).toEqual([HELLO]);
  vi.advanceTimersByTime(2500);
  expect(kernel.sent.length).toBeGreaterThan(1);
  const { length } = kernel.sent;
  kernel.say(state(SETTINGS));
  vi.advanceTimersByTime(20_000);
  expect(kernel.sent).toHaveLength(length);
});

test('one action is done at a time, and its button keeps the focus', () => {
  const { button, kernel, said } = settings();
  kernel.say(state(SETTINGS));
  const save = button('Save');
  save.focus();
  save.click();
  save.click();
  const [, first, second] = kernel.sent;
  expect(first).toMatchObject({ type: 'save', texts: { level: 'never' } });
  expect(second).toBeUndefined();
  expect(save.getAttribute('aria-disabled')).toBe('true');
  expect(document.activeElement).toBe(save);
  kernel.say(state<SettingsContent>(null, NONE, 'save'));
  expect(save.getAttribute('aria-disabled')).toBe('true');
  kernel.say(state(SETTINGS, { ...NONE, number: numberOf(first), text: 'Saved.' }));
  expect(said()).toBe('Saved.');
  expect(save.getAttribute('aria-disabled')).toBe('false');
});

test("another view's result is not taken for its own", () => {
  const { button, kernel, said } = settings();
  kernel.say(state(SETTINGS));
  button('Save').click();
  kernel.say(state(SETTINGS, { ...NONE, number: 'somebody-else-1', text: 'Saved.' }));
  expect(said()).toBe('');
  expect(button('Save').getAttribute('aria-disabled')).toBe('true');
});

test('an action that was lost on its way can be done again', () => {
  const { alarm, button, kernel } = settings();
  kernel.say(state(SETTINGS));
  button('Save').click();
  vi.advanceTimersByTime(2500);
  expect(kernel.sent.at(-1)).toEqual(HELLO);
  kernel.say(state(SETTINGS));
  expect(alarm()).toBe('The kernel did not receive that. Try again.');
  expect(button('Save').getAttribute('aria-disabled')).toBe('false');
});

test.each([true, false])('a kernel that is silent, or has exited (%s), is said to be', exited => {
  const { alarm, button, kernel } = settings();
  kernel.say(state(SETTINGS));
  kernel.hasExited = exited;
  button('Save').click();
  vi.advanceTimersByTime(exited ? 0 : 9000);
  expect(alarm()).toBe('The kernel is not responding. It may be busy, or it may have exited.');
  kernel.hasExited = false;
  kernel.say(state(SETTINGS));
  expect(alarm()).toBe('');
});

test('an older state does not take the place of a newer one', () => {
  const { find, kernel } = settings();
  const old = state({ ...SETTINGS, level: 'applies only' });
  kernel.say(state(SETTINGS));
  kernel.say(old);
  expect(find<HTMLSelectElement>('select').value).toBe('never');
});

test('what a person chose stays chosen until it is saved', () => {
  const { button, find, kernel } = settings();
  kernel.say(state(SETTINGS));
  const select = find<HTMLSelectElement>('select');
  select.value = 'applies only';
  select.dispatchEvent(new Event('change'));
  kernel.say(state(SETTINGS));
  expect(select.value).toBe('applies only');
  button('Save').click();
  kernel.say(state(SETTINGS, { ...NONE, number: numberOf(kernel.sent.at(-1)), text: 'Saved.' }));
  expect(select.value).toBe('never');
});

test('where no level can be set, Save does nothing', () => {
  const { button, kernel } = settings();
  kernel.say(state({ ...SETTINGS, off: true, reason: 'MFA is switched off.' }));
  button('Save').click();
  expect(kernel.sent).toEqual([HELLO]);
  expect(button('Save').getAttribute('aria-disabled')).toBe('true');
});

test('what was chosen before the kernel has said anything stays chosen', () => {
  // A key must not go into the keychain because its owner was quicker than the kernel.
  const { find, kernel } = variables();
  const here = find<HTMLInputElement>('input[value=kernel]');
  here.click();
  kernel.say(state(VARIABLES));
  expect(here.checked).toBe(true);
});

test.each([
  ['a keychain', 'keychain'],
  ['', 'kernel']
])('with the keychain "%s" the place is the %s', (keychain, place) => {
  const { find, kernel } = variables();
  kernel.say(state({ ...VARIABLES, keychain }));
  expect(find<HTMLInputElement>(`input[value=${place}]`).checked).toBe(true);
});

test('the secret is sent sealed, and is gone once it is stored', async () => {
  const { button, find, form, kernel } = variables();
  kernel.say(state(VARIABLES));
  expect(form.node.querySelector('.tfmfa-unsealed')).toBeNull();
  const secret = find<HTMLInputElement>('input[type=password]');
  secret.value = 'typed';
  button('Test').click();
  await vi.waitFor(() => expect(kernel.sent.at(-1)).toMatchObject({ type: 'test', sealed: ANY_TEXT }));
  expect(JSON.stringify(kernel.sent)).not.toContain('typed');
  expect(await unseal(kernel.sent.at(-1) as { sealed: string }, 'secret', KEY)).toBe('typed');
  kernel.say(state(VARIABLES, { ...NONE, number: numberOf(kernel.sent.at(-1)), text: 'Works.' }));
  expect(secret.value).toBe('typed');
  button('Save').click();
  await vi.waitFor(() => expect(kernel.sent.at(-1)).toMatchObject({ type: 'save' }));
  kernel.say(state(VARIABLES, { ...NONE, number: numberOf(kernel.sent.at(-1)), text: 'Stored.' }));
  expect(secret.value).toBe('');
  secret.value = 'typed';
  form.dispose();
  expect(secret.value).toBe('');
  expect(kernel.say(state(VARIABLES))).toBe(false);
});

test('each secret is sealed to the newest key', async () => {
  const { button, kernel } = variables();
  kernel.say(state(VARIABLES));
  const newest = vectors[1] as (typeof vectors)[number];
  kernel.say({ ...state(VARIABLES), sealing_key: newest });
  button('Test').click();
  await vi.waitFor(() => expect(kernel.sent.at(-1)).toMatchObject({ sealed: ANY_TEXT }));
  expect(await unseal(kernel.sent.at(-1) as { sealed: string }, 'secret', newest)).toBe('');
});

test('a page that cannot encrypt says so beside the secret, and sends it in a message of another type', () => {
  vi.stubGlobal('crypto', { getRandomValues: (numbers: Uint32Array) => numbers });
  const { button, find, kernel } = variables();
  expect(kernel.sent).toEqual([{ ...HELLO, seals: false }]);
  kernel.say(state(VARIABLES));
  expect(find('.tfmfa-unsealed').textContent).toBe(
    'The secret access key travels unencrypted because this page is not served over HTTPS.'
  );
  const secret = find<HTMLInputElement>('input[type=password]');
  expect(secret.getAttribute('aria-describedby')?.split(' ')).toContain(find('.tfmfa-unsealed').id);
  secret.value = 'typed';
  button('Test').click();
  expect(kernel.sent.at(-1)).toMatchObject({ type: 'unsealed', action: { type: 'test' }, secret: 'typed' });
  expect(JSON.stringify((kernel.sent.at(-1) as { action: unknown }).action)).not.toContain('typed');
});

test('a secret that cannot be sealed is not sent, and can be sent again', async () => {
  const { alarm, button, find, kernel } = variables();
  const secret = find<HTMLInputElement>('input[type=password]');
  secret.value = 'typed';
  button('Save').click(); // before the kernel has said anything
  expect(alarm()).toContain('The kernel is not responding.');
  kernel.say({ ...state(VARIABLES), sealing_key: { id: 'a', key: 'none' } });
  button('Save').click();
  await vi.waitFor(() => expect(alarm()).toContain('could not encrypt the secret, so nothing was sent'));
  expect(kernel.sent).toEqual([HELLO]);
  expect(secret.value).toBe('typed');
  kernel.say(state(VARIABLES));
  button('Save').click();
  await vi.waitFor(() => expect(kernel.sent.at(-1)).toMatchObject({ type: 'save' }));
});

test('what is wrong stands beside its field, which gets the focus', async () => {
  const { button, find, kernel } = variables();
  kernel.say(state(VARIABLES));
  button('Save').click();
  await vi.waitFor(() => expect(kernel.sent.at(-1)).toMatchObject({ type: 'save' }));
  const fields = { AWS_SECRET_ACCESS_KEY: 'The secret is missing.' };
  kernel.say(state(VARIABLES, { ...NONE, number: numberOf(kernel.sent.at(-1)), good: false, fields }));
  const secret = find<HTMLInputElement>('input[type=password]');
  expect(document.activeElement).toBe(secret);
  expect(secret.getAttribute('aria-invalid')).toBe('true');
  secret.dispatchEvent(new Event('input'));
  expect(secret.getAttribute('aria-invalid')).toBe('false');
});

test('clearing takes two presses in a row', () => {
  const { button, kernel, said } = variables();
  kernel.say(state(VARIABLES));
  const clear = button('Clear');
  clear.click();
  expect(said()).toContain('Press again');
  clear.dispatchEvent(new Event('blur'));
  clear.click();
  expect(kernel.sent).toEqual([HELLO]);
  clear.click();
  expect(kernel.sent.at(-1)).toMatchObject({ type: 'clear', texts: {} });
});
