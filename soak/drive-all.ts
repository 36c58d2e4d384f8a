/** Takes all deals of a run to their ends, a few at a time, and tells how far they are. */
import { setTimeout as wait } from 'node:timers/promises';
import type { ProgressLine } from '../bench/progress-line.js';
import { drive, type DrivenDeal, type Surroundings } from './drive.js';
import { randomOf } from './random.js';
import { sum, tally } from './report.js';

/** More open deals than that only make each of them slower. */
const OPEN_AT_ONCE = 70;
const PROGRESS_MS = 2000;

/** Settles once every deal has ended, or at the bound. */
export async function driveAll(
  driven: readonly DrivenDeal[],
  surroundings: Surroundings,
  { seed, pace }: { seed: number; /** Deals started in a second. */ pace: number },
  bound: AbortSignal,
): Promise<void> {
  const pauses = randomOf(seed, 'starts');
  const open = new Set<Promise<void>>();
  for (const deal of driven) {
    if (bound.aborted) break;
    // A deal that the bound cuts off has not ended, and the comparison tells so.
    const life = drive(deal, surroundings, randomOf(seed, 'people', deal.dealId), bound)
      .catch(complainTo(surroundings.gateway.complaints, bound))
      .finally(() => open.delete(life));
    open.add(life);
    await wait((pauses.between(0.2, 1.8) * 1000) / pace, undefined, { signal: bound }).catch(() => undefined);
    while (open.size >= OPEN_AT_ONCE) await Promise.race(open);
  }
  await Promise.all(open);
}

/** Whoever gave up has something to complain of, unless the signal told it to. */
export function complainTo(complaints: string[], signal: AbortSignal): (error: unknown) => void {
  return (error) => {
    if (!signal.aborted) complaints.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  };
}

export async function tellProgress(
  progress: ProgressLine,
  signal: AbortSignal,
  told: () => Promise<string>,
): Promise<void> {
  const begun = Date.now();
  for (;;) {
    const text = await told();
    progress.show(`${String(Math.round((Date.now() - begun) / 1000)).padStart(3)} s: ${text}`);
    await wait(PROGRESS_MS, undefined, { signal });
  }
}

export function startedOf(driven: readonly DrivenDeal[]): DrivenDeal[] {
  return driven.filter(({ begunAt }) => begunAt !== null);
}

export function progressOf(driven: readonly DrivenDeal[]): string {
  const started = startedOf(driven).length;
  const ends = tally(driven.flatMap(({ end }) => (end === null ? [] : [{ [end]: 1 }])));
  const outcomes = Object.entries(ends).map(([end, count]) => `${count} ${end}`);
  return `${started} of ${driven.length} started, ${started - sum(ends)} open; ${outcomes.join(', ') || 'none ended'}`;
}
