/** Whether this machine's clock agrees with another's: signatures, tokens and the times of deals depend on it. */
import { ok, problem, warning, type Check } from './check.js';

const NAME = 'clock';
const WARNING_MS = 30_000;
const PROBLEM_MS = 5 * 60_000;

/** Instants in milliseconds since 1970. The other side read its clock some time between `asked` and `answered`. */
export function clockCheck(
  whose: string,
  { theirs, asked, answered }: Record<'theirs' | 'asked' | 'answered', number>,
): Check {
  const off = theirs < asked ? asked - theirs : theirs > answered ? theirs - answered : 0;
  // The header has whole seconds.
  if (off < WARNING_MS) return ok(NAME, `agrees with that of ${whose}`);
  const what = `this machine's clock is ${wordsOf(off)} ${theirs < asked ? 'ahead of' : 'behind'} that of ${whose}`;
  const fix =
    'Let this machine keep its time by NTP (timedatectl set-ntp true; a container has the clock of its host).';
  return off < PROBLEM_MS ? warning(NAME, what, fix) : problem(NAME, `${what}: signatures and tokens fail`, fix);
}

function wordsOf(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  return seconds < 120 ? `${seconds} seconds` : `${Math.round(seconds / 60)} minutes`;
}
