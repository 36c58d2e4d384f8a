/** The doctor's report for a reader. */
import type { Check, CheckStatus } from './check.js';
import type { DoctorReport } from './doctor.js';

const MARKS: Record<CheckStatus, string> = {
  ok: 'ok     ',
  warning: 'warning',
  problem: 'PROBLEM',
  skipped: 'skipped',
};

/** A line a check, and below those that need it a line with how to mend them; the last line counts. */
export function readable({ checks }: DoctorReport): string {
  const lines = checks.flatMap(({ status, name, message, fix }) => [
    `${MARKS[status]}  ${name}: ${message}`,
    ...(fix === undefined ? [] : [`         -> ${fix}`]),
  ]);
  return `${[...lines, '', verdict(checks)].join('\n')}\n`;
}

function verdict(checks: readonly Check[]): string {
  const having = (status: CheckStatus): number => checks.filter((check) => check.status === status).length;
  const found = [counted(having('problem'), 'problem'), counted(having('warning'), 'warning')].filter(Boolean);
  const unseen = having('skipped') > 0 ? ' Not everything could be checked.' : '';
  return `${found.length > 0 ? `${found.join(', ')}.` : 'All is well.'}${unseen}`;
}

function counted(number: number, what: string): string {
  return number === 0 ? '' : `${number} ${what}${number === 1 ? '' : 's'}`;
}
