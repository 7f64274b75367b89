import { expect, test } from 'vitest';
import { Approvals } from '../src/widgets/card/approvals';

const NEEDED = {
  required: 2,
  given: [{ by: 'arn:aws:iam::111122223333:user/bob', until: 1_800_000_000 }],
  rejected: [],
  approvers: 'arn:aws:iam::111122223333:user/*, except the requester',
  asked_until: 1_800_000_000
};

test('nothing is shown where the policy demands no approvals', () => {
  const approvals = new Approvals();
  approvals.draw({ needed_approvals: null });
  expect(approvals.node.hidden).toBe(true);
});

test('who has approved, who is awaited, and until when', () => {
  const approvals = new Approvals();
  approvals.draw({ needed_approvals: NEEDED });
  expect(approvals.node.hidden).toBe(false);
  const text = approvals.node.textContent;
  expect(text).toContain('Approvals: 1 of 2');
  expect(text).toMatch(/Approved byarn:aws:iam::111122223333:user\/bob, valid until Jan 1[45], 2027/);
  expect(text).toContain('Waiting for1 more, from arn:aws:iam::111122223333:user/*, except the requester');
  expect(text).toMatch(/Respond byJan 1[45], 2027/);
});

test('a rejection is shown, and nobody is awaited where all have approved', () => {
  const approvals = new Approvals();
  approvals.draw({ needed_approvals: { ...NEEDED, required: 1, rejected: ['carol: <b>no</b>'] } });
  expect(approvals.node.textContent).toContain('Rejected bycarol: <b>no</b>');
  expect(approvals.node.querySelector('b')).toBeNull();
  expect(approvals.node.textContent).not.toContain('Waiting for');
});
