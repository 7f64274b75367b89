// The states of a run and of its lock indicator, in words: the same on the card, in the status bar and in notifications.

const LOCK_INDICATORS: ReadonlyMap<string, string> = new Map([
  ['open', 'MFA not required'],
  ['required', 'MFA required'],
  ['verifying', 'MFA verifying'],
  ['authenticated', 'MFA authenticated'],
  ['failed', 'MFA failed']
]);

const FINAL: ReadonlySet<string> = new Set(['planned_and_finished', 'applied', 'errored', 'discarded', 'canceled']);

export function lockIndicatorName(state: string): string {
  return LOCK_INDICATORS.get(state) ?? state;
}

/** HCP Terraform's name of a status, as its pages write it: Planned and finished. */
export function statusName(status: string): string {
  const words = status.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** How a run stands, in a line: what a person is asked goes before its status. */
export function runWords(run: { status: string; question: string; canceling: boolean }): string {
  if (run.question === 'code') {
    return 'Waiting for a code';
  }
  if (run.question === 'confirm') {
    return 'Waiting for your confirmation';
  }
  return run.canceling && !FINAL.has(run.status) ? 'Canceling' : statusName(run.status);
}
