import { expect, test } from 'vitest';
import type { CardState } from '../src/protocol/generated';
import { whereOf } from '../src/runs/magics';
import { Head } from '../src/widgets/card/head';

const STATE = {
  question: null,
  status: 'planned',
  phase: 'plan',
  environment: 'staging',
  level: 'never',
  warning: '',
  identity: { account: '', alias: '' },
  roles: []
};

test.each([
  ['default', 'staging'],
  ['', 'staging'],
  ['prod', 'staging (workspace prod)'],
  ['<b>', 'staging (workspace <b>)']
])('the workspace %j is shown beside the environment', (workspace, text) => {
  const head = new Head(() => undefined);
  head.draw({ ...STATE, workspace, ended_at: 1, canceling: false } as unknown as CardState);
  expect(head.node.querySelector('.tfmfa-environment')?.textContent).toBe(text);
});

test.each([
  ['123456789012', 'acme-production', 'account acme-production'],
  ['123456789012', '', 'account 123456789012'],
  ['', '', '']
])('the account %j with the alias %j is named in the head', (account, alias, text) => {
  const head = new Head(() => undefined);
  head.draw({ ...STATE, identity: { account, alias }, ended_at: 1, canceling: false } as unknown as CardState);
  expect(head.node.querySelector('.tfmfa-account')?.textContent).toBe(text);
});

test.each([
  [[['arn:aws:iam::111111111111:role/hub', 'arn:aws:iam::444455556666:role/deploy']], 'role in account 444455556666'],
  [[['arn:aws:iam::111111111111:role/a'], ['arn:aws:iam::444455556666:role/b']], 'roles in 2 accounts'],
  [[['arn:aws:iam::111111111111:role/a'], ['arn:aws:iam::111111111111:role/b']], 'role in account 111111111111']
])('where roles are assumed, their accounts are named: %j', (chains, text) => {
  const head = new Head(() => undefined);
  const roles = chains.map(arns => ({ hops: arns.map(arn => ({ arn })) }));
  const identity = { account: '123456789012', alias: 'acme-identity' };
  head.draw({ ...STATE, identity, roles, ended_at: 1, canceling: false } as unknown as CardState);
  expect(head.node.querySelector('.tfmfa-account')?.textContent).toBe(text);
});

test.each(['', '1 check failed'])('a warning stands beside the status: %j', warning => {
  const head = new Head(() => undefined);
  head.draw({ ...STATE, warning, ended_at: 1, canceling: false } as unknown as CardState);
  const mark = head.node.querySelector<HTMLElement>('.tfmfa-mark-warning');
  expect(mark?.textContent).toBe(warning);
  expect(mark?.hidden).toBe(warning === '');
});

test('a command of its own stands beside its status', () => {
  const head = new Head(() => undefined);
  const state = {
    ...STATE,
    phase: 'change',
    status: 'running',
    command: 'state mv a b',
    ended_at: 0,
    canceling: false
  };
  head.draw({ ...state, workspace: '' } as unknown as CardState);
  expect(head.node.querySelector('.tfmfa-status-text')?.textContent).toBe('Running (state mv a b)');
});

test.each(['-e staging', '-environment staging', '--environment=staging', '-chdir live', '--chdir=live', '-C live'])(
  'an environment is named with one dash or two: %s',
  where => {
    expect(whereOf(`%%tfplan -destroy ${where} -upgrade\nlocals {}`)).toBe(where);
  }
);
