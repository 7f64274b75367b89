import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import vectors from '../../tests/fixtures/sealing_vectors.json';
import type { CardRequest, Question as QuestionAsked } from '../src/protocol/generated';
import { Keyboard } from '../src/widgets/card/focus';
import { Question } from '../src/widgets/card/question';
import type { CodeAnswer } from '../src/widgets/channel';
import { unseal } from './unseal';

const [KEY] = vectors as [(typeof vectors)[number]];
const CONFIRM: QuestionAsked = {
  kind: 'confirm',
  number: 1,
  phase: 'apply',
  text: 'Apply?',
  button: 'Confirm & apply 6 changes',
  word: '',
  attempt: 1,
  next_code_at: 0,
  problem: ''
};
const CODE: QuestionAsked = {
  ...CONFIRM,
  kind: 'code',
  phase: 'plan',
  text: 'MFA code:',
  button: 'Authenticate and plan',
  sealing_key: KEY
};
const ANY_TEXT: unknown = expect.any(String);
const NOTE = 'The code travels unencrypted because this page is not served over HTTPS.';

let sent: (CardRequest | CodeAnswer)[];
let question: Question;

beforeEach(() => {
  vi.useFakeTimers();
  sent = [];
  draw();
});

function draw() {
  question = new Question(message => sent.push(message), new Keyboard());
  document.body.replaceChildren(question.node);
}

afterEach(() => {
  question.dispose();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const field = () => question.node.querySelector('input') as HTMLInputElement;
const button = (name: string) =>
  [...question.node.querySelectorAll('button')].find(({ textContent }) => textContent === name) as HTMLButtonElement;
const visible = () =>
  [...question.node.querySelectorAll('button, input')]
    .filter(node => !(node as HTMLElement).hidden)
    .map(node => node.textContent);
const submit = () => question.node.dispatchEvent(new Event('submit', { cancelable: true }));

test('it is hidden until something is asked, and again afterwards', () => {
  expect(question.node.hidden).toBe(true);
  question.draw(CODE);
  expect(question.node.hidden).toBe(false);
  question.draw(null);
  expect(question.node.hidden).toBe(true);
});

test('each kind of question has its own controls', () => {
  question.draw(CODE);
  expect(visible()).toEqual(['', 'Authenticate and plan', 'Cancel']);
  question.draw({ ...CODE, number: 2, phase: 'apply' });
  expect(visible()).toEqual(['', 'Authenticate and plan', 'Cancel', 'Discard']);
  question.draw({ ...CONFIRM, number: 3 });
  expect(visible()).toEqual(['Confirm & apply 6 changes', 'Discard']);
});

/** What a page has that browsers do not let encrypt. */
const withoutEncryption = () => vi.stubGlobal('crypto', { getRandomValues: (numbers: Uint32Array) => numbers });

test('a code is sealed and sent once, trimmed, with the number of its question, and leaves the field at once', async () => {
  question.draw(CODE);
  expect(question.node.querySelector('.tfmfa-unsealed')).toBeNull();
  field().value = ' 492 817 ';
  submit();
  expect(field().value).toBe('');
  expect([field(), button('Authenticate and plan'), button('Cancel')].every(({ disabled }) => disabled)).toBe(true);
  await vi.waitFor(() => expect(sent).toHaveLength(1));
  expect(sent).toEqual([{ type: 'authenticate', sealed: ANY_TEXT, number: 1 }]);
  expect(await unseal(sent[0] as { sealed: string }, 'code', KEY)).toBe('492 817');
});

test('a page that cannot encrypt says so beside a code, and sends it in a message of another type', async () => {
  withoutEncryption();
  draw();
  question.draw(CONFIRM);
  const note = question.node.querySelector('.tfmfa-unsealed') as HTMLElement;
  expect([note.hidden, note.textContent]).toEqual([true, NOTE]);
  question.draw({ ...CODE, number: 2 });
  expect(note.hidden).toBe(false);
  expect(field().getAttribute('aria-describedby')).toBe(note.id);
  field().value = '492817';
  submit();
  await vi.waitFor(() => expect(sent).toHaveLength(1));
  expect(sent).toEqual([{ type: 'unsealed_code', code: '492817', number: 2 }]);
});

test.each([undefined, { ...KEY, key: 'none' }])('a code that cannot be sealed is not sent at all (%o)', async key => {
  const asked: QuestionAsked = { ...CONFIRM, kind: 'code' };
  question.draw(key ? { ...asked, sealing_key: key } : asked);
  field().value = '492817';
  submit();
  const alert = question.node.querySelector('[role=alert]') as HTMLElement;
  await vi.waitFor(() => expect(alert.textContent).toContain('could not encrypt the code, so the code was not sent'));
  expect(sent).toEqual([]);
  expect(field().disabled).toBe(false);
});

test('the next question says why the answer before could not be read', () => {
  question.draw({ ...CODE, problem: 'The MFA code could not be decrypted.' });
  const alert = question.node.querySelector('[role=alert]') as HTMLElement;
  expect(alert.textContent).toBe('The MFA code could not be decrypted.');
  question.draw({ ...CODE, number: 2 });
  expect(alert.textContent).toBe('');
});

test('an empty code is no answer', () => {
  question.draw(CODE);
  field().value = '   ';
  submit();
  expect(sent).toEqual([]);
  expect(field().disabled).toBe(false);
});

test('an answer that brought nothing can be given again after a while', () => {
  question.draw(CODE);
  field().value = '492817';
  submit();
  vi.advanceTimersByTime(4999);
  expect(field().disabled).toBe(true);
  vi.advanceTimersByTime(1);
  expect(field().disabled).toBe(false);
});

test('the same question again leaves what was typed, and another one does not', () => {
  question.draw(CODE);
  field().value = '49';
  question.draw({ ...CODE });
  expect(field().value).toBe('49');
  question.draw({ ...CODE, number: 2 });
  expect(field().value).toBe('');
});

test('a code typed too late is not kept', () => {
  question.draw(CODE);
  field().value = '492817';
  question.draw(null);
  expect(field().value).toBe('');
});

test.each([
  ['Confirm & apply 6 changes', { type: 'confirm', number: 1, word: '' }],
  ['Discard', { type: 'discard' }]
])('%s answers a confirmation, once', (name, message) => {
  question.draw(CONFIRM);
  button(name).click();
  expect(sent).toEqual([message]);
  button(name).click();
  expect(sent).toHaveLength(1);
});

test('a command of its own has no plan to apply or to discard', () => {
  question.draw({ ...CONFIRM, phase: 'change', button: 'Confirm & run it', text: 'Run terraform state rm a?' });
  expect(visible()).toEqual(['Confirm & run it', 'Cancel']);
  button('Confirm & run it').click();
  expect(sent).toEqual([{ type: 'confirm', number: 1, word: '' }]);
});

test('the keyboard is taken for a code, not for a confirmation, and not from who types elsewhere', () => {
  question.draw(CONFIRM);
  vi.advanceTimersByTime(50);
  expect(question.node.contains(document.activeElement)).toBe(false);
  question.draw({ ...CODE, number: 2 });
  vi.advanceTimersByTime(50);
  expect(document.activeElement).toBe(field());

  const other = document.body.appendChild(document.createElement('textarea'));
  other.focus();
  question.draw({ ...CODE, number: 3 });
  vi.advanceTimersByTime(50);
  expect(document.activeElement).toBe(other);
});

test('the wait for the next code is counted down by the kernel', () => {
  question.draw({ ...CODE, next_code_at: 1000 });
  question.drawWait(982.5);
  expect(question.node.textContent).toContain('Next code in 0:18');
  question.drawWait(1000);
  expect(question.node.textContent).not.toContain('Next code in');
  expect(question.node.textContent).toContain('The next code is available.');
});

test('texts are text', () => {
  question.draw({ ...CODE, text: '<img src=x onerror=alert(1)>' });
  expect(question.node.querySelector('img')).toBeNull();
});
