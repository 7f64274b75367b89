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
  counts: null
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
