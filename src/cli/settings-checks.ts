/** What the doctor says of settings. */
import { ok, problem, warning, type Check } from './check.js';

/** The settings of one process, as it would read them at its start. */
export interface ReadSettings {
  process: 'worker' | 'gateway';
  /** `NAME: what is wrong; what to do`, one line a problem. */
  problems: readonly string[];
}

/** One check for each problem, however many processes share it. */
export function settingsChecks(read: readonly ReadSettings[]): Check[] {
  const readers = new Map<string, string[]>();
  for (const { process, problems } of read) {
    for (const line of problems) readers.set(line, [...(readers.get(line) ?? []), process]);
  }
  const fine = read.filter(({ problems }) => problems.length === 0).map(({ process }) => process);
  return [
    ...(fine.length > 0 ? [ok('settings', `those of the ${fine.join(' and the ')} can be used`)] : []),
    ...[...readers].map(([line, processes]) => settingProblem(line, processes)),
  ];
}

function settingProblem(line: string, processes: readonly string[]): Check {
  const [, name = 'settings', rest = line] = /^([A-Z][A-Z0-9_]*): (.*)$/s.exec(line) ?? [];
  const [what = rest, ...todo] = rest.split('; ');
  const fix = todo.join('; ') || 'change its value';
  return problem(name, `${what} (${processes.join(', ')})`, fix.charAt(0).toUpperCase() + fix.slice(1));
}

const LOOPBACK = /^(localhost|.+\.localhost|127(\.\d{1,3}){3}|0\.0\.0\.0|\[::1?\])$/i;

/** Atlas cannot reach this machine's own names, so no webhook would ever come; the read-back would still find each end, late. */
export function publicUrlCheck(webhookUrl: string, production: boolean): Check {
  const { hostname } = new URL(webhookUrl);
  if (!production || !LOOPBACK.test(hostname)) return ok('PUBLIC_URL', `Atlas reports events to ${webhookUrl}`);
  return warning(
    'PUBLIC_URL',
    `Atlas is told to report events to ${webhookUrl}, which only this machine reaches`,
    'Set PUBLIC_URL on the workers to where Atlas reaches the gateway; for example PUBLIC_URL=https://countersign.example.com',
  );
}
